"""What of the past a client can still get that comes back to the stream."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from uuid import uuid4

import pytest
from django.db.models.functions import Now

from photos.api import stream
from photos.models import Photo, PhotoEvent, Workspace
from photos.models.event import EventType


def tell(workspace: Workspace, count: int, event_type: EventType = EventType.CREATED) -> list[int]:
    """The ids of new events."""
    rows = [PhotoEvent(workspace=workspace, photo_id=uuid4(), type=event_type) for _ in range(count)]
    return [event.pk for event in PhotoEvent.objects.bulk_create(rows)]


def grow_older(event_id: int, hours: int) -> None:
    PhotoEvent.objects.filter(pk=event_id).update(created_at=Now() - timedelta(hours=hours))


def test_what_is_less_than_a_day_old_is_kept(workspace: Workspace) -> None:
    first, second, third = tell(workspace, 3)
    grow_older(first, 100)
    grow_older(second, 23)

    assert stream._is_kept(workspace.pk, str(first), third)
    assert [event.pk for event in stream._missed(workspace.pk, first, third)] == [second, third]


def test_what_is_older_is_not(workspace: Workspace) -> None:
    first, second, third = tell(workspace, 3)
    grow_older(second, 25)

    assert not stream._is_kept(workspace.pk, str(first), third)
    assert stream._is_kept(workspace.pk, str(second), third)


def test_what_others_missed_does_not_count(workspace: Workspace) -> None:
    other = Workspace.objects.create(slug="other", name="Other")
    start, old = tell(other, 2)
    grow_older(old, 100)
    (timeline,) = tell(workspace, 1, EventType.RETRIED)
    grow_older(timeline, 100)
    (last,) = tell(workspace, 1)

    assert stream._is_kept(workspace.pk, str(start), last)


def test_too_much_is_not_told(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stream, "REPLAYED_EVENTS", 5)
    ids = tell(workspace, 7)

    assert not stream._is_kept(workspace.pk, str(ids[0]), ids[-1])
    assert stream._is_kept(workspace.pk, str(ids[1]), ids[-1])


def test_what_was_missed_is_read_in_pieces(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stream, "BATCH", 2)
    ids = tell(workspace, 3)

    assert [event.pk for event in stream._missed(workspace.pk, ids[0] - 1, ids[-1])] == ids[:2]


def test_an_id_that_no_event_has_had_is_not_kept(workspace: Workspace) -> None:
    (last,) = tell(workspace, 1)

    assert stream._is_kept(workspace.pk, str(last), last)
    assert not stream._is_kept(workspace.pk, str(last + 1), last)


def test_an_event_tells_what_the_photo_was_then(take_in_complete: Callable[..., Photo]) -> None:
    photo = take_in_complete(kind="cover")
    Photo.objects.update(kind="item")
    photo.delete()

    told = {event.type: event.data for event in PhotoEvent.objects.streamed()}
    assert told[EventType.CREATED]["kind"] == told[EventType.THUMBNAIL_READY]["kind"] == "cover"
    assert told[EventType.THUMBNAIL_READY]["version"] == photo.thumbnail_version
    assert told[EventType.DELETED]["kind"] == "item"
