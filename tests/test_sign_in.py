"""Signing in has a rate, which is that of asking for a token; and there is one page for it, also for the admin."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from tests.reading import attributes, text
from thumbsite.environment import Rate

LOGIN, TOKEN = "/login/", "/api/v1/auth/token/"
PASSWORD = "a long enough password"


def sign_in(username: str, password: str = PASSWORD, **extra: Any) -> Any:
    return Client(**extra).post(LOGIN, {"username": username, "password": password})


def ask_for_token(username: str) -> int:
    body = {"username": username, "password": PASSWORD}
    return Client().post(TOKEN, body, content_type="application/json").status_code


def test_tries_to_sign_in_are_limited_by_client_and_name(
    settings: Any, editor: Any, make_user: Callable[..., Any]
) -> None:
    make_user("other")
    settings.THROTTLE_TOKENS = Rate(2, 3600)
    assert [sign_in("edith", "wrong").status_code for _ in range(2)] == [200, 200]

    refused = sign_in("edith")

    assert refused.status_code == 429
    assert 1 <= int(refused["Retry-After"]) <= 3600
    assert f"That was too often. Wait {refused['Retry-After']} seconds, then try again." in text(refused)
    assert not refused.cookies.get("sessionid")
    assert [one["value"] for one in attributes(refused, "input") if one["name"] == "username"] == ["edith"]
    assert Client().get(LOGIN).status_code == 200
    assert sign_in("other").status_code == 302
    assert sign_in("edith", REMOTE_ADDR="192.0.2.7").status_code == 302


@pytest.mark.parametrize("spelling", ["edith", " edith ", "\uff45dith"], ids=["same", "spaces", "wide letter"])
def test_the_page_and_the_api_count_together_however_the_name_is_spelt(
    settings: Any, editor: Any, spelling: str
) -> None:
    settings.THROTTLE_TOKENS = Rate(2, 3600)

    assert (ask_for_token("edith"), sign_in(spelling).status_code) == (201, 302)

    assert (ask_for_token("edith"), sign_in(spelling).status_code) == (429, 429)


@pytest.mark.parametrize("body", [{}, {"username": "\0"}, {"username": "x" * 10_000}])
def test_nonsense_is_answered_by_the_page(transactional_db: None, body: dict[str, str]) -> None:
    assert Client().post(LOGIN, body).status_code == 200


def test_the_admin_has_no_sign_in_of_its_own(make_user: Callable[..., Any]) -> None:
    make_user("root", is_staff=True, is_superuser=True)
    browser = Client()

    way_in = browser.get("/admin/photos/photo/", follow=True)

    assert way_in.redirect_chain[-1][0] == "/login/?next=/admin/photos/photo/"
    passed = browser.post(way_in.redirect_chain[-1][0], {"username": "root", "password": PASSWORD}, follow=True)
    assert (passed.status_code, passed.redirect_chain) == (200, [("/admin/photos/photo/", 302)])
    assert browser.get("/admin/login/", follow=True).redirect_chain[-1][0] == "/admin/"
    assert Client().post("/admin/login/", {"username": "root", "password": PASSWORD}).status_code == 405


def test_who_is_no_staff_is_refused_by_the_admin_and_not_sent_in_circles(browser: Client) -> None:
    for path in ("/admin/", "/admin/login/", "/admin/photos/photo/?q=x"):
        answer = browser.get(path, follow=True)
        assert (answer.status_code, "Not allowed" in text(answer)) == (403, True), path
