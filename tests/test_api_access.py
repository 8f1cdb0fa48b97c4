"""Who may do what: every call × every kind of user × private and public workspaces, as one table."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple
from uuid import UUID

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.http import HttpResponseBase
from django.urls import URLPattern, URLResolver, get_resolver
from rest_framework.test import APIClient

from photos.models import Album, Membership, Photo, Role, Workspace
from tests import pictures
from tests.workbench import fails, work

API = "/api/v1/"
PHOTOS = f"{API}photos/"
WHO = ("anonymous", "stranger", "viewer", "editor", "owner", "staff")
MISSING = UUID(int=7)


class Call(NamedTuple):
    """One call, and what each kind of user gets for it, in the order of ``WHO``."""

    method: str
    path: str
    private: tuple[int, ...]
    public: tuple[int, ...]
    body: dict[str, Any] = {}
    needs: str = "photo"


class Things(NamedTuple):
    """What a call may be about, by what stands for it in an address or a body."""

    photo: Any
    thumbnail: str
    workspace: str
    album: Any
    member: str
    custom: Any


READ = ((404, 404, 200, 200, 200, 404), (200,) * 6)
# What only members may see: of a public workspace, whoever is signed in is told that it is not for him.
READ_AS_MEMBER = ((401, 404, 200, 200, 200, 404), (401, 403, 200, 200, 200, 403))


def edited(status: int) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """By its address, by editors and owners."""
    return (401, 404, 403, status, status, 404), (401, 403, 403, status, status, 403)


def filled(status: int) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Into a workspace that the body names, by editors and owners."""
    return (401, 400, 403, status, status, 400), (401, 403, 403, status, status, 403)


def owned(status: int) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """By owners."""
    return (401, 404, 403, 403, status, 404), (401, 403, 403, 403, status, 403)


def anyones(anonymous: int, others: int) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """The same in every workspace, since it is about none."""
    return (anonymous, *[others] * 5), (anonymous, *[others] * 5)


CALLS = {
    "list photos": Call("GET", "photos/", *anyones(200, 200)),
    "upload": Call("POST", "photos/", *filled(201), {"workspace": "{workspace}", "file": "a picture"}),
    "check": Call(
        "POST",
        "photos/check/",
        (401, 400, 200, 200, 200, 400),
        (401, 200, 200, 200, 200, 200),
        {"workspace": "{workspace}", "sha256": ["0" * 64]},
    ),
    "retry many": Call("POST", "photos/retry/", *filled(202), {"workspace": "{workspace}"}),
    "states": Call("GET", "photos/status/?ids={photo}", *anyones(200, 200)),
    "look": Call("GET", "photos/{photo}/", *READ),
    "edit": Call("PATCH", "photos/{photo}/", *edited(200), {"title": "New"}),
    "put into an album": Call("PATCH", "photos/{photo}/", *edited(200), {"album": "{album}", "is_primary": True}),
    "delete": Call("DELETE", "photos/{photo}/", *edited(204)),
    "state": Call("GET", "photos/{photo}/status/", *READ),
    "timeline": Call("GET", "photos/{photo}/timeline/", *READ),
    "retry": Call("POST", "photos/{photo}/retry/", *edited(202), needs="failed photo"),
    "original": Call("GET", "photos/{photo}/original/", *READ),
    "thumbnail": Call("GET", "{thumbnail}", *READ, needs="thumbnail"),
    "render": Call("POST", "thumbnails/", *filled(201), {"workspace": "{workspace}", "file": "a picture"}),
    "rendered": Call("GET", "thumbnails/{custom}/", *READ, needs="custom thumbnail"),
    "listen": Call("GET", "events/?workspace={workspace}", *READ),
    "list workspaces": Call("GET", "workspaces/", *anyones(200, 200)),
    "make a workspace": Call("POST", "workspaces/", *anyones(401, 201), {"slug": "new", "name": "New"}),
    "workspace": Call("GET", "workspaces/{workspace}/", *READ),
    "change a workspace": Call("PATCH", "workspaces/{workspace}/", *owned(200), {"name": "New"}),
    "delete a workspace": Call("DELETE", "workspaces/{workspace}/?confirm={workspace}", *owned(204)),
    "keep a workspace": Call("DELETE", "workspaces/{workspace}/", *owned(409)),
    "members": Call("GET", "workspaces/{workspace}/members/", *READ_AS_MEMBER),
    "take in": Call("POST", "workspaces/{workspace}/members/", *owned(201), {"username": "newcomer"}),
    "member": Call("GET", "workspaces/{workspace}/members/{member}/", *READ_AS_MEMBER),
    "promote": Call("PATCH", "workspaces/{workspace}/members/{member}/", *owned(200), {"role": "editor"}),
    "let go": Call("DELETE", "workspaces/{workspace}/members/{member}/", *owned(204)),
    "list albums": Call("GET", "albums/", *anyones(200, 200)),
    "make an album": Call("POST", "albums/", *filled(201), {"workspace": "{workspace}", "name": "New"}),
    "album": Call("GET", "albums/{album}/", *READ),
    "rename an album": Call("PATCH", "albums/{album}/", *edited(200), {"name": "New"}),
    "delete an album": Call("DELETE", "albums/{album}/", *edited(204)),
    "sign in": Call(
        "POST", "auth/token/", *anyones(201, 201), {"username": "newcomer", "password": "a long enough password"}
    ),
    "sign out": Call("DELETE", "auth/token/", *anyones(401, 204)),
    "schema": Call("GET", "schema/", *anyones(200, 200)),
    "docs": Call("GET", "docs/", *anyones(200, 200)),
    "root": Call("GET", "", *anyones(200, 200)),
}
# The calls whose answer depends on whether one may see what they name.
ABOUT_SOMETHING = [
    name for name, call in CALLS.items() if 404 in call.private or 400 in call.private or "{" in call.path
]


