"""Albums through the API: made, renamed, deleted; their photos stay."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
from rest_framework.test import APIClient

from photos.models import Album, Membership, Photo, Workspace
from tests.workbench import pause_method, together

ALBUMS = "/api/v1/albums/"

TakeIn = Callable[..., Photo]


@pytest.fixture
def album(workspace: Workspace) -> Album:
    return Album.objects.create(workspace=workspace, name="Home")


def error_of(answer: Any) -> tuple[int, str]:
    return answer.status_code, answer.json()["error"]["code"]


def test_an_album_is_made_and_found(api: APIClient, workspace: Workspace) -> None:
    answer = api.post(ALBUMS, {"workspace": "main", "name": " Summer "})

    album = Album.objects.get()
    assert answer.status_code == 201
    assert set(answer.json()) == {"id", "workspace", "name", "photo_count", "created_at"}
    assert answer.json().items() >= {"id": str(album.pk), "workspace": "main", "name": "Summer"}.items()
    assert answer["Location"] == f"http://testserver{ALBUMS}{album.pk}/"
    assert api.get(answer["Location"]).json() == answer.json()
    assert api.get(ALBUMS).json()["results"] == [answer.json()]


def test_who_has_one_workspace_need_not_name_it(api: APIClient) -> None:
    assert api.post(ALBUMS, {"name": "Summer"}).json()["workspace"] == "main"


def test_who_has_several_workspaces_names_one(api: APIClient, editor: Any) -> None:
    other = Workspace.objects.create(slug="other", name="Other")
    Membership.objects.create(workspace=other, user=editor, role="editor")

    assert error_of(api.post(ALBUMS, {"name": "Summer"})) == (400, "unknown_workspace")
    assert api.post(ALBUMS, {"name": "Summer", "workspace": "other"}).json()["workspace"] == "other"


def test_a_workspace_that_one_may_not_see_is_unknown_like_one_that_is_not_there(api: APIClient) -> None:
    Workspace.objects.create(slug="secret", name="Secret")

    answers = [api.post(ALBUMS, {"workspace": slug, "name": "Summer"}) for slug in ("secret", "nowhere")]

    assert [error_of(answer) for answer in answers] == [(400, "unknown_workspace")] * 2
    assert answers[0].content == answers[1].content


@pytest.mark.parametrize("name", ["", " ", None, "x" * 201, "a\0b", []])
def test_a_name_that_is_none_is_named(api: APIClient, album: Album, name: Any) -> None:
    for answer in (
        api.post(ALBUMS, {"workspace": "main", "name": name}),
        api.patch(f"{ALBUMS}{album.pk}/", {"name": name}),
    ):
        assert error_of(answer) == (400, "invalid")
        assert list(answer.json()["error"]["details"]) == ["name"]
    assert Album.objects.get().name == "Home"


def test_a_name_that_the_workspace_has_is_a_conflict(api: APIClient, album: Album) -> None:
    other = Album.objects.create(workspace=album.workspace, name="Other")

    assert error_of(api.post(ALBUMS, {"workspace": "main", "name": "Home"})) == (409, "conflict")
    assert error_of(api.patch(f"{ALBUMS}{other.pk}/", {"name": "Home"})) == (409, "conflict")
    assert api.patch(f"{ALBUMS}{album.pk}/", {"name": "Home"}).status_code == 200


def test_another_workspace_may_have_the_same_name(api: APIClient, album: Album, editor: Any) -> None:
    other = Workspace.objects.create(slug="other", name="Other")
    Membership.objects.create(workspace=other, user=editor, role="editor")

    assert api.post(ALBUMS, {"workspace": "other", "name": "Home"}).status_code == 201


def test_of_albums_made_at_the_same_time_under_one_name_one_is(api: APIClient, workspace: Workspace) -> None:
    answers = together(*[partial(api.post, ALBUMS, {"workspace": "main", "name": "Home"})] * 5)

    assert sorted(answer.status_code for answer in answers) == [201, 409, 409, 409, 409]


def test_an_album_is_renamed_but_stays_where_it_is(api: APIClient, album: Album, editor: Any) -> None:
    other = Workspace.objects.create(slug="other", name="Other")
    Membership.objects.create(workspace=other, user=editor, role="editor")

    answer = api.patch(f"{ALBUMS}{album.pk}/", {"name": "New", "workspace": "main"})
    assert (answer.status_code, answer.json()["name"]) == (200, "New")

    answer = api.patch(f"{ALBUMS}{album.pk}/", {"workspace": "other"})
    assert error_of(answer) == (400, "invalid")
    assert list(answer.json()["error"]["details"]) == ["workspace"]
    assert api.put(f"{ALBUMS}{album.pk}/", {"name": "New"}).status_code == 405


def test_the_photos_of_a_deleted_album_stay_without_it_and_primary_no_more(
    api: APIClient, take_in: TakeIn, album: Album
) -> None:
    photos = [take_in(album=album, is_primary=True), take_in(album=album)]

    answer = api.delete(f"{ALBUMS}{album.pk}/")

    assert (answer.status_code, answer.content) == (204, b"")
    assert not Album.objects.exists()
    for photo in photos:
        photo.refresh_from_db()
        assert (photo.album, photo.is_primary) == (None, False)


def test_many_albums_that_go_together_leave_no_primary_photo(take_in: TakeIn, album: Album) -> None:
    take_in(album=album, is_primary=True)

    Album.objects.all().delete()

    assert list(Photo.objects.values_list("album", "is_primary")) == [(None, False)]


def test_an_album_deleted_while_a_photo_becomes_its_primary_one_goes_all_the_same(
    api: APIClient, take_in: TakeIn, album: Album
) -> None:
    for _ in range(5):
        album = Album.objects.create(workspace=album.workspace, name="Short-lived")
        photo = take_in(album=album)
        edit = partial(api.patch, f"/api/v1/photos/{photo.pk}/", {"is_primary": True})

        edited, deleted = together(edit, partial(api.delete, f"{ALBUMS}{album.pk}/"))

        assert edited.status_code in {200, 400, 409}, edited.content
        assert deleted.status_code == 204
        photo.refresh_from_db()
        assert (photo.album, photo.is_primary) == (None, False)


def test_an_album_that_went_meanwhile_is_not_found(
    api: APIClient, album: Album, monkeypatch: pytest.MonkeyPatch
) -> None:
    for call in (partial(api.patch, data={"name": "New"}), api.delete):
        doomed = Album.objects.create(workspace=album.workspace, name="Doomed")
        with monkeypatch.context() as patch:
            checked = pause_method(patch, Workspace, "is_editable_by")
            answer = checked.during(partial(call, f"{ALBUMS}{doomed.pk}/"), Album.objects.get(pk=doomed.pk).delete)

        assert answer.status_code in {204, 404}
        assert not Album.objects.filter(name__in=["Doomed", "New"]).exists()


def test_the_list_counts_photos_and_asks_as_often_for_many_as_for_few(
    api: APIClient, take_in: TakeIn, album: Album, django_assert_num_queries: Any
) -> None:
    for more in range(1, 4):
        made = Album.objects.create(workspace=album.workspace, name=f"Album {more}")
        for _ in range(more):
            take_in(album=made)
        with django_assert_num_queries(3):  # the token, its user, the albums
            answer = api.get(ALBUMS)

    counts = {one["name"]: one["photo_count"] for one in answer.json()["results"]}
    assert counts == {"Home": 0, "Album 1": 1, "Album 2": 2, "Album 3": 3}
    assert api.get(f"{ALBUMS}{made.pk}/").json()["photo_count"] == 3
    assert api.patch(f"{ALBUMS}{made.pk}/", {"name": "New"}).json()["photo_count"] == 3


def test_the_list_is_of_one_workspace_if_the_query_names_one(api: APIClient, album: Album, editor: Any) -> None:
    other = Workspace.objects.create(slug="other", name="Other", is_public=True)
    Album.objects.create(workspace=other, name="Foreign")

    assert [one["name"] for one in api.get(ALBUMS, {"workspace": "main"}).json()["results"]] == ["Home"]
    assert [one["name"] for one in api.get(ALBUMS, {"workspace": "other"}).json()["results"]] == ["Foreign"]
    assert len(api.get(ALBUMS).json()["results"]) == 2
