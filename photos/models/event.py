"""What happened to a photo: its timeline, and the outbox of the live stream."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from django.db import models
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


class PhotoEventQuerySet(models.QuerySet["PhotoEvent"]):
    """Writing events."""

    def record(self, photo: ThumbnailLifecycle, event_type: EventType, **data: Any) -> None:
        """Tell of a change, in the transaction that makes it."""
        self.record_many([photo], event_type, **data)

    def record_many(self, photos: Iterable[ThumbnailLifecycle], event_type: EventType, **data: Any) -> None:
        """Tell of the same change of several, in the transaction that makes it."""
        self.bulk_create(
            PhotoEvent(workspace_id=photo.workspace_id, photo_id=photo.pk, type=event_type, data=data)
            for photo in photos
        )


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
