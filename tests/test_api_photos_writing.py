"""Editing and deleting photos through the API: what people write changes, and nothing that a worker writes."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any
from uuid import UUID

import pytest
from django.test.utils import CaptureQueriesContext
from rest_framework.test import APIClient

from photos.models import Album, Photo, ThumbnailStatus, Workspace
from tests.workbench import Pause, completes, pause_method, row, together

TakeIn = Callable[..., Photo]


def patch(api: APIClient, photo: Photo, **fields: Any) -> Any:
    return api.patch(f"/api/v1/photos/{photo.pk}/", fields, format="json")


def primaries(album: Album) -> list[UUID]:
    return list(album.photos.filter(is_primary=True).values_list("pk", flat=True))


@pytest.fixture
def album(workspace: Workspace) -> Album:
    return Album.objects.create(workspace=workspace, name="Home")


@pytest.fixture
def other(workspace: Workspace) -> Album:
    return Album.objects.create(workspace=workspace, name="Other")


def test_what_people_write_is_changed_and_answered(api: APIClient, photo: Photo, album: Album) -> None:
    before = row(photo)

    answer = patch(api, photo, title=" New title ", kind="repair", album=str(album.pk), is_primary=True)

    changed = {"title": "New title", "kind": "repair", "is_primary": True}
    assert answer.status_code == 200
    assert answer.json().items() >= {**changed, "album": str(album.pk), "id": str(photo.pk)}.items()
    assert answer.json() == api.get(f"/api/v1/photos/{photo.pk}/").json()
    after = row(photo)
    assert after["updated_at"] > before["updated_at"]
    moved = {"updated_at": after["updated_at"], "album_id": album.pk}
    assert after == before | changed | moved


def test_what_is_not_sent_stays(api: APIClient, take_in: TakeIn, album: Album) -> None:
    photo = take_in(title="Title", kind="item", album=album, is_primary=True)

    assert patch(api, photo, kind="").status_code == 200
    assert patch(api, photo).status_code == 200

    photo.refresh_from_db()
    assert (photo.title, photo.kind, photo.album, photo.is_primary) == ("Title", "", album, True)


def test_what_people_do_not_write_is_ignored_as_a_client_sends_back_what_it_got(api: APIClient, photo: Photo) -> None:
    before = api.get(f"/api/v1/photos/{photo.pk}/").json()

    answer = patch(
        api, photo, **before | {"title": "New", "sha256": "0", "workspace": "x", "thumbnail_status": "x", "no": "such"}
    )

    assert answer.status_code == 200
    assert answer.json() == before | {"title": "New", "updated_at": answer.json()["updated_at"]}


def test_a_form_edits_as_json_does(api: APIClient, take_in: TakeIn, album: Album) -> None:
    photo = take_in(album=album, is_primary=True)

    answer = api.patch(f"/api/v1/photos/{photo.pk}/", {"title": "Form"}, format="multipart")
    assert (answer.status_code, answer.json()["title"], answer.json()["is_primary"]) == (200, "Form", True)

    answer = api.patch(f"/api/v1/photos/{photo.pk}/", {"album": ""}, format="multipart")
    assert (answer.json()["album"], answer.json()["is_primary"]) == (None, False)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("title", "x" * 201),
        ("title", None),
        ("title", ["x"]),
        ("title", "a\0b"),
        ("kind", "x" * 51),
        ("album", "not-an-id"),
        ("album", {}),
        ("is_primary", "perhaps"),
        ("is_primary", None),
    ],
)
def test_a_field_that_is_wrong_is_named_and_nothing_changes(
    api: APIClient, photo: Photo, field: str, value: Any
) -> None:
    before = row(photo)

    answer = patch(api, photo, **{"title": "New", field: value})

    error = answer.json()["error"]
    assert (answer.status_code, error["code"], list(error["details"])) == (400, "invalid", [field])
    assert row(photo) == before


@pytest.mark.parametrize("body", ["[]", "null", '"x"', "[1]"])
def test_what_is_no_object_is_refused(api: APIClient, photo: Photo, body: str) -> None:
    answer = api.patch(f"/api/v1/photos/{photo.pk}/", body, content_type="application/json")

    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "invalid")


def test_an_album_that_is_none_here_is_unknown_wherever_else_it_may_be(
    api: APIClient, editor: Any, photo: Photo
) -> None:
    elsewhere = Workspace.objects.create(slug="elsewhere", name="Elsewhere")
    foreign = Album.objects.create(workspace=elsewhere, name="Foreign")

    answers = [patch(api, photo, album=str(one)) for one in (foreign.pk, UUID(int=7))]

    assert [(answer.status_code, answer.json()["error"]["code"]) for answer in answers] == [(400, "unknown_album")] * 2
    assert answers[0].content == answers[1].content
    photo.refresh_from_db()
    assert photo.album is None


def test_a_new_primary_photo_takes_the_mark_from_the_earlier_one(
    api: APIClient, take_in: TakeIn, album: Album, other: Album
) -> None:
    first, second = take_in(album=album, is_primary=True), take_in(album=album)
    elsewhere = take_in(album=other, is_primary=True)
    before = row(first)

    assert patch(api, second, is_primary=True).json()["is_primary"] is True

    assert primaries(album) == [second.pk]
    assert primaries(other) == [elsewhere.pk]
    assert row(first)["updated_at"] > before["updated_at"]
    assert patch(api, second, is_primary=False).json()["is_primary"] is False
    assert primaries(album) == []


def test_a_primary_photo_that_moves_arrives_as_an_ordinary_one(
    api: APIClient, take_in: TakeIn, album: Album, other: Album
) -> None:
    there = take_in(album=other, is_primary=True)
    photo = take_in(album=album, is_primary=True)

    answer = patch(api, photo, album=str(other.pk))

    assert (answer.json()["album"], answer.json()["is_primary"]) == (str(other.pk), False)
    assert (primaries(album), primaries(other)) == ([], [there.pk])


def test_a_primary_photo_that_moves_and_says_so_is_primary_there(
    api: APIClient, take_in: TakeIn, album: Album, other: Album
) -> None:
    take_in(album=other, is_primary=True)
    photo = take_in(album=album, is_primary=True)

    assert patch(api, photo, album=str(other.pk), is_primary=True).json()["is_primary"] is True

    assert (primaries(album), primaries(other)) == ([], [photo.pk])


def test_a_primary_photo_that_is_sent_to_where_it_is_stays_primary(
    api: APIClient, take_in: TakeIn, album: Album
) -> None:
    photo = take_in(album=album, is_primary=True)

    assert patch(api, photo, album=str(album.pk)).json()["is_primary"] is True


def test_a_photo_without_an_album_is_no_primary_one(api: APIClient, take_in: TakeIn, album: Album) -> None:
    alone, inside = take_in(), take_in(album=album, is_primary=True)

    for answer in (patch(api, alone, is_primary=True), patch(api, inside, album=None, is_primary=True)):
        error = answer.json()["error"]
        assert (answer.status_code, error["code"], list(error["details"])) == (400, "invalid", ["is_primary"])
    assert primaries(album) == [inside.pk]

    answer = patch(api, inside, album=None)
    assert (answer.status_code, answer.json()["album"], answer.json()["is_primary"]) == (200, None, False)


def test_of_photos_made_primary_at_the_same_time_one_is_and_nobody_crashes(
    api: APIClient, take_in: TakeIn, album: Album
) -> None:
    photos = [take_in(album=album) for _ in range(6)]

    answers = together(*(partial(patch, api, photo, is_primary=True) for photo in photos))

    assert {answer.status_code for answer in answers} <= {200, 409}
    assert 200 in {answer.status_code for answer in answers}
    assert len(primaries(album)) == 1


def test_primary_photos_of_two_albums_that_change_places_at_the_same_time_do_not_crash(
    api: APIClient, take_in: TakeIn, album: Album, other: Album
) -> None:
    photos = [take_in(album=target, is_primary=True) for target in (album, other)]
    for _ in range(5):
        jobs = [
            partial(patch, api, photo, album=str(target.pk), is_primary=True)
            for photo in photos
            for target in (album, other)
        ]

        assert {answer.status_code for answer in together(*jobs)} <= {200, 409}

        assert all(len(primaries(target)) <= 1 for target in (album, other))


def test_a_photo_that_moved_while_it_was_made_primary_is_a_conflict(
    api: APIClient, take_in: TakeIn, album: Album, other: Album, monkeypatch: pytest.MonkeyPatch
) -> None:
    photo = take_in(album=album)
    checked = pause_method(monkeypatch, Workspace, "is_editable_by")

    late = checked.during(
        partial(patch, api, photo, is_primary=True),
        lambda: Photo.objects.filter(pk=photo.pk).update(album=other),
    )

    assert (late.status_code, late.json()["error"]["code"]) == (409, "conflict")
    assert primaries(other) == []


def test_an_edit_does_not_undo_what_a_worker_published_meanwhile(
    api: APIClient, photo: Photo, monkeypatch: pytest.MonkeyPatch
) -> None:
    checked = pause_method(monkeypatch, Workspace, "is_editable_by")
    photo.claim()

    answer = checked.during(partial(patch, api, photo, title="New"), lambda: completes(photo))

    photo.refresh_from_db()
    assert (photo.thumbnail_status, photo.title) == (ThumbnailStatus.COMPLETE, "New")
    assert photo.thumbnail_small_path
    assert (answer.status_code, answer.json()["thumbnail_status"]) == (200, "complete")


def test_a_photo_deleted_while_it_is_edited_is_not_found(
    api: APIClient, photo: Photo, monkeypatch: pytest.MonkeyPatch
) -> None:
    checked = pause_method(monkeypatch, Workspace, "is_editable_by")

    answer = checked.during(partial(patch, api, photo, title="New"), Photo.objects.get().delete)

    assert (answer.status_code, answer.json()["error"]["code"]) == (404, "not_found")
    assert not Photo.objects.exists()


def test_an_album_deleted_while_a_photo_is_put_into_it_is_unknown(
    api: APIClient, photo: Photo, album: Album, monkeypatch: pytest.MonkeyPatch
) -> None:
    from photos.api import photos as views

    found = Pause(views.album_of)
    monkeypatch.setattr(views, "album_of", found)

    answer = found.during(
        partial(patch, api, photo, album=str(album.pk), is_primary=True), Album.objects.get(pk=album.pk).delete
    )

    assert (answer.status_code, answer.json()["error"]["code"]) == (409, "conflict")
    photo.refresh_from_db()
    assert (photo.album, photo.is_primary) == (None, False)


def test_a_photo_is_edited_not_replaced(api: APIClient, photo: Photo) -> None:
    answer = api.put(f"/api/v1/photos/{photo.pk}/", {"title": "New"}, format="json")

    assert (answer.status_code, answer.json()["error"]["code"]) == (405, "method_not_allowed")
    assert answer["Allow"] == "GET, PATCH, DELETE, HEAD, OPTIONS"


def test_deleting_answers_nothing_and_leaves_nothing(
    api: APIClient, take_in_complete: TakeIn, album: Album, stored_files: Callable[[], set[str]]
) -> None:
    photo = take_in_complete(album=album, is_primary=True)

    answer = api.delete(f"/api/v1/photos/{photo.pk}/")

    assert (answer.status_code, answer.content) == (204, b"")
    assert not stored_files()
    assert api.delete(f"/api/v1/photos/{photo.pk}/").status_code == 404


def test_an_edit_asks_a_constant_number_of_times(
    api: APIClient, take_in: TakeIn, album: Album, django_assert_max_num_queries: Callable[..., CaptureQueriesContext]
) -> None:
    photos = [take_in(album=album) for _ in range(5)]
    for photo in photos:
        with django_assert_max_num_queries(14):
            patch(api, photo, is_primary=True, title="New", album=str(album.pk))


@pytest.mark.parametrize("body", [b"--x\r\nno field--x--\r\n", b"nothing of the kind, and no boundary either"])
def test_a_form_of_which_nothing_can_be_read_is_refused(api: APIClient, photo: Photo, body: bytes) -> None:
    address = f"/api/v1/photos/{photo.pk}/"
    answer = api.generic("PATCH", address, body, content_type="multipart/form-data; boundary=x")
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "invalid")

    assert (
        api.generic("PATCH", address, b"--x--\r\n", content_type="multipart/form-data; boundary=x").status_code == 200
    )
