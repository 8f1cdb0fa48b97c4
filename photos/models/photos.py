"""Which photos: whose, and in which state; and what is done to many of them."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING
from uuid import UUID

from django.conf import settings
from django.db import models, transaction
from django.db.models import Q
from django.db.models.functions import Now

from photos.models.event import EventType, PhotoEvent
from photos.models.lifecycle import LEASE
from photos.models.status import RETRIED, ThumbnailStatus
from photos.models.workspace import EDITING_ROLES, Viewer, Workspace

if TYPE_CHECKING:
    from photos.models.photo import Photo  # noqa: F401 - named in a string below

# A task that was lost with its queue is rung for again after this long; a repeated one is harmless.
RING_AGAIN = timedelta(seconds=settings.RING_AGAIN_SECONDS)

UNFINISHED = (ThumbnailStatus.PENDING, ThumbnailStatus.PROCESSING)


class PhotoQuerySet(models.QuerySet["Photo"]):
    """Which photos: whose, and in which state."""

    def visible_to(self, user: Viewer) -> PhotoQuerySet:
        """Photos that the user may look at."""
        return self.filter(workspace__in=Workspace.objects.visible_to(user))

    def editable_by(self, user: Viewer) -> PhotoQuerySet:
        """Photos that the user may edit, delete and retry."""
        return self.filter(workspace__in=Workspace.objects.of_member(user, EDITING_ROLES))

    def to_ring(self) -> PhotoQuerySet:
        """Photos whose turn has come and that no queue is known to hold, the longest waiting first."""
        unheard = Q(thumbnail_rung_at__isnull=True) | Q(thumbnail_rung_at__lt=Now() - RING_AGAIN)
        return self.due().filter(unheard).order_by("thumbnail_next_attempt_at")

    def due(self) -> PhotoQuerySet:
        """Photos that wait for nothing but a worker."""
        return self.filter(thumbnail_status=ThumbnailStatus.PENDING, thumbnail_next_attempt_at__lte=Now())

    def forget_rings(self) -> None:
        """Have due photos rung for anew, since what the queue was told of them may be lost."""
        self.due().filter(thumbnail_rung_at__isnull=False).update(thumbnail_rung_at=None)

    def lively(self) -> PhotoQuerySet:
        """Photos in work whose lease was renewed in time: each third of it, give or take some seconds."""
        return self.filter(thumbnail_lease_expires_at__gt=Now() + LEASE * 0.6)

    def held_by(self, worker_name: str) -> PhotoQuerySet:
        """Photos in work by the processes of one `runworker`."""
        return self.filter(thumbnail_lease_expires_at__isnull=False, thumbnail_worker__startswith=f"{worker_name}/")

    def unfinished(self) -> PhotoQuerySet:
        """Photos whose thumbnails are neither done nor failed."""
        return self.filter(thumbnail_status__in=UNFINISHED)

    def retry(self, limit: int, *, by: str = "") -> list[UUID]:
        """As `Photo.retry` for the failed ones among them, at most ``limit``; answers whose, in the order of ids."""
        with transaction.atomic():
            failed = self.filter(thumbnail_status=ThumbnailStatus.FAILED).order_by("pk").select_for_update()
            photos = list(failed.only("workspace_id")[:limit])
            ids = [photo.pk for photo in photos]
            self.model.objects.filter(pk__in=ids).update(updated_at=Now(), **RETRIED)
            PhotoEvent.objects.record_many(photos, EventType.RETRIED, by=by)
        return ids

    def abandoned(self) -> PhotoQuerySet:
        """Photos in work whose lease ran out, the longest first."""
        run_out = Q(thumbnail_status=ThumbnailStatus.PROCESSING, thumbnail_lease_expires_at__lt=Now())
        return self.filter(run_out).order_by("thumbnail_lease_expires_at")
