"""Thumbnails in boxes that clients name: made once, found again, and kept as long as the photo."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.db import IntegrityError, transaction

from photos import storage, thumbnails
from photos.errors import Conflict
from photos.models import CustomThumbnail, Orphan, Photo
from photos.models.ids import uuid7
from photos.rendering import Renderer
from photos.sizes import CustomBox


def find_or_make(photo: Photo, box: CustomBox, renderer: Renderer) -> CustomThumbnail:
    """The photo in the box by today's format and quality, the one made earlier if there is one; raises a PhotoError."""
    wanted = {
        "box_width": box.width,
        "box_height": box.height,
        "recipe": settings.THUMBNAIL_RECIPE.custom_fingerprint,
    }
    return photo.custom_thumbnails.filter(**wanted).first() or _make(photo, box, renderer, wanted)


def _make(photo: Photo, box: CustomBox, renderer: Renderer, wanted: dict[str, Any]) -> CustomThumbnail:
    job = thumbnails.render_job({"custom": box.bounded})
    with storage.local_copy(photo.original_path) as copy:
        # The job's own time limits it; there is no claim to keep.
        made = renderer(job, copy, heartbeat=lambda: None, every=job.seconds).thumbnails["custom"]
    new_id = uuid7()
    row = CustomThumbnail(
        id=new_id,
        photo=photo,
        **wanted,
        path=storage.thumbnail_key(photo.pk, new_id, f"{made.width}x{made.height}", made.extension),
        width=made.width,
        height=made.height,
        bytes=len(made.data),
    )
    with Orphan.objects.expected([row.path]):
        storage.save_bytes(row.path, made.data)
        try:
            with transaction.atomic():
                Orphan.objects.adopt([row.path])
                row.save(force_insert=True)
        except IntegrityError as error:
            return _winner(photo, wanted, error)
    return row


def _winner(photo: Photo, wanted: dict[str, Any], error: IntegrityError) -> CustomThumbnail:
    # Another request made the same one meanwhile, which is as good; or the photo is gone.
    winner = photo.custom_thumbnails.filter(**wanted).first()
    if winner is None:
        raise Conflict("The photo was deleted meanwhile; send it again.") from error
    return winner
