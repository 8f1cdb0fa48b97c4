"""Who may do what: every call × every kind of user × private and public workspaces."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple
from uuid import UUID

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.http import HttpResponseBase
from rest_framework.test import APIClient

from photos.models import Album, Photo, Role, ThumbnailStatus, Workspace
from tests import pictures

PHOTOS = "/api/v1/photos/"


class Call(NamedTuple):
    """One call on a photo's address, and what each kind of user gets for it."""

    method: str
    path: str
    private: tuple[int, ...]
    public: tuple[int, ...]


WHO = ("anonymous", "stranger", "viewer", "editor", "owner", "staff")

CALLS = {
    "look": Call("GET", "{photo}/", (404, 404, 200, 200, 200, 404), (200,) * 6),
    "original": Call("GET", "{photo}/original/", (404, 404, 200, 200, 200, 404), (200,) * 6),
    "thumbnail": Call("GET", "{thumbnail}", (404, 404, 200, 200, 200, 404), (200,) * 6),
    "delete": Call("DELETE", "{photo}/", (401, 404, 403, 204, 204, 404), (401, 403, 403, 204, 204, 403)),
    "retry": Call("POST", "{photo}/retry/", (401, 404, 403, 202, 202, 404), (401, 403, 403, 202, 202, 403)),
    "upload": Call("POST", "", (401, 400, 403, 201, 201, 400), (401, 403, 403, 201, 201, 403)),
}

# What each kind of user finds in the lists: all of it, or nothing.
LISTS = {"private": (False, False, True, True, True, False), "public": (True,) * 6}


@pytest.fixture
def clients(
    make_user: Callable[..., Any], api_as: Callable[[Any], APIClient], workspace: Workspace
) -> dict[str, APIClient]:
    """A client of each kind of user."""
    roles = {"viewer": Role.VIEWER, "editor": Role.EDITOR, "owner": Role.OWNER}
    members = {name: make_user(name, workspace, role) for name, role in roles.items()}
    others = {"anonymous": None, "stranger": make_user("stranger"), "staff": make_user("staff", is_staff=True)}
    return {who: api_as({**members, **others}[who]) for who in WHO}


@pytest.fixture(params=["private", "public"])
def visibility(request: pytest.FixtureRequest, workspace: Workspace) -> str:
    """Whether the workspace is public."""
    Workspace.objects.update(is_public=request.param == "public")
    return str(request.param)


def send(client: APIClient, call: Call, photo: Photo) -> Any:
    if call == CALLS["upload"]:
        file = SimpleUploadedFile("photo.jpg", pictures.jpeg(image=pictures.photo(20, 20, id(client))))
        return client.post(PHOTOS, {"file": file, "workspace": photo.workspace.slug}, format="multipart")
    thumbnail = photo.thumbnail_url("small")
    path = thumbnail if call == CALLS["thumbnail"] else PHOTOS + call.path.format(photo=photo.pk)
    answer = client.generic(call.method, str(path))
    if answer.streaming:
        assert answer.getvalue()
    return answer


@pytest.mark.parametrize("name", CALLS)
def test_what_each_may_do(
    clients: dict[str, APIClient], visibility: str, take_in_complete: Callable[..., Photo], name: str
) -> None:
    call = CALLS[name]
    found = []
    for who in WHO:
        photo = take_in_complete()
        if name == "retry":
            Photo.objects.filter(pk=photo.pk).update(
                thumbnail_status=ThumbnailStatus.FAILED, thumbnail_error_code="timeout", thumbnail_error="Too slow."
            )
        before = Photo.objects.count()
        answer = send(clients[who], call, photo)
        found.append(answer.status_code)
        change = {"delete": -1, "upload": 1}.get(name, 0) if answer.status_code < 300 else 0
        assert Photo.objects.count() == before + change, who

    assert dict(zip(WHO, found, strict=True)) == dict(zip(WHO, getattr(call, visibility), strict=True))


def test_what_each_finds_in_the_lists(
    clients: dict[str, APIClient], visibility: str, photo: Photo, workspace: Workspace
) -> None:
    Album.objects.create(workspace=workspace, name="Album")
    for who, finds in zip(WHO, LISTS[visibility], strict=True):
        for path in (PHOTOS, "/api/v1/albums/", "/api/v1/workspaces/", f"{PHOTOS}?workspace=main"):
            answer = clients[who].get(path)
            assert answer.status_code == 200
            assert len(answer.json()["results"]) == finds, (who, path)


@pytest.mark.parametrize("who", ["anonymous", "stranger", "staff"])
@pytest.mark.parametrize("name", CALLS)
def test_what_one_may_not_see_answers_like_what_does_not_exist(
    clients: dict[str, APIClient], take_in_complete: Callable[..., Photo], who: str, name: str
) -> None:
    hidden = take_in_complete()
    missing = Photo(id=UUID(int=7), workspace=Workspace(slug="nowhere"), thumbnail_version=hidden.thumbnail_version)

    answers = [send(clients[who], CALLS[name], photo) for photo in (hidden, missing)]

    assert len({(answer.status_code, answer.content) for answer in answers}) == 1
    assert answers[0].headers == answers[1].headers


@pytest.mark.parametrize("query", ["workspace=main", "workspace=nowhere"])
def test_the_list_of_a_workspace_that_one_may_not_see_is_empty_like_that_of_none(
    clients: dict[str, APIClient], photo: Photo, query: str
) -> None:
    assert clients["stranger"].get(f"{PHOTOS}?{query}").json() == {"next": None, "previous": None, "results": []}


def test_the_browsable_pages_do_not_name_the_albums_of_others(
    clients: dict[str, APIClient], workspace: Workspace
) -> None:
    Album.objects.create(workspace=workspace, name="Secret plans")

    page: HttpResponseBase = clients["stranger"].get(PHOTOS, headers={"Accept": "text/html"})

    assert page["Content-Type"].startswith("text/html")
    assert b"Secret plans" not in page.getvalue()
