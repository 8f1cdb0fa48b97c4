"""Who may do what on the pages: every address × every kind of user × private and public workspaces, as one table."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import pytest
from django.test import Client
from django.urls import get_resolver

from photos.models import Album, Membership, Photo, Role, Workspace
from photos.web.urls import urlpatterns
from tests.workbench import fails

WHO = ("anonymous", "stranger", "viewer", "editor", "owner", "staff")
MAIN = "/workspaces/main/"


class Page(NamedTuple):
    """One request, and what each kind of user gets for it, in the order of ``WHO``."""

    method: str
    path: str
    private: tuple[int, ...]
    public: tuple[int, ...]
    body: dict[str, str] = {}


LOOKED_AT = ((404, 404, 200, 200, 200, 404), (200,) * 6)
SEEN_BY_MEMBERS = ((302, 404, 200, 200, 200, 404), (302, 403, 200, 200, 200, 403))


def edited(status: int) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """By editors and owners; who is not signed in is sent to do so, and learns nothing."""
    return (302, 404, 403, status, status, 404), (302, 403, 403, status, status, 403)


def owned(status: int) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """By owners."""
    return (302, 404, 403, 403, status, 404), (302, 403, 403, 403, status, 403)


def anyones(anonymous: int, others: int) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """The same in every workspace, since it is about none."""
    return (anonymous, *[others] * 5), (anonymous, *[others] * 5)


PAGES = {
    "home": Page("get", "/", *anyones(302, 302)),
    "icon": Page("get", "/favicon.ico", *anyones(302, 302)),
    "sign in": Page("get", "/login/", *anyones(200, 302)),
    "sign out": Page("post", "/logout/", *anyones(302, 302)),
    "password": Page("get", "/password/", *anyones(302, 200)),
    "workspaces": Page("get", "/workspaces/", *anyones(200, 200)),
    "new workspace": Page("get", "/workspaces/new/", *anyones(302, 200)),
    "make a workspace": Page("post", "/workspaces/new/", *anyones(302, 302), {"slug": "new", "name": "New"}),
    "gallery": Page("get", MAIN, *LOOKED_AT),
    "cards": Page("get", f"{MAIN}cards/", *LOOKED_AT),
    "albums": Page("get", f"{MAIN}albums/", *LOOKED_AT),
    "make an album": Page("post", f"{MAIN}albums/new/", *edited(302), {"name": "New"}),
    "album": Page("get", MAIN + "albums/{album}/", *LOOKED_AT),
    "album's settings": Page("get", MAIN + "albums/{album}/edit/", *edited(200)),
    "rename an album": Page("post", MAIN + "albums/{album}/edit/", *edited(302), {"name": "New"}),
    "ask to delete an album": Page("get", MAIN + "albums/{album}/delete/", *edited(200)),
    "delete an album": Page("post", MAIN + "albums/{album}/delete/", *edited(302)),
    "upload page": Page("get", f"{MAIN}upload/", *edited(200)),
    "upload": Page("post", f"{MAIN}upload/", *edited(400)),
    "members": Page("get", f"{MAIN}members/", *SEEN_BY_MEMBERS),
    "take in": Page("post", f"{MAIN}members/", *owned(302), {"user": "newcomer", "role": "viewer"}),
    "promote": Page("post", MAIN + "members/{member}/role/", *owned(302), {"role": "editor"}),
    "let go": Page("post", MAIN + "members/{member}/remove/", *owned(302)),
    "settings": Page("get", f"{MAIN}settings/", *owned(200)),
    "change settings": Page("post", f"{MAIN}settings/", *owned(302), {"name": "New", "is_public": "{public}"}),
    "ask to delete a workspace": Page("get", f"{MAIN}delete/", *owned(200)),
    # By a wrong name, so that there still is one for who comes next.
    "delete a workspace": Page("post", f"{MAIN}delete/", *owned(400), {"name": "Another"}),
    "photo": Page("get", "/photos/{photo}/", *LOOKED_AT),
    "edit": Page("post", "/photos/{photo}/edit/", *edited(302), {"title": "New"}),
    "ask to delete": Page("get", "/photos/{photo}/delete/", *edited(200)),
    "delete": Page("post", "/photos/{photo}/delete/", *edited(302)),
    "retry": Page("post", "/photos/{photo}/retry/", *edited(302)),
}


@pytest.fixture
def clients(make_user: Callable[..., Any], as_user: Callable[[Any], Client], workspace: Workspace) -> dict[str, Client]:
    """A browser of each kind of user."""
    roles = {"viewer": Role.VIEWER, "editor": Role.EDITOR, "owner": Role.OWNER}
    users = {name: make_user(name, workspace, role) for name, role in roles.items()}
    users |= {"stranger": make_user("stranger"), "staff": make_user("staff", is_staff=True)}
    make_user("newcomer")
    return {who: as_user(users.get(who)) for who in WHO}


@pytest.mark.parametrize("visibility", ["private", "public"])
@pytest.mark.parametrize("name", PAGES)
def test_what_each_may_do(
    clients: dict[str, Client],
    workspace: Workspace,
    take_in: Callable[..., Photo],
    make_user: Callable[..., Any],
    name: str,
    visibility: str,
) -> None:
    page, found = PAGES[name], {}
    Workspace.objects.update(is_public=visibility == "public")
    user, photo = make_user("member"), None
    for who in WHO:
        photo = photo or take_in()
        fails(photo)
        member, _ = Membership.objects.update_or_create(workspace=workspace, user=user, defaults={"role": Role.VIEWER})
        Membership.objects.filter(user__username="newcomer").delete()
        Album.objects.all().delete()
        album = Album.objects.create(workspace=workspace, name="Album")
        Workspace.objects.filter(slug="new").delete()
        names = {"photo": photo.pk, "album": album.pk, "member": member.pk, "public": visibility == "public" or ""}
        body = {field: value.format(**names) for field, value in page.body.items()}
        answer = getattr(clients[who], page.method)(page.path.format(**names), body)
        found[who] = answer.status_code
        if who == "anonymous" and answer.status_code == 302 and page.private[1] != 302:
            assert answer["Location"].startswith("/login/")
        photo = Photo.objects.filter(pk=photo.pk).first()

    assert found == dict(zip(WHO, getattr(page, visibility), strict=True))


@pytest.mark.parametrize("name", [name for name, page in PAGES.items() if 404 in page.private])
def test_what_one_may_not_see_answers_as_what_does_not_exist(
    clients: dict[str, Client], workspace: Workspace, photo: Photo, name: str
) -> None:
    page = PAGES[name]
    member, album = workspace.membership_set.all()[0], Album.objects.create(workspace=workspace, name="Album")
    missing = "00000000-0000-7000-8000-000000000007"
    real = page.path.format(photo=photo.pk, album=album.pk, member=member.pk)
    unreal = page.path.replace("main", "nowhere").format(photo=missing, album=missing, member=missing)
    for who in ("anonymous", "stranger"):
        answers = [getattr(clients[who], page.method)(path, page.body) for path in (real, unreal)]
        assert len({answer.status_code for answer in answers}) == 1
        bodies = {
            answer.content.replace(path.encode(), b"") for answer, path in zip(answers, (real, unreal), strict=True)
        }
        assert len({body.split(b"<main")[-1] for body in bodies}) == 1


@pytest.mark.parametrize("name", [name for name, page in PAGES.items() if page.method == "get"])
def test_who_asks_for_the_head_gets_the_same_without_the_body(
    clients: dict[str, Client], workspace: Workspace, photo: Photo, name: str
) -> None:
    path = PAGES[name].path.format(photo=photo.pk, album=Album.objects.create(workspace=workspace, name="Album").pk)

    whole, head = clients["owner"].get(path), clients["owner"].head(path)

    assert (head.status_code, head.content) == (whole.status_code, b"")
    assert Photo.objects.exists()


def test_every_address_is_in_the_table() -> None:
    names = {"photo": "x", "album": "x", "member": "x"}
    resolver = get_resolver()
    assert resolver
    patterns = {str(pattern.pattern) for pattern in urlpatterns}
    asked = set()
    for page in PAGES.values():
        path = page.path.format(**dict.fromkeys(names, "00000000-0000-7000-8000-000000000007"))
        asked.add(str(resolver.resolve(path).route))
    assert asked == patterns
