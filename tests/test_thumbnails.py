"""From the upload's row to three published files, in one process."""

from __future__ import annotations

import io
from collections.abc import Callable

from django.core.files.storage import default_storage
from PIL import Image

from photos.models import Orphan, Photo, ThumbnailStatus
from tests import pictures
from tests.workbench import rings, work


def test_an_upload_rings_the_queue_and_the_worker_publishes_three_files(
    take_in: Callable[..., Photo], stored_files: Callable[[], set[str]]
) -> None:
    photo = take_in(pictures.jpeg(1000, 500), "holiday.jpg")
    assert (photo.thumbnail_status, rings()) == (ThumbnailStatus.PENDING, 1)

    assert work() == 1

    photo.refresh_from_db()
    assert photo.thumbnail_status == ThumbnailStatus.COMPLETE
    assert stored_files() == set(photo.files())
    assert not Orphan.objects.exists()
    for size, expected in {"small": (150, 75), "medium": (400, 200), "large": (800, 400)}.items():
        stored = photo.stored_thumbnail(size)
        assert stored is not None
        with default_storage.open(stored.path) as file:
            data = file.read()
        assert Image.open(io.BytesIO(data)).size == expected == (stored.width, stored.height)
        assert len(data) == stored.bytes
