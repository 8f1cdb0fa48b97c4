"""What it costs to render a 12-megapixel JPEG in a forked child with limits, against rendering it in the process.

Both in turn, from a process as large as a worker is; milliseconds are the best of several runs, undisturbed ones.
"""

from __future__ import annotations

import io
import os
import sys
import tempfile
import timeit
from pathlib import Path
from typing import BinaryIO

RUNS = 25


def main() -> None:
    """Measure and print."""
    with tempfile.TemporaryDirectory() as folder:
        os.environ |= {"DATA_DIR": folder, "DJANGO_SETTINGS_MODULE": "thumbsite.settings"}
        import django

        django.setup()
        from django.conf import settings

        from photos import engine, rendering, thumbnails
        from tests.pictures import encoded, photo

        job = thumbnails.render_job(settings.THUMBNAIL_RECIPE.boxes)
        data = encoded(photo(4000, 3000), "JPEG", quality=90)

        def inside(original: BinaryIO) -> None:
            engine.render(original, job.boxes, format=job.format, quality=job.quality, max_pixels=job.max_pixels)

        def forked(original: BinaryIO) -> None:
            rendering.in_forked_child(job, original, heartbeat=lambda: None, every=30)

        times: dict[str, list[float]] = {"inside": [], "forked": []}
        for _ in range(RUNS):
            for way in (inside, forked):
                times[way.__name__].append(timeit.timeit(lambda way=way: way(io.BytesIO(data)), number=1) * 1000)
    in_process, in_child = (min(times[name]) for name in ("inside", "forked"))
    memory = int(Path("/proc/self/statm").read_text().split()[1]) * 4 // 1024
    print(f"in the process {in_process:.1f} ms, in a forked child {in_child:.1f} ms, of a process of {memory} MiB")
    print(f"the child costs {in_child - in_process:.1f} ms, {100 * (in_child / in_process - 1):.1f} % of the render")


if __name__ == "__main__":
    sys.exit(main())