@pytest.fixture
def clients(
    make_user: Callable[..., Any], api_as: Callable[[Any], APIClient], workspace: Workspace
) -> dict[str, APIClient]:
    """A client of each kind of user."""
    roles = {"viewer": Role.VIEWER, "editor": Role.EDITOR, "owner": Role.OWNER}
    members = {name: make_user(name, workspace, role) for name, role in roles.items()}
    others = {"anonymous": None, "stranger": make_user("stranger"), "staff": make_user("staff", is_staff=True)}
    make_user("newcomer")
    return {who: api_as({**members, **others}[who]) for who in WHO}


@pytest.fixture(params=["private", "public"])
def visibility(request: pytest.FixtureRequest, workspace: Workspace) -> str:
    """Whether the workspace is public."""
    Workspace.objects.update(is_public=request.param == "public")
    return str(request.param)


@pytest.fixture
def things(
    workspace: Workspace, take_in: Callable[..., Photo], make_user: Callable[..., Any], clients: dict[str, APIClient]
) -> Callable[[str], Things]:
    """Makes what a call needs, anew."""
    member = make_user("member")

    def make(needs: str) -> Things:
        photo = take_in()
        custom: Any = MISSING
        if needs == "failed photo":
            fails(photo)
        if needs == "thumbnail":
            work()
            photo.refresh_from_db()
        if needs == "custom thumbnail":
            file = SimpleUploadedFile("photo.jpg", pictures.jpeg(image=pictures.photo(20, 20, photo.pk.int % 1000)))
            made = clients["editor"].post(f"{API}thumbnails/", {"file": file, "width": 7}, format="multipart")
            custom = made.json()["results"][0]["thumbnails"][0]["id"]
        Membership.objects.update_or_create(workspace=workspace, user=member, defaults={"role": Role.VIEWER})
        Membership.objects.filter(user__username="newcomer").delete()
        Album.objects.filter(name="New").delete()
        Workspace.objects.filter(slug="new").delete()
        album = Album.objects.get_or_create(workspace=workspace, name="Album")[0]
        return Things(photo.pk, photo.thumbnail_url("small") or "", workspace.slug, album.pk, "member", custom)

    return make


def send(client: APIClient, call: Call, things: Things) -> Any:
    def named(value: Any) -> Any:
        return value.format(**things._asdict()) if isinstance(value, str) else value

    path, body = named(call.path), {name: named(value) for name, value in call.body.items()}
    if not path.startswith("/"):
        path = API + path
    form = "file" in body
    if form:
        body["file"] = SimpleUploadedFile("photo.jpg", pictures.jpeg(image=pictures.photo(20, 20, id(client) % 9999)))
    options: dict[str, Any] = {"format": "multipart" if form else "json"} if body else {}
    answer = getattr(client, call.method.lower())(path, body or None, **options)
    if answer.streaming and not answer.is_async:  # else it has no end
        assert answer.getvalue()
    return answer


@pytest.mark.parametrize("name", CALLS)
def test_what_each_may_do(
    clients: dict[str, APIClient], visibility: str, things: Callable[[str], Things], name: str
) -> None:
    call, found = CALLS[name], {}
    # The owner last: nothing is left when he deletes the workspace.
    for who in sorted(WHO, key="owner".__eq__):
        answer = send(clients[who], call, things(call.needs))
        found[who] = answer.status_code
        if answer.status_code >= 400:
            assert set(answer.json()) == {"error"}

    assert found == dict(zip(WHO, getattr(call, visibility), strict=True))


