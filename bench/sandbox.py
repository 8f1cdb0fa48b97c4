"""What it costs to render a 12-megapixel JPEG in a helper process with limits, against rendering it in the process.

Each way in a process of its own, with the same memory as a helper, both in turn.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import timeit
from collections.abc import Callable
from pathlib import Path

from photos import sandbox

RUNS = 30
WAYS = ("inside", "sandboxed")


def renderer(way: str, original: Path) -> Callable[[], object]:
    """One render of the file, as a worker would do it or without the child."""
    import django

    django.setup()
    from django.conf import settings

    from photos import thumbnails

    job = thumbnails.render_job(settings.THUMBNAIL_RECIPE.boxes, settings.ATTEMPT_SECONDS)

    def inside() -> None:
        with original.open("rb") as file:
            job.run(file)

    def sandboxed() -> None:
        with original.open("rb") as file:
            sandbox.OWN(job, file, heartbeat=lambda: None, every=30)

    return {"inside": inside, "sandboxed": sandboxed}[way]


def serve(way: str, original: Path) -> None:
    """Render once for each line that comes in; answer with the milliseconds."""
    render = renderer(way, original)
    for _ in sys.stdin:
        print(timeit.timeit(render, number=1) * 1000, flush=True)


def ask(process: subprocess.Popen[str]) -> float:
    """The milliseconds of one render in that process."""
    assert process.stdin
    assert process.stdout
    process.stdin.write("\n")
    process.stdin.flush()
    return float(process.stdout.readline())


def main() -> None:
    """Measure and print."""
    from tests.pictures import encoded, photo

    with tempfile.TemporaryDirectory() as folder:
        original = Path(folder) / "original.jpg"
        original.write_bytes(encoded(photo(4000, 3000), "JPEG", quality=90))
        own = {"DATA_DIR": folder, "DJANGO_SETTINGS_MODULE": "thumbsite.settings"}
        processes = {
            way: subprocess.Popen(
                [sys.executable, "-m", "bench.sandbox", way, str(original)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
                env=sandbox.ENVIRONMENT | os.environ | own,
            )
            for way in WAYS
        }
        for process in processes.values():
            ask(process)  # the first also loads codecs
        turns = [{way: ask(process) for way, process in processes.items()} for _ in range(RUNS)]
        for process in processes.values():
            process.communicate()
    for name, of in {"best": min, "median": statistics.median}.items():
        inside, sandboxed = (of([turn[way] for turn in turns]) for way in WAYS)
        print(f"{name}: in the process {inside:.1f} ms, in the sandbox {sandboxed:.1f} ms", end=", ")
        print(f"which costs {sandboxed - inside:.1f} ms, {100 * (sandboxed / inside - 1):.1f} % of the render")


if __name__ == "__main__":
    sys.exit(serve(sys.argv[1], Path(sys.argv[2])) if sys.argv[1:] else main())
