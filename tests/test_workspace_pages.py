"""Workspaces and their members on the pages, and one's own password."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.test import Client

from photos.models import Album, Membership, Photo, Role, Workspace
from tests.reading import attributes, shown, text
from tests.workbench import together

MEMBERS = "/workspaces/main/members/"
SETTINGS = "/workspaces/main/settings/"
DELETE = "/workspaces/main/delete/"
PASSWORD = "a long enough password"

MakeUser = Callable[..., Any]


@pytest.fixture
def owner(make_user: MakeUser, workspace: Workspace) -> Any:
    """A user who owns the workspace."""
    return make_user("olga", workspace, Role.OWNER)


@pytest.fixture
def owners(as_user: Callable[[Any], Client], owner: Any) -> Client:
    """The owner's browser."""
    return as_user(owner)


def role(name: str) -> str | None:
    """The role in the workspace of the user of this name."""
    return Membership.objects.filter(user__username=name).values_list("role", flat=True).first()


def address(name: str, verb: str) -> str:
    """Where a member is changed."""
    return f"{MEMBERS}{Membership.objects.get(user__username=name).pk}/{verb}/"


def test_an_owner_takes_in_changes_and_removes_members(owners: Client, make_user: MakeUser) -> None:
    make_user("newcomer")

    page = owners.post(MEMBERS, {"user": "newcomer", "role": "viewer"}, follow=True)
    assert "newcomer is now a member." in text(page)
    assert "Remove newcomer" in text(page)
    page = owners.post(address("newcomer", "role"), {"role": "editor"}, follow=True)
    assert ("newcomer is now editor." in text(page), role("newcomer")) == (True, "editor")
    page = owners.post(address("newcomer", "remove"), follow=True)
    assert ("is no member of Main any more" in text(page), role("newcomer")) == (True, None)


def test_who_can_not_be_taken_in_is_told_at_the_field(owners: Client, editor: Any, make_user: MakeUser) -> None:
    make_user("gone", is_active=False)
    for name, said in (
        ("nobody", "There is no user of this name."),
        ("gone", "There is no user of this name."),
        ("edith", "This user is a member already; change the role instead."),
        ("", "This field is required."),
        ("\0", "Null characters are not allowed."),
    ):
        page = owners.post(MEMBERS, {"user": name, "role": "viewer"})
        assert (page.status_code, said in text(page)) == (400, True), name
    assert owners.post(MEMBERS, {"user": "edith", "role": "king"}).status_code == 400


def test_the_last_owner_stays(owners: Client, editor: Any) -> None:
    for answer in (
        owners.post(address("olga", "role"), {"role": "viewer"}, follow=True),
        owners.post(address("olga", "remove"), follow=True),
    ):
        assert "A workspace needs an owner; make somebody else an owner first." in text(answer)
    assert role("olga") == "owner"
    owners.post(address("edith", "role"), {"role": "owner"})
    assert "Choose one of the roles." in text(owners.post(address("edith", "role"), {"role": "king"}, follow=True))
    owners.post(address("olga", "role"), {"role": "viewer"})
    assert (role("olga"), role("edith")) == ("viewer", "owner")


def test_of_two_last_owners_who_leave_at_the_same_moment_one_stays(
    as_user: Callable[[Any], Client], make_user: MakeUser, workspace: Workspace, owner: Any
) -> None:
    other = make_user("oscar", workspace, Role.OWNER)
    paths = {user: address(user.username, "remove") for user in (owner, other)}
    clients = {user: as_user(user) for user in (owner, other)}

    together(*(lambda user=user: clients[user].post(paths[user]) for user in (owner, other)))

    assert workspace.membership_set.count() == 1


def test_a_member_sees_the_others_and_may_leave_but_change_nobody(browser: Client, editor: Any, owner: Any) -> None:
    page = browser.get(MEMBERS)
    assert "olga owner" in text(page)
    assert "Add a member" not in text(page)
    assert [form["action"] for form in attributes(page, "form") if "members" in form.get("action", "")] == [
        address("edith", "remove")
    ]
    assert browser.post(address("olga", "remove")).status_code == 403
    assert browser.post(address("edith", "remove"))["Location"] == "/workspaces/"
    assert browser.get(MEMBERS).status_code == 404


def test_a_member_of_another_workspace_is_not_found_here(owners: Client, make_user: MakeUser) -> None:
    other = Workspace.objects.create(slug="other", name="Other")
    make_user("somebody", other)

    assert owners.post(address("somebody", "remove")).status_code == 404
    assert role("somebody") == "editor"


def test_an_owner_renames_a_workspace_and_opens_it_to_all(owners: Client, client: Client) -> None:
    assert client.get("/workspaces/main/").status_code == 404

    page = owners.post(SETTINGS, {"name": "Workshop", "is_public": "on"}, follow=True)

    assert ("Saved." in text(page), "Settings of Workshop" in text(page)) == (True, True)
    assert "Workshop" in text(client.get("/workspaces/main/"))
    owners.post(SETTINGS, shown(owners.get(SETTINGS)) | {"is_public": ""})
    assert client.get("/workspaces/main/").status_code == 404
    wrong = owners.post(SETTINGS, {"name": ""})
    assert (wrong.status_code, "This field is required." in text(wrong)) == (400, True)
    assert "Settings of Workshop" in text(wrong)


