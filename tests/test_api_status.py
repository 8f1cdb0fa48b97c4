"""Polling: the small payload, and 304 as long as nothing has changed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.db.models.functions import Now
from rest_framework.test import APIClient

from photos.models import Photo, ThumbnailStatus, Workspace
from photos.models.ids import uuid7
from tests.workbench import work

PHOTOS = "/api/v1/photos/"
FIELDS = {
    *("id", "thumbnail_status", "thumbnail_attempts", "thumbnail_error_code", "thumbnail_error"),
    *("thumbnail_next_attempt_at", "thumbnail_url", "thumbnails", "updated_at"),
}

TakeIn = Callable[..., Photo]


def address(photo: Photo) -> str:
    return f"{PHOTOS}{photo.pk}/status/"


def test_the_payload_is_small_and_says_what_the_photo_says(api: APIClient, take_in_complete: TakeIn) -> None:
    photo = take_in_complete()

    answer = api.get(address(photo))

    assert answer.status_code == 200
    status, whole = answer.json(), api.get(f"{PHOTOS}{photo.pk}/").json()
    assert set(status) == FIELDS
    assert status == {name: whole[name] for name in FIELDS}
    assert status["thumbnails"]["small"]["url"].startswith("http://testserver/")
    assert answer["Cache-Control"] == "private, no-cache"


def test_a_failed_photo_says_why(api: APIClient, failed_photo: Photo) -> None:
    status = api.get(address(failed_photo)).json()

    assert (status["thumbnail_status"], status["thumbnail_error_code"]) == ("failed", "corrupt_image")
    assert status["thumbnail_error"]
    assert status["thumbnail_url"] is None


@pytest.mark.parametrize("many", [False, True])
def test_nothing_is_sent_again_until_something_changes(api: APIClient, photo: Photo, many: bool) -> None:
    path = f"{PHOTOS}status/?ids={photo.pk}" if many else address(photo)

    def poll(etag: str) -> Any:
        return api.get(path, headers={"If-None-Match": etag})

    etags = [api.get(path)["ETag"]]
    same = poll(etags[0])
    assert (same.status_code, same.content, same["ETag"]) == (304, b"", etags[0])
    assert same["Cache-Control"] == "private, no-cache"

    for step in (photo.claim, work_off(photo)):
        step()
        answer = poll(etags[-1])
        assert answer.status_code == 200
        etags.append(answer["ETag"])
        assert poll(etags[-1]).status_code == 304
    assert len(set(etags)) == 3


def work_off(photo: Photo) -> Callable[[], object]:
    """The claim is handed back and the worker does its work."""

    def step() -> None:
        Photo.objects.filter(pk=photo.pk).update(
            thumbnail_status=ThumbnailStatus.PENDING,
            thumbnail_next_attempt_at=Now(),
            thumbnail_run=None,
            thumbnail_claimed_at=None,
            thumbnail_lease_expires_at=None,
        )
        assert work()

    return step


def test_a_change_within_the_tick_of_the_clock_is_seen(api: APIClient, photo: Photo) -> None:
    before = api.get(address(photo))
    photo.claim()
    Photo.objects.update(updated_at=before.json()["updated_at"])

    assert api.get(address(photo), headers={"If-None-Match": before["ETag"]}).status_code == 200


def test_several_are_asked_for_at_once_in_the_order_of_the_ids(api: APIClient, take_in: TakeIn) -> None:
    photos = [take_in() for _ in range(3)]
    asked = [str(photos[n].pk) for n in (2, 0, 1, 0)]

    answer = api.get(f"{PHOTOS}status/", {"ids": ",".join(asked)})

    assert answer.status_code == 200
    assert [status["id"] for status in answer.json()["results"]] == asked[:3]
    assert set(answer.json()["results"][0]) == FIELDS
    assert answer.json()["missing"] == []
    assert api.get(f"{PHOTOS}status/", {"ids": [asked[0], f" {asked[1]} ,{asked[2]},"]}).json() == answer.json()


def test_what_is_not_there_and_what_may_not_be_seen_are_missing_alike(api: APIClient, take_in: TakeIn) -> None:
    hidden = take_in(workspace=Workspace.objects.create(slug="hidden", name="Hidden"))
    seen, nobody = take_in(), uuid7()

    payload = api.get(f"{PHOTOS}status/", {"ids": f"{hidden.pk},{seen.pk},{nobody}"}).json()

    assert [status["id"] for status in payload["results"]] == [str(seen.pk)]
    assert payload["missing"] == [str(hidden.pk), str(nobody)]
    answers = [api.get(f"{PHOTOS}{pk}/status/") for pk in (hidden.pk, nobody)]
    assert [answer.status_code for answer in answers] == [404, 404]
    assert answers[0].content == answers[1].content


def test_the_anonymous_see_public_photos_only(photo: Photo) -> None:
    anonymous = APIClient()
    assert anonymous.get(address(photo)).status_code == 404
    assert anonymous.get(f"{PHOTOS}status/", {"ids": photo.pk}).json()["missing"] == [str(photo.pk)]

    Workspace.objects.update(is_public=True)

    assert anonymous.get(address(photo)).status_code == 200
    assert len(anonymous.get(f"{PHOTOS}status/", {"ids": photo.pk}).json()["results"]) == 1


@pytest.mark.parametrize("query", [{}, {"ids": ""}, {"ids": ","}, {"ids": "x"}, {"ids": "7"}, {"ids": "\0"}])
def test_ids_that_are_none_are_refused(api: APIClient, query: dict[str, str]) -> None:
    error = api.get(f"{PHOTOS}status/", query).json()["error"]

    assert error["code"] == "invalid"
    assert set(error["details"]) == {"ids"}


def test_at_most_200_are_asked_for_at_once(api: APIClient, photo: Photo) -> None:
    def ask(count: int) -> Any:
        return api.get(
            f"{PHOTOS}status/", {"ids": ",".join([str(photo.pk), *(str(uuid7()) for _ in range(count - 1))])}
        )

    assert len(ask(200).json()["missing"]) == 199
    answer = ask(201)
    assert (answer.status_code, set(answer.json()["error"]["details"])) == (400, {"ids"})


def test_polling_takes_one_query_besides_the_token(
    api: APIClient, take_in: TakeIn, django_assert_num_queries: Any
) -> None:
    photos = [take_in() for _ in range(5)]
    paths = [address(photos[0]), f"{PHOTOS}status/?ids={','.join(str(photo.pk) for photo in photos)}"]

    for path in paths:
        etag = api.get(path)["ETag"]
        for headers in ({}, {"If-None-Match": etag}):
            # The token, the user's other tokens, the photos.
            with django_assert_num_queries(3):
                api.get(path, headers=headers)


@pytest.mark.parametrize("method", ["post", "put", "patch", "delete"])
def test_the_status_is_only_read(api: APIClient, photo: Photo, method: str) -> None:
    assert getattr(api, method)(address(photo)).json()["error"]["code"] == "method_not_allowed"
