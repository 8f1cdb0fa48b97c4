"""How long the server takes for the HTML of a gallery, of a photo and of changed cards, with 100 000 photos.

Run as ``python -m bench.pages``. It fills an SQLite file of its own and asks Django's test client, in this process: all
that the server does for a page, but the network. The time of the processor does not count what else the machine does.
"""

from __future__ import annotations

import copy
import os
import statistics
import tempfile
import time
from http import HTTPStatus
from io import StringIO

PHOTOS = 100_000
BATCH = 5000
ALBUMS = 100
REQUESTS = 100
LIMIT_MS = 50


def main() -> None:
    """Fill, measure and print; fails when a page takes longer than it may."""
    with tempfile.TemporaryDirectory(prefix="thumbsite-bench-") as folder:
        # The settings are read from it.
        os.environ["DATA_DIR"] = folder
        os.environ["DJANGO_SETTINGS_MODULE"] = "thumbsite.settings"
        import django

        django.setup()
        from django.core.management import call_command

        call_command("prepare", stdout=StringIO())
        _fill()
        slow = [path[:60] for path in _paths() if _measure(path) > LIMIT_MS]
        # No index helps: every name is looked at.
        _measure("/workspaces/main/?q=nowhere")
        assert not slow, slow


def _fill() -> None:
    """Complete photos, each a copy of one that was made, one of a thousand failed, with their events."""
    from django.core.files.base import ContentFile

    from photos import uploads
    from photos.models import Album, Photo, PhotoEvent, Workspace
    from photos.models.event import EventType
    from photos.tasks import generate_thumbnails
    from tests import pictures

    workspace = Workspace.objects.get()
    albums = Album.objects.bulk_create(Album(workspace=workspace, name=f"Album {n}") for n in range(ALBUMS))
    first = uploads.ingest(ContentFile(pictures.jpeg(400, 300), "photo.jpg"), workspace).photo
    generate_thumbnails(str(first.pk))
    first.refresh_from_db()
    for start in range(0, PHOTOS, BATCH):
        photos = [_like(first, n, albums[n % ALBUMS]) for n in range(start, start + BATCH)]
        Photo.objects.bulk_create(photos)
        for event in (EventType.CREATED, EventType.THUMBNAIL_READY):
            PhotoEvent.objects.record_many(photos, event)


def _like(first: object, n: int, album: object) -> object:
    photo = copy.deepcopy(first)
    photo.pk = photo._meta.pk.get_default()
    photo.title, photo.sha256, photo.original_path = f"A title as people write it {n}", f"{n:064}", f"originals/{n}"
    photo.album, photo.kind = album, f"kind {n % 50}"
    if n % 1000 == 0:
        photo.thumbnail_status, photo.thumbnail_error_code = "failed", "timeout"
        photo.thumbnail_error = "It took too long."
    return photo


def _paths() -> list[str]:
    from photos.models import Album, Photo

    ids = list(Photo.objects.order_by("-pk").values_list("pk", flat=True))
    middle, gallery = ids[PHOTOS // 2], "/workspaces/main/"
    return [
        gallery,
        f"{gallery}?before={middle}",
        f"{gallery}?status=failed",
        f"{gallery}?kind=kind+7",
        f"{gallery}?q=write",
        f"{gallery}albums/{Album.objects.all()[0].pk}/",
        f"{gallery}albums/",
        f"{gallery}cards/?ids={','.join(str(one) for one in ids[:60])}",
        f"/photos/{middle}/",
    ]


def _measure(path: str) -> float:
    from django.contrib.auth import get_user_model
    from django.test import Client

    client = Client(headers={"host": "127.0.0.1"})
    client.force_login(get_user_model().objects.get())
    # It loads templates.
    client.get(path)
    passed, used = [], []
    for _ in range(REQUESTS):
        begin, processor = time.perf_counter(), time.process_time()
        answer = client.get(path)
        passed.append(time.perf_counter() - begin)
        used.append(time.process_time() - processor)
        assert answer.status_code == HTTPStatus.OK, path
    print(f"{path[:60]:<60} {_told(passed)}; of the processor {_told(used)}; {len(answer.content) / 1000:.1f} kB")
    return statistics.median(used) * 1000


def _told(seconds: list[float]) -> str:
    median, slow = statistics.median(seconds) * 1000, statistics.quantiles(seconds, n=20)[18] * 1000
    return f"median {median:.1f} ms, 95th percentile {slow:.1f} ms"


if __name__ == "__main__":
    main()