def test_settings_that_were_open_meanwhile_revert_nothing(
    owners: Client, as_user: Callable[[Any], Client], owner: Any, client: Client
) -> None:
    Workspace.objects.update(is_public=True)
    stale = shown(owners.get(SETTINGS))
    elsewhere = as_user(owner)
    elsewhere.post(SETTINGS, shown(elsewhere.get(SETTINGS)) | {"is_public": ""})
    assert client.get("/workspaces/main/").status_code == 404

    page = owners.post(SETTINGS, stale | {"name": "Workshop"}, follow=True)

    assert ("Saved." in text(page), Workspace.objects.get().name) == (True, "Workshop")
    assert client.get("/workspaces/main/").status_code == 404, "still private"
    owners.post(SETTINGS, stale)
    owners.post(SETTINGS, stale | {"name": ""})
    again = owners.post(SETTINGS, shown(owners.post(SETTINGS, stale | {"name": ""})) | {"name": "Shed"}, follow=True)
    assert ("Saved." in text(again), Workspace.objects.get().name) == (True, "Shed")
    assert client.get("/workspaces/main/").status_code == 404, "also after a mistake"


def test_ones_workspaces_are_listed_with_ones_role_and_public_ones_apart(
    browser: Client, client: Client, workspace: Workspace
) -> None:
    Workspace.objects.create(slug="open", name="Open", is_public=True)
    Workspace.objects.create(slug="secret", name="Secret")
    Workspace.objects.create(slug="closed", name="Closed", is_public=True).close(with_photos=True)

    page = browser.get("/workspaces/")

    assert "Main you are editor" in text(page)
    assert "Public Open" in text(page)
    assert "Secret" not in text(page)
    assert "Closed" not in text(page)
    visitor = text(client.get("/workspaces/"))
    assert ("Open" in visitor, "Main" in visitor, "New workspace" in visitor) == (True, False, False)


def test_whoever_is_signed_in_makes_a_workspace_and_owns_it(browser: Client, workspace: Workspace) -> None:
    answer = browser.post("/workspaces/new/", {"name": "Barn", "slug": "barn"})

    assert answer["Location"] == "/workspaces/barn/"
    assert Workspace.objects.get(slug="barn").role_of(get_user_model().objects.get(username="edith")) == Role.OWNER
    for slug, said in (("main", "already exists"), ("not a slug", "valid"), ("", "required")):
        page = browser.post("/workspaces/new/", {"name": "Another", "slug": slug})
        assert (page.status_code, said in text(page)) == (400, True)


def test_the_way_to_what_one_may_do_is_in_the_navigation(
    browser: Client, owners: Client, as_user: Callable[[Any], Client], make_user: MakeUser, workspace: Workspace
) -> None:
    Workspace.objects.update(is_public=True)
    viewer = as_user(make_user("viktor", workspace, Role.VIEWER))

    def offered(client: Client) -> set[str]:
        links = {link["href"] for link in attributes(client.get("/workspaces/main/"), "a")}
        return {link.removeprefix("/workspaces/main/") for link in links if link.startswith("/workspaces/main/")}

    assert offered(as_user(None)) == {"", "albums/"}
    assert offered(viewer) == {"", "albums/", "members/"}
    assert offered(browser) == {"", "albums/", "members/", "upload/"}
    assert offered(owners) == {"", "albums/", "members/", "upload/", "settings/"}


def test_a_password_is_changed_by_who_knows_it_and_ends_other_sessions(
    browser: Client, as_user: Callable[[Any], Client], editor: Any
) -> None:
    elsewhere = as_user(editor)
    new = {"new_password1": "an even longer password", "new_password2": "an even longer password"}

    wrong = browser.post("/password/", new | {"old_password": "wrong"})
    assert "Your old password was entered incorrectly" in text(wrong)
    page = browser.post("/password/", new | {"old_password": PASSWORD}, follow=True)

    assert "Your password is changed." in text(page)
    assert elsewhere.get("/workspaces/main/").status_code == 404
    assert Client().get("/password/")["Location"] == "/login/?next=/password/"
    assert Client().login(username="edith", password="an even longer password")


def test_an_owner_deletes_a_workspace_by_typing_its_name_and_is_told_what_goes(
    owners: Client, client: Client, workspace: Workspace, take_in: Callable[..., Photo]
) -> None:
    Workspace.objects.update(is_public=True)
    for name in ("Alps", "Barn"):
        take_in(album=Album.objects.create(workspace=workspace, name=name))
    take_in()
    assert DELETE in {link["href"] for link in attributes(owners.get(SETTINGS), "a")}

    page = text(owners.get(DELETE))
    assert "3 photos, with their originals and thumbnails" in page
    assert "2 albums" in page
    for name in ("", "main", "Another"):
        refused = owners.post(DELETE, {"name": name})
        assert (refused.status_code, "Type the name of the workspace: Main" in text(refused)) == (400, True), name
    assert client.get("/workspaces/main/").status_code == 200

    gone = owners.post(DELETE, {"name": " Main "}, follow=True)

    assert (gone.redirect_chain, "Main: deleted." in text(gone)) == ([("/workspaces/", 302)], True)
    assert {browser.get("/workspaces/main/").status_code for browser in (owners, client)} == {404}
    assert owners.post(DELETE, {"name": "Main"}).status_code == 404
    Workspace.objects.remove_closed(10)
    assert (Photo.objects.count(), Workspace.objects.count()) == (0, 0)


def test_a_workspace_that_holds_nothing_can_be_deleted_and_its_address_is_free(owners: Client) -> None:
    page = text(owners.get(DELETE))
    assert "It holds no photos and no albums." in page

    owners.post(DELETE, {"name": "Main"})

    assert owners.post("/workspaces/new/", {"name": "Anew", "slug": "main"})["Location"] == "/workspaces/main/"
