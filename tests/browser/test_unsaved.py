"""What was typed is not lost when a form was sent in vain."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from tests import pictures
from tests.browser.chromium import fill_in_sign_in, session_ends, sign_in
from tests.browser.looking import Complaints, grave_findings, overflow
from tests.running import RunningSite

AGAIN = "Nothing is saved yet: look at it, and send it once more."


@pytest.fixture
def own_session(chromium: Browser, site: RunningSite) -> Any:
    """A ``storage_state`` of the test's own, whose session nobody else needs."""
    return sign_in(chromium, site)


@pytest.fixture
def tab(open_page: Callable[..., Page], own_session: Any, complaints: Complaints) -> Page:
    """A page in which the admin is signed in by a session of the test's own."""
    complaints.expect("404")  # Of the open page, which asks for the photo as it is when the session has ended.
    return open_page(storage_state=own_session)


@pytest.fixture
def photo(site: RunningSite, workspace: str) -> str:
    """The path of a photo's page."""
    data = pictures.jpeg(image=pictures.photo(64, 48))
    photo = site.upload(data, "photo.jpg", workspace=workspace, title="Hills", kind="item").json()["id"]
    site.finished(photo)
    return f"/photos/{photo}/"


def test_what_was_typed_while_the_session_ended_is_there_after_signing_in(
    tab: Page, site: RunningSite, workspace: str, photo: str
) -> None:
    album = site.api("POST", "albums/", json={"workspace": workspace, "name": "Alps"}).json()["id"]
    tab.goto(photo + "?kind=item")
    tab.get_by_label("Title").fill("A long <title> & more")
    tab.get_by_role("combobox", name="Album").select_option(album)
    tab.get_by_label("Primary").check()
    session_ends(site, tab)
    site.api("PATCH", photo.replace("/photos/", "photos/"), json={"kind": "repair"})
    tab.get_by_role("button", name="Save").click()
    expect(tab.get_by_text("You were signed out, so nothing is saved yet.")).to_be_visible()
    fill_in_sign_in(tab, site)

    tab.wait_for_url(f"**{photo}?kind=item")
    expect(tab.get_by_text(AGAIN)).to_be_in_viewport()
    expect(tab.get_by_label("Title")).to_have_value("A long <title> & more")
    expect(tab.get_by_role("combobox", name="Album")).to_have_value(album)
    expect(tab.get_by_label("Primary")).to_be_checked()
    expect(tab.get_by_role("heading", level=1)).to_have_text("Hills")
    assert (grave_findings(tab), overflow(tab)) == ([], 0)

    tab.get_by_role("button", name="Save").click()
    expect(tab.get_by_text("Saved.", exact=True)).to_be_visible()
    expect(tab.get_by_role("heading", level=1)).to_have_text("A long <title> & more")
    expect(tab.get_by_text(AGAIN)).not_to_be_attached()
    expect(tab.get_by_label("Kind")).to_have_value("repair")
    assert tab.evaluate("sessionStorage.length") == 0


def test_what_was_typed_while_another_tab_signed_in_anew_is_in_the_form_again(
    tab: Page, site: RunningSite, workspace: str
) -> None:
    settings = f"/workspaces/{workspace}/settings/"
    tab.goto(settings)
    tab.get_by_label("Name").fill("Another name")
    other = tab.context.new_page()
    other.goto("/workspaces/")
    other.get_by_role("button", name="Sign out").click()
    other.wait_for_url("**/login/")
    fill_in_sign_in(other, site)
    other.wait_for_url("**/workspaces/**")

    tab.get_by_role("button", name="Save").click()

    expect(tab.get_by_text(AGAIN)).to_be_visible()
    expect(tab.get_by_label("Name")).to_have_value("Another name")
    assert site.api("GET", f"workspaces/{workspace}/").json()["name"] != "Another name"
    tab.get_by_role("button", name="Save").click()
    expect(tab.get_by_text("Saved.", exact=True)).to_be_visible()
    assert site.api("GET", f"workspaces/{workspace}/").json()["name"] == "Another name"


def test_what_was_sent_well_or_is_secret_or_anothers_is_never_shown_again(
    tab: Page, site: RunningSite, workspace: str, photo: str
) -> None:
    tab.goto(photo)
    tab.get_by_label("Title").fill("Saved title")
    tab.get_by_role("button", name="Save").click()
    expect(tab.get_by_text("Saved.", exact=True)).to_be_visible()
    assert tab.evaluate("sessionStorage.length") == 0

    tab.goto("/password/")
    for field in tab.locator("[type=password]").all():
        field.fill("a very secret word")
    session_ends(site, tab)
    tab.get_by_role("button", name="Change").click()
    expect(tab.get_by_text("You were signed out, so nothing is saved yet.")).to_be_visible()
    assert tab.evaluate("sessionStorage.length") == 0
    fill_in_sign_in(tab, site)
    expect(tab.get_by_text(AGAIN)).to_be_visible()
    assert {field.input_value() for field in tab.locator("[type=password]").all()} == {""}

    tab.goto(photo)
    tab.get_by_label("Title").fill("Of the admin")
    session_ends(site, tab)
    tab.get_by_role("button", name="Save").click()
    tab.evaluate('sessionStorage.typed = sessionStorage.typed.replace(/"user":"\\d+"/, \'"user":"0"\')')
    fill_in_sign_in(tab, site)
    expect(tab.get_by_text(AGAIN)).to_be_visible()
    expect(tab.get_by_label("Title")).to_have_value("Saved title")
    assert tab.evaluate("sessionStorage.length") == 0, "what is another's is forgotten"


def test_what_was_typed_stays_only_as_long_as_signing_in_is_asked_for(tab: Page, site: RunningSite, photo: str) -> None:
    tab.goto(photo)
    tab.get_by_label("Title").fill("A secret")
    session_ends(site, tab)
    tab.get_by_role("button", name="Save").click()
    tab.get_by_label("Username").fill("somebody")
    tab.get_by_label("Password").fill("wrong")
    tab.get_by_role("button", name="Sign in", exact=True).click()
    expect(tab.get_by_text("Please enter a correct username and password")).to_be_visible()
    assert "A secret" in tab.evaluate("sessionStorage.typed")

    tab.get_by_role("link", name="Workspaces").click()

    tab.wait_for_url("**/workspaces/")
    assert tab.evaluate("sessionStorage.length") == 0


def test_without_scripts_it_is_told_what_to_do(
    open_page: Callable[..., Page], own_session: Any, site: RunningSite, photo: str
) -> None:
    page = open_page(storage_state=own_session, java_script_enabled=False)
    page.goto(photo)
    page.get_by_label("Title").fill("Typed")
    session_ends(site, page)
    page.get_by_role("button", name="Save").click()

    expect(page.get_by_text("Without JavaScript, go back and copy it first.")).to_be_visible()
