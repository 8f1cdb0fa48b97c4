"""The state machine of a photo's thumbnails: pending → processing → complete or failed.

Every change is one guarded UPDATE, and the number of rows it changed says who won; to lose a race is
normal and answers False. Moments come from the database's clock, since the workers' clocks may differ.
"""

from __future__ import annotations

import os
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

from django.conf import settings
from django.db import models, transaction
from django.db.models import F, Q
from django.db.models.functions import Greatest, Now

from photos.errors import PhotoError
from photos.models.event import EventType, PhotoEvent
from photos.models.orphan import Orphan
from photos.models.published import PublishedThumbnails
from photos.models.status import RETRIED, ThumbnailStatus
from photos.models.stored import StoredThumbnail

LEASE = timedelta(seconds=settings.LEASE_SECONDS)
# A lease outlives two missed renewals of three.
RENEWAL_SECONDS = settings.LEASE_SECONDS / 3


def backoff(attempts: int) -> timedelta:
    """The wait after so many failed attempts: it doubles from one minute on (1, 2, 4, 8, 16 minutes)."""
    return timedelta(seconds=settings.THUMBNAIL_BACKOFF_SECONDS * 2 ** (attempts - 1))


class ThumbnailLifecycle(PublishedThumbnails):
    """The columns that tell how far a photo's thumbnails are, and the only verbs that change them."""

    workspace_id: UUID
    kind: models.CharField[str, str]

    updated_at = models.DateTimeField(auto_now=True)
    thumbnail_status = models.CharField(
        max_length=10, choices=ThumbnailStatus, default=ThumbnailStatus.PENDING, editable=False
    )
    thumbnail_attempts = models.PositiveSmallIntegerField(default=0, editable=False)
    thumbnail_error_code = models.CharField(max_length=30, blank=True, default="", editable=False)
    thumbnail_error = models.TextField(blank=True, default="", editable=False)
    thumbnail_next_attempt_at = models.DateTimeField(null=True, db_default=Now(), editable=False)
    # When the queue was told last; null: never, or not since the photo became pending again.
    thumbnail_rung_at = models.DateTimeField(null=True, editable=False)
    # The claim: which run holds the photo, who runs it, since when, and until when without a renewal.
    thumbnail_run = models.UUIDField(null=True, editable=False)
    thumbnail_worker = models.CharField(max_length=100, blank=True, default="", editable=False)
    thumbnail_claimed_at = models.DateTimeField(null=True, editable=False)
    thumbnail_lease_expires_at = models.DateTimeField(null=True, editable=False)

    class Meta:
        abstract = True

    def save(self, *args: Any, **options: Any) -> None:
        """Write, of a row that exists, only what people edit: the state changes by the verbs below alone."""
        if not self._state.adding and options.get("update_fields") is None:
            edited = [field.name for field in self._meta.concrete_fields if field.editable]
            options["update_fields"] = [*edited, "updated_at"]
        super().save(*args, **options)

    def claim(self) -> bool:
        """Pending and due → processing: a new run, a lease, and one more attempt, counted before a byte is decoded."""
        return self._transition(
            Q(thumbnail_status=ThumbnailStatus.PENDING, thumbnail_next_attempt_at__lte=Now()),
            thumbnail_status=ThumbnailStatus.PROCESSING,
            thumbnail_attempts=F("thumbnail_attempts") + 1,
            thumbnail_next_attempt_at=None,
            thumbnail_run=uuid4(),
            thumbnail_worker=f"{settings.WORKER_NAME}/{os.getpid()}",
            thumbnail_claimed_at=Now(),
            thumbnail_lease_expires_at=Now() + LEASE,
        )

    @property
    def worker_pid(self) -> int:
        """The process that holds the photo, on the machine where it runs."""
        return int(self.thumbnail_worker.rpartition("/")[2])

    def renew_lease(self) -> bool:
        """Keep the claim for another lease; False when the run has lost the photo."""
        return self._transition(self._held(), thumbnail_lease_expires_at=Now() + LEASE)

    def mark_complete(self, files: dict[str, StoredThumbnail], **facts: Any) -> bool:
        """Processing → complete: publish this run's files, and ``facts`` (columns) that only the render could tell.

        The files are adopted, and the ones they replace doomed, in the same transaction.
        """
        attempt, replaced = self._attempt(), self.thumbnail_paths()
        version = self.thumbnail_run.hex[:8] if self.thumbnail_run else ""
        facts |= {"thumbnail_version": version, "thumbnail_published_at": Now()}
        with transaction.atomic():
            facts |= self.columns_of(files)
            published = self._leave_processing(self._held(), ThumbnailStatus.COMPLETE, **facts)
            if published:
                Orphan.objects.adopt(file.path for file in files.values())
                Orphan.objects.doom(replaced)
                PhotoEvent.objects.record(self, EventType.THUMBNAIL_READY, **attempt)
        return published

    def mark_failed(self, error: PhotoError) -> bool:
        """Processing → failed, with the reason."""
        return self._end_attempt(self._held(), ThumbnailStatus.FAILED, error)

    def release(self, error: PhotoError) -> bool:
        """Processing → pending, to be tried again after the backoff; → failed when the retries are spent."""
        return self._hand_back(self._held(), error, failed_at=Now())

    def give_up(self, error: PhotoError, *, worker_is_gone: bool = False) -> bool:
        """As `release`, for a lost run: its lease ran out, or the caller knows that its worker is no more.

        The backoff counts from the last sign of life, so that the photo does not wait for both.
        """
        guard = self._held() if worker_is_gone else self._held() & Q(thumbnail_lease_expires_at__lt=Now())
        return self._hand_back(guard, error, failed_at=F("thumbnail_lease_expires_at") - LEASE)

    def hasten(self) -> bool:
        """Pending, with its turn to come → due now; the attempt that follows is not one of its retries."""
        return self._transition(
            Q(thumbnail_status=ThumbnailStatus.PENDING, thumbnail_next_attempt_at__gt=Now()),
            thumbnail_next_attempt_at=Now(),
            thumbnail_attempts=Greatest(F("thumbnail_attempts") - 1, 0),
        )

    def retry(self, *, by: str = "") -> bool:
        """Failed → pending with all attempts before it; files published earlier stay until new ones are."""
        return self._start_over(Q(thumbnail_status=ThumbnailStatus.FAILED), by)

    def regenerate(self, *, by: str = "") -> bool:
        """As `retry`, from complete; only if what is published is still what this instance knows."""
        unchanged = Q(thumbnail_status=ThumbnailStatus.COMPLETE, thumbnail_version=self.thumbnail_version)
        return self._start_over(unchanged, by)

    def _start_over(self, guard: Q, by: str) -> bool:
        with transaction.atomic():
            retried = self._transition(guard, **RETRIED)
            if retried:
                PhotoEvent.objects.record(self, EventType.RETRIED, by=by)
        return retried

    def _held(self) -> Q:
        return Q(thumbnail_status=ThumbnailStatus.PROCESSING, thumbnail_run=self.thumbnail_run)

    def _attempt(self) -> dict[str, Any]:
        started_at = self.thumbnail_claimed_at and self.thumbnail_claimed_at.isoformat()
        return {"attempt": self.thumbnail_attempts, "worker": self.thumbnail_worker, "started_at": started_at}

    def _hand_back(self, guard: Q, error: PhotoError, failed_at: Any) -> bool:
        if self.thumbnail_attempts > settings.THUMBNAIL_RETRIES:
            return self._end_attempt(guard, ThumbnailStatus.FAILED, error)
        return self._end_attempt(
            guard,
            ThumbnailStatus.PENDING,
            error,
            thumbnail_next_attempt_at=failed_at + backoff(self.thumbnail_attempts),
            thumbnail_rung_at=None,
        )

    def _end_attempt(self, guard: Q, status: ThumbnailStatus, error: PhotoError, **changes: Any) -> bool:
        attempt = self._attempt() | {"error_code": error.code, "error": str(error)}
        failed = status == ThumbnailStatus.FAILED
        with transaction.atomic():
            ended = self._leave_processing(guard, status, error, **changes)
            if ended:
                event = EventType.THUMBNAIL_FAILED if failed else EventType.ATTEMPT_FAILED
                PhotoEvent.objects.record(self, event, **attempt)
        return ended

    def _leave_processing(
        self, guard: Q, status: ThumbnailStatus, error: PhotoError | None = None, **changes: Any
    ) -> bool:
        return self._transition(
            guard,
            thumbnail_status=status,
            thumbnail_error_code=error.code if error else "",
            thumbnail_error=str(error) if error else "",
            thumbnail_run=None,
            thumbnail_worker="",
            thumbnail_claimed_at=None,
            thumbnail_lease_expires_at=None,
            **changes,
        )

    def _transition(self, guard: Q, **changes: Any) -> bool:
        rows = type(self)._base_manager.filter(guard, pk=self.pk)
        # In one transaction, so that the row can't vanish between the change and the reading of it. All of it is
        # read: what an earlier run published since this instance was loaded must be known to the next.
        with transaction.atomic():
            changed = rows.update(updated_at=Now(), **changes) == 1
            if changed:
                self.refresh_from_db()
        return changed
