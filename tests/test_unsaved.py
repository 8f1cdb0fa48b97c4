"""A form that is sent in vain: who was signed out, or in anew, is led back to it and told that nothing was saved."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import pytest
from django.contrib.sessions.models import Session
from django.test import Client

from photos.models import Album, Membership, Photo, Role, Workspace
from tests.reading import attributes, text
from tests.test_page_access import PAGES

PASSWORD = "a long enough password"
AGAIN = "Nothing is saved yet: look at it, and send it once more."
# Where the form of what is only posted to stands.
STANDS_ON = {
    "make an album": "/workspaces/main/albums/",
    "promote": "/workspaces/main/members/",
    "let go": "/workspaces/main/members/",
    "edit": "/photos/{photo}/",
    "retry": "/photos/{photo}/",
}
FORMS = [name for name, page in PAGES.items() if page.method == "post" and name != "sign out"]


class Form(NamedTuple):
    """A form of the pages: where it is sent, with what, and the page that it stands on."""

    sent: str
    body: dict[str, str]
    page: str


@pytest.fixture(params=FORMS)
def form(request: pytest.FixtureRequest, owner: Any, photo: Photo, workspace: Workspace) -> Form:
    """Each form of the pages but the two about one's session."""
    ids = {"photo": photo.pk, "album": Album.objects.create(workspace=workspace, name="Album").pk, "public": ""}
    ids["member"] = workspace.membership_set.get(user__username="edith").pk
    page = PAGES[request.param]
    body = {name: value.format(**ids) for name, value in page.body.items()}
    stands_on = STANDS_ON.get(request.param, page.path)
    return Form(page.path.format(**ids) + "?kind=item", body, stands_on.format(**ids) + "?kind=item")


@pytest.fixture
def owner(make_user: Callable[..., Any], workspace: Workspace, editor: Any) -> Any:
    """A user who may send every form."""
    return make_user("olga", workspace, Role.OWNER)


def rows() -> list[Any]:
    """All that forms could change."""
    return [list(model.objects.order_by("pk").values()) for model in (Workspace, Membership, Album, Photo)]


def test_who_was_signed_out_signs_in_and_is_back_at_the_form_with_nothing_changed(
    as_user: Callable[[Any], Client], owner: Any, form: Form
) -> None:
    browser, before = as_user(owner), rows()
    Session.objects.all().delete()

    way_in = browser.post(form.sent, form.body, follow=True)
    assert "You were signed out, so nothing is saved yet." in text(way_in)
    wrong = browser.post(way_in.redirect_chain[-1][0], {"username": "olga", "password": "wrong"})
    assert "nothing is saved yet" in text(wrong)
    (next_,) = [one["value"] for one in attributes(wrong, "input") if one["name"] == "next"]
    back = browser.post(
        way_in.redirect_chain[-1][0], {"username": "olga", "password": PASSWORD, "next": next_}, follow=True
    )

    assert (back.status_code, back.redirect_chain[-1][0]) == (200, form.page)
    assert [item["class"] for item in attributes(back, "li") if "unsaved" in item.get("class", "")] == [
        "unsaved warning"
    ]
    assert AGAIN in text(back)
    assert AGAIN not in text(browser.get(form.page)), "said once"
    assert rows() == before
    assert browser.put(form.sent).status_code == 405


def test_who_signed_in_anew_in_another_tab_gets_the_form_again(owner: Any, form: Form) -> None:
    browser, before = Client(enforce_csrf_checks=True), rows()
    browser.force_login(owner)
    browser.get("/password/")

    back = browser.post(form.sent, form.body | {"csrfmiddlewaretoken": "x" * 64}, follow=True)

    assert (back.status_code, back.redirect_chain[-1][0]) == (200, form.page)
    assert AGAIN in text(back)
    assert rows() == before


def test_who_was_signed_out_and_has_an_old_page_is_led_to_sign_in_first(owner: Any, form: Form) -> None:
    browser = Client(enforce_csrf_checks=True)
    browser.get("/login/")

    way_in = browser.post(form.sent, form.body | {"csrfmiddlewaretoken": "x" * 64}, follow=True)

    assert "You were signed out, so nothing is saved yet." in text(way_in)


def test_two_tabs_can_be_signed_in_one_after_the_other(owner: Any) -> None:
    browser = Client(enforce_csrf_checks=True)
    browser.get("/login/")
    address = "/login/?unsaved=1&next=/workspaces/main/settings/"

    sent = {"username": "olga", "password": PASSWORD, "csrfmiddlewaretoken": "x" * 64}

    refused = browser.post(address, sent, follow=True)

    assert refused.redirect_chain == [(address, 302)]
    assert "You are not signed in yet; sign in once more." in text(refused)
    browser.force_login(owner)
    passed = browser.post(address, sent, follow=True)
    assert [path for path, _ in passed.redirect_chain] == [address, "/workspaces/main/settings/"]
    assert AGAIN in text(passed), "of the form that was sent before signing in"
    assert AGAIN not in text(browser.post("/login/?next=/workspaces/main/settings/", sent, follow=True))


def test_who_signs_out_on_an_old_page_is_told_to_press_again(owner: Any, workspace: Workspace) -> None:
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(owner)
    browser.get("/password/")

    page = browser.post("/logout/", {"csrfmiddlewaretoken": "x" * 64}, follow=True)

    assert page.redirect_chain[0] == ("/", 302)
    assert "You are still signed in; press Sign out again." in text(page)
    (token,) = {one["value"] for one in attributes(page, "input") if one.get("name") == "csrfmiddlewaretoken"}
    out = browser.post("/logout/", {"csrfmiddlewaretoken": token}, follow=True)
    assert out.redirect_chain[-1][0] == "/login/"
    again = browser.post("/logout/", {"csrfmiddlewaretoken": "x" * 64}, follow=True)
    assert ("You are still" in text(again), again.redirect_chain[-1][0]) == (False, "/login/")


def test_what_comes_from_another_site_or_without_cookies_is_refused(owner: Any) -> None:
    browser = Client(enforce_csrf_checks=True)
    assert browser.post("/login/", {"username": "olga"}).status_code == 403
    browser.force_login(owner)
    browser.get("/password/")
    for path in ("/workspaces/main/settings/", "/logout/"):
        sent = browser.post(path, {"name": "New"}, headers={"Origin": "https://evil.example"})
        assert sent.status_code == 403


def test_no_other_site_and_nothing_that_was_sent_is_in_the_answer(client: Client, workspace: Workspace) -> None:
    answer = client.post("/workspaces/main/settings/?next=//evil.example/", {"name": "Typed"})

    assert answer["Location"].startswith("/login/?unsaved=1&next=/workspaces/main/settings/")
    assert "Typed" not in str(answer.headers) + str(answer.cookies)
    assert Session.objects.count() == 0
