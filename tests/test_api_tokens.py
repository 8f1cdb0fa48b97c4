"""Tokens: given for a password, stored hashed, expiring, several per user, each revocable."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.conf import settings
from django.utils import timezone
from rest_framework.test import APIClient

from photos.models import AuthToken, Workspace

TOKEN = "/api/v1/auth/token/"
PASSWORD = "a long enough password"


@pytest.fixture
def anonymous(editor: Any) -> APIClient:
    """A client without a token; the editor exists."""
    return APIClient()


def log_in(client: APIClient, username: Any = "edith", password: Any = PASSWORD) -> Any:
    # Not by the client's own encoder, which refuses half a surrogate pair.
    body = json.dumps({"username": username, "password": password})
    return client.post(TOKEN, body, content_type="application/json")


def reads_with(token: str) -> int:
    """What a private list of one's own answers to a token."""
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=f"Token {token}")
    return int(client.get("/api/v1/workspaces/").status_code)


def test_a_user_name_and_a_password_get_a_token_that_opens_what_the_user_may_see(
    anonymous: APIClient, workspace: Workspace
) -> None:
    answer = log_in(anonymous)

    assert answer.status_code == 201
    assert set(answer.json()) == {"token", "expires_at"}
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=f"Token {answer.json()['token']}")
    assert [one["slug"] for one in client.get("/api/v1/workspaces/").json()["results"]] == [workspace.slug]


def test_a_token_expires_when_it_says(anonymous: APIClient) -> None:
    answer = log_in(anonymous).json()

    expires_at = datetime.fromisoformat(answer["expires_at"])
    days = timedelta(days=settings.TOKEN_DAYS)
    assert days - timedelta(minutes=1) < expires_at - timezone.now() <= days
    assert reads_with(answer["token"]) == 200
    AuthToken.objects.update(expiry=timezone.now() - timedelta(seconds=1))
    assert reads_with(answer["token"]) == 401


def test_the_table_does_not_hold_what_would_open_the_door(anonymous: APIClient) -> None:
    token = log_in(anonymous).json()["token"]

    row = AuthToken.objects.values().get()

    assert token not in str(row)
    assert row["digest"] != token
    assert len(row["token_key"]) < len(token) / 2


def test_a_user_has_several_tokens_and_revokes_the_one_in_use_only(anonymous: APIClient) -> None:
    first, second = (log_in(anonymous).json()["token"] for _ in range(2))
    assert first != second
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=f"Token {first}")

    answer = client.delete(TOKEN)

    assert (answer.status_code, answer.content) == (204, b"")
    assert (reads_with(first), reads_with(second)) == (401, 200)
    assert client.delete(TOKEN).status_code == 401


def test_revoking_takes_a_token_not_a_session(anonymous: APIClient, editor: Any) -> None:
    anonymous.force_login(editor)

    answer = anonymous.delete(TOKEN)

    assert (answer.status_code, answer.json()["error"]["code"]) == (401, "not_authenticated")
    assert answer["WWW-Authenticate"] == "Token"


@pytest.mark.parametrize(
    ("username", "password"), [("edith", "wrong"), ("nobody", PASSWORD), ("EDITH", PASSWORD), ("edith", PASSWORD + " ")]
)
def test_a_wrong_name_and_a_wrong_password_answer_alike(anonymous: APIClient, username: str, password: str) -> None:
    answer = log_in(anonymous, username, password)

    assert answer.status_code == 401
    assert answer.json() == {
        "error": {"code": "not_authenticated", "message": "The user name or the password is wrong."}
    }
    assert answer["WWW-Authenticate"] == "Token"
    assert not AuthToken.objects.exists()


def test_a_stale_token_in_the_header_does_not_hinder_getting_a_new_one(anonymous: APIClient) -> None:
    anonymous.credentials(HTTP_AUTHORIZATION="Token long-gone")

    assert log_in(anonymous).status_code == 201


def test_who_was_made_inactive_neither_gets_nor_uses_a_token(api_as: Callable[[Any], APIClient], editor: Any) -> None:
    client = api_as(editor)
    editor.is_active = False
    editor.save()

    assert client.get("/api/v1/workspaces/").status_code == 401
    assert log_in(APIClient()).status_code == 401


@pytest.mark.parametrize(
    ("username", "password", "wrong"),
    [
        ("", PASSWORD, {"username"}),
        ("edith", None, {"password"}),
        (["edith"], {}, {"username", "password"}),
        ("ed\0ith", PASSWORD, {"username"}),
        ("edith", "\ud800", {"password"}),
        ("x" * 151, "x" * 5000, {"username", "password"}),
    ],
)
def test_fields_that_are_wrong_are_named(anonymous: APIClient, username: Any, password: Any, wrong: set[str]) -> None:
    answer = log_in(anonymous, username, password)

    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "invalid")
    assert set(answer.json()["error"]["details"]) == wrong


def test_only_json_is_read(anonymous: APIClient) -> None:
    answer = anonymous.post(TOKEN, {"username": "edith", "password": PASSWORD}, format="multipart")

    assert (answer.status_code, answer.json()["error"]["code"]) == (415, "unsupported_format")
