"""What happened to a photo: its timeline, and the outbox of the live stream."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.db import connection, models
from django.db.models import Q
from django.db.models.functions import Now

if TYPE_CHECKING:
    from photos.models.lifecycle import ThumbnailLifecycle


class EventType(models.TextChoices):
    """The live stream's four, and two that only the timeline shows."""

    CREATED = "photo.created"
    THUMBNAIL_READY = "photo.thumbnail_ready"
    THUMBNAIL_FAILED = "photo.thumbnail_failed"
    DELETED = "photo.deleted"
    ATTEMPT_FAILED = "photo.attempt_failed"
    RETRIED = "photo.retried"


STREAMED = (EventType.CREATED, EventType.THUMBNAIL_READY, EventType.THUMBNAIL_FAILED, EventType.DELETED)
# Where PostgreSQL tells those who listen that a transaction with such an event was committed.
CHANNEL = "photo_events"

# Far longer than a transaction that writes events stays open: after it no lower id becomes visible.
SETTLED_AGE = timedelta(seconds=10)

LAST_DRAWN_ID = {
    "sqlite": "SELECT coalesce(max(seq), 0) FROM sqlite_sequence WHERE name = 'photos_photoevent'",
    "postgresql": "SELECT coalesce(pg_sequence_last_value('photos_photoevent_id_seq'), 0)",
}


class PhotoEventQuerySet(models.QuerySet["PhotoEvent"]):
    """Writing events, and reading the stream."""

    def streamed(self) -> PhotoEventQuerySet:
        """Events that the live stream tells of, oldest first."""
        return self.filter(type__in=STREAMED).order_by("pk")

    def stream_of(self, workspace_id: UUID, after: int, until: int) -> PhotoEventQuerySet:
        """A part of what the live stream tells of a workspace, from one id (not included) to another (included)."""
        return self.streamed().filter(workspace=workspace_id, pk__gt=after, pk__lte=until)

    def last_drawn_id(self) -> int:
        """The highest id that an event has had; on PostgreSQL also one that is not committed yet, or never was."""
        with connection.cursor() as cursor:
            cursor.execute(LAST_DRAWN_ID[connection.vendor])
            return int(cursor.fetchone()[0])

    def settled_id(self, workspace_id: UUID) -> int:
        """An id up to which no event of the workspace can appear any more; 0 when there may be one yet to come."""
        settled = self.filter(workspace=workspace_id, created_at__lt=Now() - SETTLED_AGE).order_by("-pk")
        return settled.values_list("pk", flat=True).first() or 0

    def record(self, photo: ThumbnailLifecycle, event_type: EventType, **data: Any) -> None:
        """Tell of a change, in the transaction that makes it."""
        self.record_many([photo], event_type, **data)

    def record_many(self, photos: Iterable[ThumbnailLifecycle], event_type: EventType, **data: Any) -> None:
        """Tell of the same change of several, in the transaction that makes it."""
        streamed = event_type in STREAMED
        self.bulk_create(
            PhotoEvent(
                workspace_id=photo.workspace_id,
                photo_id=photo.pk,
                type=event_type,
                # The stream tells it as it was then, of a photo that is gone too.
                data=data | ({"kind": photo.kind, "version": photo.thumbnail_version} if streamed else {}),
            )
            for photo in photos
        )
        if streamed and connection.vendor == "postgresql":
            with connection.cursor() as cursor:
                cursor.execute(f"NOTIFY {CHANNEL}")


class PhotoEvent(models.Model):
    """One thing that happened to one photo."""

    id = models.BigAutoField(primary_key=True)
    # Without constraints in the database: the event of a deletion outlives what was deleted.
    workspace = models.ForeignKey("photos.Workspace", on_delete=models.DO_NOTHING, db_constraint=False, db_index=False)
    photo_id = models.UUIDField()
    type = models.CharField(max_length=30, choices=EventType)
    data = models.JSONField(default=dict)
    created_at = models.DateTimeField(db_default=Now(), editable=False)

    objects = PhotoEventQuerySet.as_manager()

    class Meta:
        ordering = ("id",)
        indexes = (
            models.Index(fields=["photo_id", "id"], name="event_timeline"),
            models.Index(fields=["workspace", "id"], name="event_stream"),
        )
        constraints = (models.CheckConstraint(condition=Q(type__in=EventType.values), name="event_type_known"),)

    def __str__(self) -> str:
        return f"{self.type} {self.photo_id}"
