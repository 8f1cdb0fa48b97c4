"""Calls on many photos at once: which are there already, and trying all failed ones again."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from rest_framework.test import APIClient

from photos import thumbnails
from photos.models import Photo, Role, ThumbnailStatus, Workspace
from tests import pictures
from tests.workbench import fails, history, rings, together, work

CHECK, RETRY = "/api/v1/photos/check/", "/api/v1/photos/retry/"


def digest(n: int) -> str:
    return hashlib.sha256(str(n).encode()).hexdigest()


def fail(photo: Photo, code: str) -> None:
    fails(photo)
    Photo.objects.filter(pk=photo.pk).update(thumbnail_error_code=code)


def status(photo: Photo) -> str:
    return Photo.objects.get(pk=photo.pk).thumbnail_status


def test_a_client_learns_which_of_a_thousand_files_it_may_skip(api: APIClient, take_in: Callable[..., Photo]) -> None:
    photos = [take_in() for _ in range(3)]
    asked = [photo.sha256 for photo in photos] + [digest(n) for n in range(997)]

    with CaptureQueriesContext(connection) as queries:
        answer = api.post(CHECK, {"workspace": "main", "sha256": asked})

    assert answer.status_code == 200
    assert answer.json() == {"existing": {photo.sha256: str(photo.pk) for photo in photos}}
    assert len(queries) < 10


def test_digests_in_capitals_are_the_same_and_none_at_all_is_no_error(api: APIClient, photo: Photo) -> None:
    assert api.post(CHECK, {"sha256": [photo.sha256.upper()]}).json() == {"existing": {photo.sha256: str(photo.pk)}}
    assert api.post(CHECK, {"sha256": []}).json() == {"existing": {}}


def test_photos_of_other_workspaces_are_not_told_of(api: APIClient, take_in: Callable[..., Photo]) -> None:
    elsewhere = take_in(workspace=Workspace.objects.create(slug="other", name="Other"))

    assert api.post(CHECK, {"workspace": "main", "sha256": [elsewhere.sha256]}).json() == {"existing": {}}
    hidden, missing = (api.post(CHECK, {"workspace": slug, "sha256": []}) for slug in ("other", "nowhere"))
    assert (hidden.status_code, hidden.json()["error"]["code"]) == (400, "unknown_workspace")
    assert (hidden.content, hidden.headers) == (missing.content, missing.headers)


@pytest.mark.parametrize(
    ("sha256", "field"),
    [
        ([digest(n) for n in range(1001)], "sha256"),
        (["abc"], "sha256"),
        (["g" * 64], "sha256"),
        ([None], "sha256"),
        ("text", "sha256"),
        (None, "sha256"),
    ],
)
def test_a_list_of_anything_else_is_refused(api: APIClient, sha256: Any, field: str) -> None:
    error = api.post(CHECK, {"workspace": "main", "sha256": sha256}).json()["error"]
    assert (error["code"], list(error["details"])) == ("invalid", [field])


def test_all_failed_photos_of_the_workspace_go_back_to_pending(api: APIClient, take_in: Callable[..., Photo]) -> None:
    failed, done, elsewhere = (
        [take_in(), take_in()],
        take_in(),
        take_in(workspace=Workspace.objects.create(slug="other", name="Other")),
    )
    work()
    for photo in (*failed, elsewhere):
        fail(photo, "timeout")

    answer = api.post(RETRY, {"workspace": "main"})

    assert (answer.status_code, answer.json()) == (202, {"queued": 2})
    assert [status(photo) for photo in (*failed, done, elsewhere)] == ["pending", "pending", "complete", "failed"]
    assert history(failed[0])[-1] == "photo.retried"
    assert rings() == 2
    assert work() == 2
    assert status(failed[0]) == ThumbnailStatus.COMPLETE
    assert api.post(RETRY, {"workspace": "main"}).json() == {"queued": 0}


def test_one_error_can_be_named(api: APIClient, take_in: Callable[..., Photo]) -> None:
    slow, lost = take_in(), take_in()
    fail(slow, "timeout")
    fail(lost, "worker_lost")

    assert api.post(RETRY, {"error_code": "worker_lost"}).json() == {"queued": 1}
    assert (status(slow), status(lost)) == ("failed", "pending")


@pytest.mark.parametrize("code", ["nonsense", "", None, "missing_file", 7])
def test_an_error_that_no_photo_can_have_is_refused(api: APIClient, code: Any) -> None:
    answer = api.post(RETRY, {"workspace": "main", "error_code": code})
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "invalid")
    assert list(answer.json()["error"]["details"]) == ["error_code"]


def test_many_are_put_back_batch_by_batch_and_none_twice(
    api: APIClient, take_in: Callable[..., Photo], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(thumbnails, "RETRY_BATCH", 2)
    photos = [take_in() for _ in range(5)]
    for photo in photos:
        fail(photo, "timeout")

    def ring_and_fail_at_once(photo_ids: Any) -> int:
        assert len(photo_ids) <= 2
        for photo in Photo.objects.filter(pk__in=photo_ids):
            fails(photo)
        return 0

    monkeypatch.setattr(thumbnails, "ring", ring_and_fail_at_once)

    assert api.post(RETRY, {}).json() == {"queued": 5}


def test_two_at_once_retry_each_photo_once(api: APIClient, take_in: Callable[..., Photo]) -> None:
    photos = [take_in() for _ in range(6)]
    for photo in photos:
        fail(photo, "timeout")

    answers = together(*[lambda: api.post(RETRY, {}).json()["queued"]] * 3)

    assert sum(answers) == 6
    assert all(history(photo).count("photo.retried") == 1 for photo in photos)


@pytest.mark.parametrize(
    ("role", "check", "retry"),
    [(None, 200, 403), (Role.VIEWER, 200, 403), (Role.EDITOR, 200, 202), (Role.OWNER, 200, 202)],
)
def test_who_sees_a_workspace_may_check_and_who_edits_it_may_retry(
    make_user: Callable[..., Any],
    api_as: Callable[[Any], APIClient],
    workspace: Workspace,
    role: Role | None,
    check: int,
    retry: int,
) -> None:
    Workspace.objects.update(is_public=True)
    api = api_as(make_user("somebody", workspace if role else None, role))

    assert api.post(CHECK, {"workspace": "main", "sha256": []}).status_code == check
    assert api.post(RETRY, {"workspace": "main"}).status_code == retry
    assert api_as(None).post(CHECK, {"workspace": "main", "sha256": []}).status_code == 401
    assert api_as(None).post(RETRY, {"workspace": "main"}).status_code == 401


def test_what_is_there_is_found_by_the_digest_of_the_file(api: APIClient, take_in: Callable[..., Photo]) -> None:
    data = pictures.png()
    photo = take_in(data)
    sha256 = hashlib.sha256(data).hexdigest()
    assert api.post(CHECK, {"sha256": [sha256]}).json()["existing"] == {sha256: str(photo.pk)}
