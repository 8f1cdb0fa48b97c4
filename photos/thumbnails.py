"""The whole job: row, files and pixels together. Nothing else spans the three."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping, Sequence
from copy import copy
from typing import NamedTuple
from uuid import UUID

from django.conf import settings
from django.db.models.functions import Now

from photos import engine, queue, storage
from photos.claims import ClaimLost, KeptClaim
from photos.errors import InternalError, PhotoError, WorkerLost
from photos.models import Orphan, Photo, Workspace
from photos.models.lifecycle import RENEWAL_SECONDS
from photos.models.photos import PhotoQuerySet
from photos.models.stored import StoredThumbnail
from photos.rendering import Renderer, RenderJob
from photos.sandbox import OWN
from photos.sizes import Box
from photos.stopwatch import Stopwatch

logger = logging.getLogger(__name__)

# What one sweep does at most of each kind, so that it comes back to the others soon.
SWEEP_BATCH = 500
# Photos that one transaction puts back: on SQLite it keeps all other writers waiting.
RETRY_BATCH = 500


def generate(photo_id: UUID, renderer: Renderer = OWN) -> str:
    """Make and publish one photo's thumbnails; answers "complete", "lost" (to another run) or an error's code.

    Empty when it isn't its turn. Never raises for a bad photo or a bad day: the row tells what happened.
    """
    photo = Photo.objects.filter(pk=photo_id).first()
    if photo is None or not photo.claim():
        return ""
    run, watch = photo.thumbnail_run, Stopwatch()
    try:
        _attempt(photo, watch, renderer)
        outcome = "complete"
    except ClaimLost:
        outcome = "lost"
    except PhotoError as error:
        outcome = _end_attempt(photo, error)
    except Exception:
        logger.exception("attempt crashed", extra={"photo": photo_id, "run": run})
        outcome = _end_attempt(photo, InternalError("The thumbnails could not be made; the fault was logged."))
    logger.info("attempt", extra={"photo": photo_id, "run": run, "outcome": outcome, **watch.milliseconds()})
    return outcome


def _end_attempt(photo: Photo, error: PhotoError) -> str:
    ended = photo.mark_failed(error) if error.permanent else photo.release(error)
    return error.code if ended else "lost"


def _attempt(photo: Photo, watch: Stopwatch, renderer: Renderer) -> None:
    claim = KeptClaim(photo.renew_lease)
    with watch.phase("fetch"):
        original = storage.local_copy(photo.original_path, claim.keep)
    with original, watch.phase("render"):
        claim.renew()
        job = render_job(settings.THUMBNAIL_RECIPE.boxes, claim.seconds_left)
        rendering = renderer(job, original, heartbeat=claim.renew, every=RENEWAL_SECONDS)
    with watch.phase("store"):
        _publish(photo, rendering, claim)


def render_job(boxes: Mapping[str, Box], seconds: float) -> RenderJob:
    """What it takes to render into these boxes by today's recipe, within so many seconds and an attempt's memory."""
    return RenderJob(
        boxes=boxes,
        format=settings.THUMBNAIL_RECIPE.format,
        quality=settings.THUMBNAIL_RECIPE.quality,
        max_pixels=settings.MAX_PIXELS,
        seconds=seconds,
        memory_bytes=settings.RENDER_MEMORY_BYTES,
    )


def _publish(photo: Photo, rendering: engine.Rendering, claim: KeptClaim) -> None:
    assert photo.thumbnail_run is not None, "only a claimed photo is published"
    files = {
        size: StoredThumbnail(
            storage.thumbnail_key(photo.pk, photo.thumbnail_run, size, made.extension),
            made.width,
            made.height,
            len(made.data),
        )
        for size, made in rendering.thumbnails.items()
    }
    with Orphan.objects.expected(file.path for file in files.values()):
        for size, made in rendering.thumbnails.items():
            claim.keep()
            storage.save_bytes(files[size].path, made.data)
        # On a copy: if the transaction is rolled back, this one still has its claim, to say why.
        published = copy(photo).mark_complete(
            files,
            thumbnail_recipe=settings.THUMBNAIL_RECIPE.fingerprint,
            placeholder=rendering.placeholder,
            width=rendering.width,
            height=rendering.height,
            is_animated=rendering.is_animated,
            metadata=rendering.metadata,
        )
        if not published:
            raise ClaimLost


def retry(photos: Iterable[Photo], *, by: str = "") -> int:
    """Put failed photos back to pending and ring for them; answers how many were failed."""
    retried = [photo.pk for photo in photos if photo.retry(by=by)]
    ring(retried)
    return len(retried)


def retry_all(photos: PhotoQuerySet, *, by: str = "") -> int:
    """As `retry`, each photo at most once, for any number of photos: never more than a batch in memory."""
    retried = photos.retry(RETRY_BATCH, by=by)
    count = len(retried)
    while retried:
        ring(retried)
        # Only forward: one that has failed again by now is not for this call.
        retried = photos.filter(pk__gt=retried[-1]).retry(RETRY_BATCH, by=by)
        count += len(retried)
    return count


def ring(photo_ids: Sequence[UUID]) -> int:
    """Tell the queue of due photos, as far as it has room; answers of how many. The sweep tells of the others."""
    heard = [
        photo_id
        for photo_id in photo_ids[: queue.room()]
        if Photo.objects.to_ring().filter(pk=photo_id).order_by().update(thumbnail_rung_at=Now())
    ]
    rung = queue.enqueue(heard)
    if rung < len(heard):
        Photo.objects.filter(pk__in=heard[rung:]).update(thumbnail_rung_at=None)
    return rung


class SweepReport(NamedTuple):
    """What one sweep took up."""

    given_up: int = 0
    rung: int = 0
    deleted_files: int = 0
    removed_photos: int = 0


def take_up() -> SweepReport:
    """Find photos that nobody would come back to: lost claims, and due ones that no queue knows of.

    Safe on many machines at once, as `tidy` is: each step is a guarded UPDATE, or deletes what may be gone already.
    """
    lost = WorkerLost("The worker that held the photo died or lost touch.")
    given_up = sum(photo.give_up(lost) for photo in Photo.objects.abandoned()[:SWEEP_BATCH])
    return SweepReport(given_up, ring(list(Photo.objects.to_ring().values_list("pk", flat=True)[:SWEEP_BATCH])))


def tidy() -> SweepReport:
    """Remove what is to go: photos of closed workspaces, and files that no row names."""
    removed = Workspace.objects.remove_closed(SWEEP_BATCH)
    deleted = Orphan.objects.due()[:SWEEP_BATCH].delete_files()
    return SweepReport(deleted_files=deleted, removed_photos=removed)


def sweep() -> SweepReport:
    """Both, once."""
    taken_up, tidied = take_up(), tidy()
    return SweepReport(taken_up.given_up, taken_up.rung, tidied.deleted_files, tidied.removed_photos)
