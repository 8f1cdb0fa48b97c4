"""Thumbnails in boxes that clients name: made once, found again, and kept as long as the photo."""

from __future__ import annotations

import contextlib
from typing import Any

from django.conf import settings
from django.db import transaction

from photos import engine, storage, thumbnails
from photos.claims import ClaimLost, KeptClaim
from photos.errors import Conflict
from photos.models import CustomClaim, CustomThumbnail, Orphan, Photo
from photos.models.ids import uuid7
from photos.models.lifecycle import RENEWAL_SECONDS
from photos.patience import Patience
from photos.rendering import Renderer
from photos.sizes import CustomBox


def find_or_make(photo: Photo, box: CustomBox, renderer: Renderer, patience: Patience) -> CustomThumbnail:
    """The photo in the box by today's format and quality, the one made earlier if there is one; raises a PhotoError.

    Of all requests, whatever process they are in, one makes it; the others wait for that one, as long as they have
    ``patience``, and take its place if it fails or dies.
    """
    recipe = settings.THUMBNAIL_RECIPE.custom_fingerprint
    wanted = {"box_width": box.width, "box_height": box.height, "recipe": recipe}
    made = photo.custom_thumbnails.filter(**wanted)
    while (found := made.first()) is None:
        claim = CustomClaim.objects.take(photo, f"{box.width or ''}x{box.height or ''}.{recipe}")
        if claim is None:
            _wait(photo, patience)
            continue
        try:
            # Looked for again: it may have been published just before the claim was free.
            with contextlib.suppress(ClaimLost):
                return made.first() or _make(photo, box, renderer, claim, wanted)
        finally:
            claim.end()
    return found


def _wait(photo: Photo, patience: Patience) -> None:
    if not Photo.objects.filter(pk=photo.pk).exists():
        raise Conflict("The photo was deleted meanwhile; send it again.")
    patience.wait()


def _make(
    photo: Photo, box: CustomBox, renderer: Renderer, claim: CustomClaim, wanted: dict[str, Any]
) -> CustomThumbnail:
    kept = KeptClaim(claim.renew_lease)
    with storage.local_copy(photo.original_path, kept.keep) as copy:
        kept.renew()
        job = thumbnails.render_job({"custom": box.bounded}, kept.seconds_left)
        made = renderer(job, copy, heartbeat=kept.renew, every=RENEWAL_SECONDS).thumbnails["custom"]
    return _publish(photo, made, claim, wanted)


def _publish(photo: Photo, made: engine.Thumbnail, claim: CustomClaim, wanted: dict[str, Any]) -> CustomThumbnail:
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
        with transaction.atomic():
            # The photo's row before the claim's, as when a photo is deleted: else the two could wait for each other.
            Photo.objects.select_for_update(no_key=True).filter(pk=photo.pk).first()
            if not claim.end():
                raise ClaimLost
            Orphan.objects.adopt([row.path])
            row.save(force_insert=True)
    return row
