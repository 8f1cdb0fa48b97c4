"""Pages of other origins: only those that the environment names, only the API, and never with cookies."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from rest_framework.test import APIClient

from photos.models import Photo

PHOTOS = "/api/v1/photos/"
SHOP, STRANGER = "https://shop.example.org", "https://stranger.example.org"


@pytest.fixture(autouse=True)
def shop(settings: Any) -> None:
    settings.CORS_ALLOWED_ORIGINS = [SHOP]


def preflight(path: str, origin: str, method: str = "POST", headers: str = "authorization,prefer") -> Any:
    asked = {"Origin": origin, "Access-Control-Request-Method": method, "Access-Control-Request-Headers": headers}
    return Client().options(path, headers=asked)


def allowed(answer: Any) -> dict[str, str]:
    return {name: value for name, value in answer.headers.items() if name.startswith("Access-Control-")}


@pytest.mark.parametrize("method", ["GET", "POST", "PATCH", "DELETE"])
def test_a_page_of_a_named_origin_may_ask(transactional_db: None, method: str) -> None:
    answer = preflight(PHOTOS, SHOP, method)

    assert (answer.status_code, answer.content) == (200, b"")
    assert answer["Access-Control-Allow-Origin"] == SHOP
    assert method in answer["Access-Control-Allow-Methods"]
    headers = answer["Access-Control-Allow-Headers"].split(", ")
    assert {"authorization", "content-type", "prefer", "range", "if-none-match", "last-event-id"} <= set(headers)
    assert "Access-Control-Allow-Credentials" not in answer
    assert "origin" in answer["Vary"].lower()


def test_it_may_read_the_answer_with_the_headers_that_matter(api: APIClient, photo: Photo) -> None:
    answer = api.get(f"{PHOTOS}{photo.pk}/status/", headers={"Origin": SHOP})

    assert answer["Access-Control-Allow-Origin"] == SHOP
    exposed = set(answer["Access-Control-Expose-Headers"].split(", "))
    assert {"ETag", "Location", "Retry-After", "Preference-Applied", "Content-Range", "Content-Disposition"} <= exposed
    assert "Access-Control-Allow-Credentials" not in answer


@pytest.mark.parametrize("path", [PHOTOS, "/api/v1/no/such/thing/", "/api/v1/auth/token/"])
def test_errors_may_be_read_too(transactional_db: None, path: str) -> None:
    answer = Client().delete(path, headers={"Origin": SHOP})

    assert answer.json()["error"]
    assert answer["Access-Control-Allow-Origin"] == SHOP


@pytest.mark.parametrize(
    "origin", [STRANGER, "null", f"{SHOP}.evil.org", SHOP.replace("https", "http"), f"{SHOP}:8443"]
)
def test_no_other_origin_may(transactional_db: None, origin: str) -> None:
    assert allowed(preflight(PHOTOS, origin)) == {}
    assert allowed(Client().get(PHOTOS, headers={"Origin": origin})) == {}


@pytest.mark.parametrize("path", ["/", "/login/", "/admin/login/", "/health/live"])
def test_only_the_api_is_open(transactional_db: None, path: str) -> None:
    assert allowed(preflight(path, SHOP)) == {}
    assert allowed(Client().get(path, headers={"Origin": SHOP})) == {}


def test_without_a_named_origin_none_may(settings: Any, transactional_db: None) -> None:
    settings.CORS_ALLOWED_ORIGINS = []

    assert allowed(preflight(PHOTOS, SHOP)) == {}