@pytest.mark.parametrize("name", [name for name, call in CALLS.items() if call.method != "GET"])
def test_what_is_refused_changes_nothing(
    clients: dict[str, APIClient], visibility: str, things: Callable[[str], Things], name: str
) -> None:
    call, given = CALLS[name], things(CALLS[name].needs)

    def everything() -> list[Any]:
        return [list(model.objects.order_by("pk").values()) for model in (Photo, Album, Workspace, Membership)]  # type: ignore[attr-defined]

    before = everything()
    for who, status in zip(WHO, getattr(call, visibility), strict=True):
        if status >= 400:
            send(clients[who], call, given)
            assert everything() == before, who


@pytest.mark.parametrize("who", WHO[:2] + WHO[5:])
@pytest.mark.parametrize("name", ABOUT_SOMETHING)
def test_what_one_may_not_see_answers_like_what_does_not_exist(
    clients: dict[str, APIClient], things: Callable[[str], Things], who: str, name: str
) -> None:
    call = CALLS[name]
    hidden = things(call.needs)
    thumbnail = hidden.thumbnail.replace(str(hidden.photo), str(MISSING))
    missing = Things(MISSING, thumbnail, "nowhere", MISSING, "nobody", MISSING)

    answers = [send(clients[who], call, one) for one in (hidden, missing)]

    assert answers[0].status_code == answers[1].status_code
    if name == "states":
        # It says which of the ids that it was asked for it has not found, with an ETag over that.
        for answer, one in zip(answers, (hidden, missing), strict=True):
            answer.content = answer.content.replace(str(one.photo).encode(), b"")
            del answer.headers["ETag"]
    assert answers[0].content == answers[1].content
    assert answers[0].headers == answers[1].headers


@pytest.mark.parametrize("who", ["viewer", "editor", "owner"])
def test_members_may_leave(clients: dict[str, APIClient], workspace: Workspace, make_user: Any, who: str) -> None:
    make_user("another owner", workspace, Role.OWNER)

    assert clients[who].delete(f"{API}workspaces/main/members/{who}/").status_code == 204
    assert clients[who].get(f"{API}workspaces/main/").status_code == 404


@pytest.mark.parametrize(
    ("visible", "finds"),
    [("private", (False, False, True, True, True, False)), ("public", (True,) * 6)],
)
def test_what_each_finds_in_the_lists(
    clients: dict[str, APIClient], workspace: Workspace, photo: Photo, visible: str, finds: tuple[bool, ...]
) -> None:
    Album.objects.create(workspace=workspace, name="Album")
    Workspace.objects.update(is_public=visible == "public")
    lists = ("photos/", "albums/", "workspaces/", "photos/?workspace=main", f"photos/status/?ids={photo.pk}")
    for who, found in zip(WHO, finds, strict=True):
        for path in lists:
            answer = clients[who].get(API + path)
            assert answer.status_code == 200
            assert len(answer.json()["results"]) == found, (who, path)


@pytest.mark.parametrize("query", ["workspace=main", "workspace=nowhere"])
def test_the_list_of_a_workspace_that_one_may_not_see_is_empty_like_that_of_none(
    clients: dict[str, APIClient], photo: Photo, query: str
) -> None:
    assert clients["stranger"].get(f"{PHOTOS}?{query}").json()["results"] == []


def test_the_browsable_pages_do_not_name_the_albums_of_others(
    clients: dict[str, APIClient], workspace: Workspace
) -> None:
    Album.objects.create(workspace=workspace, name="Secret plans")

    page: HttpResponseBase = clients["stranger"].get(PHOTOS, headers={"Accept": "text/html"})

    assert page["Content-Type"].startswith("text/html")
    assert b"Secret plans" not in page.getvalue()


def calls_of(patterns: list[URLPattern | URLResolver], prefix: str = "") -> Iterator[tuple[str, str]]:
    """The method and route of every call below the API's address."""
    for pattern in patterns:
        route = prefix + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            yield from calls_of(pattern.url_patterns, route)
        elif route.startswith("api/"):
            view: Any = pattern.callback
            methods = getattr(view, "actions", None) or {
                name: name for name in ("get", "post", "put", "patch", "delete") if hasattr(view.cls, name)
            }
            allowed = set(methods) & set(view.cls.http_method_names) - {"head", "options"}
            yield from ((method.upper(), route) for method in allowed)


def test_the_table_has_every_call() -> None:
    resolver = get_resolver()
    sample = Things(MISSING, f"/api/v1/thumbnails/{MISSING}.small.00000000/", "main", MISSING, "member", MISSING)
    tried = set()
    for call in CALLS.values():
        path = call.path.format(**sample._asdict()).partition("?")[0]
        tried.add((call.method, resolver.resolve(path if path.startswith("/") else API + path).route))

    assert set(calls_of(resolver.url_patterns)) == tried
