"""How much memory and time `manage.py reconcile` takes for few files and for a hundred times as many, on disk.

Run as ``python -m bench.reconcile [files]`` (100 000 unless told otherwise). Each is a run of the command in a process
of its own, whose largest resident set is compared.
"""

from __future__ import annotations

import copy
import os
import subprocess
import sys
import tempfile
import time
from io import StringIO
from pathlib import Path

FILES = 100_000
FEWER = 100
BATCH = 1000
FILES_OF_A_PHOTO = 4
COMMAND = (
    "import resource, sys; from django.core.management import execute_from_command_line as run;"
    "run(['manage.py', 'reconcile', '--grace-hours=0']); print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024)"
)


def main(files: int) -> None:
    """Fill, measure and print."""
    with tempfile.TemporaryDirectory(prefix="thumbsite-bench-") as folder:
        # The settings are read from it.
        os.environ |= {"DATA_DIR": folder, "DJANGO_SETTINGS_MODULE": "thumbsite.settings"}
        import django

        django.setup()
        from django.core.management import call_command

        call_command("prepare", stdout=StringIO())
        few = files // FEWER
        _fill(Path(folder) / "media", few)
        small = _measure(few)
        _fill(Path(folder) / "media", files - few)
        large = _measure(files)
    print(f"{FEWER} times as many files: {large / small:.2f} times the memory")


def _fill(media: Path, files: int) -> None:
    from django.core.files.base import ContentFile

    from photos import uploads
    from photos.models import Photo, Workspace
    from photos.tasks import generate_thumbnails
    from tests import pictures

    picture = ContentFile(pictures.jpeg(image=pictures.photo(40, 30, files)), "photo.jpg")
    first = uploads.ingest(picture, Workspace.objects.get()).photo
    generate_thumbnails(str(first.pk))
    first.refresh_from_db()
    for start in range(FILES_OF_A_PHOTO, files, BATCH * FILES_OF_A_PHOTO):
        count = min(BATCH, (files - start) // FILES_OF_A_PHOTO)
        photos = [_like(first) for _ in range(count)]
        Photo.objects.bulk_create(photos)
        for photo in photos:
            for key in (photo.original_path, *photo.thumbnail_paths()):
                (media / key).parent.mkdir(parents=True, exist_ok=True)
                (media / key).touch()


def _like(first: object) -> object:
    photo = copy.copy(first)
    photo.pk = photo._meta.pk.get_default()
    photo.sha256 = f"{photo.pk.hex:0>64}"
    for column in ("original_path", *(f"thumbnail_{size}_path" for size in ("small", "medium", "large"))):
        setattr(photo, column, getattr(photo, column).replace(str(first.pk), str(photo.pk)))
    return photo


def _measure(files: int) -> int:
    started = time.monotonic()
    done = subprocess.run([sys.executable, "-c", COMMAND], capture_output=True, text=True, check=True)
    said, memory = done.stdout.strip().rsplit("\n", 1)
    assert said == "All fits.", said
    print(f"{files} files: {time.monotonic() - started:.1f} s, {memory} MiB", flush=True)
    return int(memory)


if __name__ == "__main__":
    main(int(sys.argv[1]) if sys.argv[1:] else FILES)
