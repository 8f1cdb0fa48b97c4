"""A photo's timeline: what happened to it, oldest first, with names for members only."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest
from rest_framework.test import APIClient

from photos import thumbnails
from photos.errors import RenderTimeout, StorageUnavailable
from photos.models import Photo, PhotoEvent, Role, Workspace
from photos.models.ids import uuid7
from tests.workbench import backoff_passes, completes, work

PHOTOS = "/api/v1/photos/"
FIELDS = {"type", "created_at", "by", "attempt", "worker", "duration_seconds", "error_code", "error"}

TakeIn = Callable[..., Photo]


def timeline(client: APIClient, photo: Photo) -> list[dict[str, Any]]:
    answer = client.get(f"{PHOTOS}{photo.pk}/timeline/")
    assert answer.status_code == 200, answer.content
    entries: list[dict[str, Any]] = answer.json()["results"]
    return entries


@pytest.fixture
def eventful(take_in: TakeIn, editor: Any) -> Photo:
    """A photo that failed for a while, then for good, was retried, and got its thumbnails."""
    photo = take_in(uploaded_by=editor)
    assert photo.claim()
    assert photo.release(StorageUnavailable("The storage was away."))
    backoff_passes(photo)
    assert photo.claim()
    assert photo.mark_failed(RenderTimeout("It took too long."))
    assert thumbnails.retry([photo], by=editor.get_username())
    assert work()
    return photo


def test_the_whole_story_is_told_oldest_first(api: APIClient, eventful: Photo) -> None:
    entries = timeline(api, eventful)

    told = [(entry["type"], entry["by"], entry["attempt"], entry["error_code"], entry["error"]) for entry in entries]
    assert told == [
        ("photo.created", "edith", None, None, None),
        ("photo.attempt_failed", None, 1, "storage_unavailable", "The storage was away."),
        ("photo.thumbnail_failed", None, 2, "timeout", "It took too long."),
        ("photo.retried", "edith", None, None, None),
        ("photo.thumbnail_ready", None, 1, None, None),
    ]
    moments = [datetime.fromisoformat(entry["created_at"]) for entry in entries]
    assert moments == sorted(moments)
    assert all(set(entry) == FIELDS for entry in entries)


def test_each_attempt_says_how_long_it_took_and_who_made_it(api: APIClient, eventful: Photo) -> None:
    for entry in timeline(api, eventful):
        if entry["attempt"]:
            assert 0 <= entry["duration_seconds"] < 30
            assert entry["worker"]
        else:
            assert (entry["duration_seconds"], entry["worker"]) == (None, None)


def test_the_duration_is_from_the_claim_to_the_end(api: APIClient, photo: Photo) -> None:
    photo.claim()
    completes(photo)
    event = PhotoEvent.objects.get(photo_id=photo.pk, type="photo.thumbnail_ready")
    event.data |= {"started_at": "2026-01-31T12:00:00+00:00"}
    event.created_at = datetime.fromisoformat("2026-01-31T12:00:02.5+00:00")
    event.save()

    assert timeline(api, photo)[-1]["duration_seconds"] == 2.5


@pytest.mark.parametrize("who", ["anonymous", "stranger", "viewer"])
def test_names_are_for_members_only(
    api_as: Callable[[Any], APIClient], make_user: Callable[..., Any], eventful: Photo, who: str
) -> None:
    Workspace.objects.update(is_public=True)
    user = {
        "anonymous": lambda: None,
        "stranger": lambda: make_user("stranger"),
        "viewer": lambda: make_user("viewer", eventful.workspace, Role.VIEWER),
    }[who]()
    client = api_as(user)

    entries = timeline(client, eventful)
    uploader = client.get(f"{PHOTOS}{eventful.pk}/").json()["uploaded_by"]
    listed = client.get(PHOTOS).json()["results"][0]["uploaded_by"]

    names = [name for entry in entries for name in (entry["by"], entry["worker"]) if name]
    assert len(entries) == 5
    if who == "viewer":
        assert len(names) == 5
        assert uploader == listed == "edith"
    else:
        assert names == []
        assert uploader is listed is None


def test_what_may_not_be_seen_has_no_story(
    api_as: Callable[[Any], APIClient], make_user: Callable[..., Any], photo: Photo
) -> None:
    for user in (None, make_user("stranger")):
        answers = [api_as(user).get(f"{PHOTOS}{pk}/timeline/") for pk in (photo.pk, uuid7())]
        assert [answer.status_code for answer in answers] == [404, 404]
        assert answers[0].content == answers[1].content


def test_it_takes_as_many_queries_for_a_long_story_as_for_a_short_one(
    api: APIClient, eventful: Photo, django_assert_num_queries: Any
) -> None:
    # The token, the user's other tokens, the photo, whether the user is a member, the events.
    for events in (5, 500):
        row = PhotoEvent.objects.filter(photo_id=eventful.pk).last()
        assert row is not None
        missing = events - PhotoEvent.objects.filter(photo_id=eventful.pk).count()
        PhotoEvent.objects.bulk_create(
            PhotoEvent(photo_id=eventful.pk, workspace_id=row.workspace_id, type=row.type) for _ in range(missing)
        )
        with django_assert_num_queries(5):
            assert len(timeline(api, eventful)) == events


def test_the_story_ends_with_the_photo(api: APIClient, eventful: Photo) -> None:
    assert api.delete(f"{PHOTOS}{eventful.pk}/").status_code == 204

    assert api.get(f"{PHOTOS}{eventful.pk}/timeline/").status_code == 404
