"""Events as text/event-stream has them (WHATWG HTML, section 9.2)."""

from __future__ import annotations

import json
from typing import Any, NamedTuple
from uuid import UUID

from photos.models import Photo, PhotoEvent
from photos.models.event import EventType
from photos.sizes import PRESETS

HEARTBEAT = b":\n\n"
# How long a browser waits before it comes back: a restarted web server is not met by all at its first moment.
RETRY = b"retry: 2000\n\n"


class Audience(NamedTuple):
    """Who gets the same bytes: a workspace, and the address of the site as its clients have it, without last slash."""

    workspace_id: UUID
    slug: str
    site: str


def of_event(event: PhotoEvent, audience: Audience) -> bytes:
    """What an audience is told of an event."""
    data = {"photo_id": str(event.photo_id), "workspace": audience.slug, "photo_type": event.data.get("kind", "")}
    if event.type == EventType.THUMBNAIL_READY:
        photo = Photo(pk=event.photo_id, thumbnail_version=event.data.get("version", ""))
        data |= {f"{size}_thumbnail_url": f"{audience.site}{photo.thumbnail_url(size)}" for size in PRESETS}
    if event.type == EventType.THUMBNAIL_FAILED:
        data |= {name: event.data.get(name, "") for name in ("error_code", "error")}
    return _frame(event.pk, event.type, data)


def reset(position: int) -> bytes:
    """That the client has missed what it can't get any more: it must look anew, and goes on from here."""
    return _frame(position, "reset", {})


def mark(position: int) -> bytes:
    """Where the stream is, without an event: what a client remembers, so that it can come back."""
    return f"id: {position}\n\n".encode()


def _frame(position: int, name: str, data: dict[str, Any]) -> bytes:
    return f"id: {position}\nevent: {name}\ndata: {json.dumps(data, ensure_ascii=False)}\n\n".encode()
