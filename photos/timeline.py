"""What happened to a photo, as far as its viewer may know."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

from photos.models import Photo, PhotoEvent
from photos.models.workspace import Viewer


class Entry(NamedTuple):
    """One event; what does not belong to its type is None, names too for all but members of the workspace."""

    type: str
    created_at: datetime
    by: str | None
    attempt: int | None
    worker: str | None
    duration_seconds: float | None
    error_code: str | None
    error: str | None


def of(photo: Photo, viewer: Viewer) -> list[Entry]:
    """The photo's events, oldest first."""
    shows_names = photo.workspace.has_member(viewer)
    return [_entry(event, shows_names=shows_names) for event in PhotoEvent.objects.filter(photo_id=photo.pk)]


def _entry(event: PhotoEvent, *, shows_names: bool) -> Entry:
    told = event.data if shows_names else {**event.data, "by": None, "worker": None}
    return Entry(
        event.type,
        event.created_at,
        told.get("by") or None,
        told.get("attempt"),
        told.get("worker") or None,
        _duration(event),
        told.get("error_code"),
        told.get("error"),
    )


def _duration(event: PhotoEvent) -> float | None:
    """From the start of the attempt to its end, by the database's clock, to the millisecond."""
    started_at = event.data.get("started_at")
    if not started_at:
        return None
    return round((event.created_at - datetime.fromisoformat(started_at)).total_seconds(), 3)
