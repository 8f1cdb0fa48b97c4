"""Every error of the API has one shape, whoever raises it, and no error is a page."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.http import HttpRequest
from django.test import Client
from rest_framework.test import APIClient

from photos import uploads
from photos.models import Photo
from tests import pictures

PHOTOS = "/api/v1/photos/"


def error_of(answer: Any, status: int, code: str) -> dict[str, Any]:
    """The error, after a look at its shape."""
    assert answer["Content-Type"] == "application/json"
    assert (answer.status_code, list(answer.json())) == (status, ["error"]), answer.content
    error: dict[str, Any] = answer.json()["error"]
    assert error["code"] == code
    assert {"code", "message"} <= set(error) <= {"code", "message", "details"}
    assert error["message"].endswith(".")
    return error


@pytest.mark.parametrize(
    "path", ["/api/", "/api/v1/nothing/", "/api/v2/photos/", f"{PHOTOS}1/", f"{PHOTOS}not-a-uuid/retry/"]
)
def test_an_address_that_is_none_is_not_found(db: None, client: Client, path: str) -> None:
    error_of(client.get(path, headers={"Accept": "text/html"}), 404, "not_found")


@pytest.mark.parametrize("path", ["photos", "auth/token", "workspaces/main", f"photos/{UUID(int=0)}/retry", "nothing"])
@pytest.mark.parametrize("method", ["GET", "POST", "DELETE", "PATCH"])
def test_an_address_without_its_slash_is_not_found_and_says_why(api: APIClient, method: str, path: str) -> None:
    error = error_of(api.generic(method, f"/api/v1/{path}", b"{}", content_type="application/json"), 404, "not_found")

    assert "slash" in error["message"]


def test_a_page_without_its_slash_is_still_found(db: None, client: Client) -> None:
    assert client.get("/login")["Location"] == "/login/"


def test_an_id_that_is_none_is_not_found(api: APIClient) -> None:
    error_of(api.get(f"{PHOTOS}{UUID(int=0)}/"), 404, "not_found")


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("PUT", PHOTOS, {"GET", "POST"}),
        ("PATCH", f"{PHOTOS}{{id}}/original/", {"GET"}),
        ("GET", f"{PHOTOS}{{id}}/retry/", {"POST"}),
        ("PUT", f"{PHOTOS}{{id}}/", {"GET", "PATCH", "DELETE"}),
        ("PUT", "/api/v1/workspaces/", {"GET", "POST"}),
        ("PUT", "/api/v1/workspaces/main/", {"GET", "PATCH", "DELETE"}),
        ("PUT", "/api/v1/workspaces/main/members/", {"GET", "POST"}),
        ("PUT", "/api/v1/workspaces/main/members/edith/", {"GET", "PATCH", "DELETE"}),
        ("DELETE", "/api/v1/albums/", {"GET", "POST"}),
        ("GET", "/api/v1/auth/token/", {"POST", "DELETE"}),
        ("BREW", PHOTOS, {"GET", "POST"}),
    ],
)
def test_a_method_that_is_not_there_is_answered_with_those_that_are(
    api: APIClient, photo: Photo, method: str, path: str, allowed: set[str]
) -> None:
    answer = api.generic(method, path.format(id=photo.pk))

    error_of(answer, 405, "method_not_allowed")
    assert allowed <= {name.strip() for name in answer["Allow"].split(",")}
    assert method not in answer["Allow"]


@pytest.mark.parametrize("header", [None, "Token", "Token abc", "Token a b", "Token ü", "Basic YTpi"])
def test_who_does_not_say_who_he_is_gets_401_and_is_told_how_to(
    api: APIClient, photo: Photo, header: str | None
) -> None:
    api.credentials(**({"HTTP_AUTHORIZATION": header} if header else {}))

    answer = api.delete(f"{PHOTOS}{photo.pk}/")

    error_of(answer, 401, "not_authenticated")
    assert answer["WWW-Authenticate"] == "Token"


def test_who_may_look_but_not_do_gets_403(
    make_user: Callable[..., Any], api_as: Callable[[Any], APIClient], photo: Photo
) -> None:
    viewer = make_user("viktor", photo.workspace, "viewer")

    error_of(api_as(viewer).delete(f"{PHOTOS}{photo.pk}/"), 403, "permission_denied")


def test_a_session_needs_the_csrf_token(editor: Any, photo: Photo) -> None:
    browser = APIClient(enforce_csrf_checks=True)
    browser.force_login(editor)
    path = f"{PHOTOS}{photo.pk}/"

    error_of(browser.delete(path), 403, "csrf_failed")

    browser.get(f"/photos/{photo.pk}/")
    token = browser.cookies["csrftoken"].value
    assert browser.delete(path, headers={"X-CSRFToken": token}).status_code == 204


def test_a_type_that_is_not_made_is_refused_in_json(api: APIClient) -> None:
    error_of(api.get(PHOTOS, headers={"Accept": "image/png"}), 406, "not_acceptable")


def test_a_content_type_that_is_not_read_is_refused(api: APIClient) -> None:
    told = error_of(api.generic("POST", PHOTOS, b"<x/>", content_type="text/xml"), 415, "unsupported_format")
    assert told["details"] == {"content_types": ["multipart/form-data", "application/json"]}


@pytest.mark.parametrize("slug", ["a\0b", "a b", "ä"])
def test_a_filter_of_the_wrong_type_is_named(api: APIClient, slug: str) -> None:
    for path in (PHOTOS, "/api/v1/albums/"):
        error = error_of(api.get(path, {"workspace": slug}), 400, "invalid")
        assert list(error["details"]) == ["workspace"]


def test_a_host_that_is_not_ours_is_refused(db: None, client: Client) -> None:
    error_of(client.get(PHOTOS, headers={"Host": "evil.example"}), 400, "invalid")


@pytest.fixture
def broken(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A bug in the middle of an upload."""

    def crash(*_: Any, **__: Any) -> None:
        raise ZeroDivisionError("the bug's own words")

    monkeypatch.setattr(uploads, "ingest", crash)
    yield "the bug's own words"


def test_a_crash_answers_with_a_request_id_that_the_log_has_too(
    api: APIClient, broken: str, caplog: pytest.LogCaptureFixture
) -> None:
    file = SimpleUploadedFile("photo.jpg", pictures.jpeg())

    answer = api.post(PHOTOS, {"file": file}, format="multipart", headers={"Accept": "text/html"})

    error = error_of(answer, 500, "internal_error")
    assert broken not in answer.text
    (record,) = [record for record in caplog.records if record.name == "photos.api.errors"]
    assert record.levelno == logging.ERROR
    assert record.__dict__["request_id"] == error["details"]["request_id"]
    assert broken in caplog.text


def test_a_crash_outside_the_views_answers_alike(
    api: APIClient, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    from django.middleware.common import CommonMiddleware

    def crash(self: Any, request: HttpRequest) -> None:
        raise ZeroDivisionError("the bug's own words")

    monkeypatch.setattr(CommonMiddleware, "process_request", crash)
    api.raise_request_exception = False

    answer = api.get(PHOTOS)

    error = error_of(answer, 500, "internal_error")
    (record,) = [record for record in caplog.records if record.name == "photos.api.errors"]
    assert record.__dict__["request_id"] == error["details"]["request_id"]
    assert record.exc_info
    assert api.get("/workspaces/main/")["Content-Type"].startswith("text/html")


def test_a_storage_that_is_down_refuses_the_upload_and_leaves_nothing(
    api: APIClient, media: Path, stored_files: Callable[[], set[str]]
) -> None:
    media.write_text("no folder can be made here")

    answer = api.post(PHOTOS, {"file": SimpleUploadedFile("photo.jpg", pictures.jpeg())}, format="multipart")

    error_of(answer, 503, "storage_unavailable")
    assert int(answer["Retry-After"]) > 0
    assert not Photo.objects.exists()
    media.unlink()
    assert not stored_files()


def test_an_image_that_is_gone_from_the_storage_is_not_found(api: APIClient, photo: Photo, media: Path) -> None:
    (media / photo.original_path).unlink()

    error_of(api.get(photo.original_url()), 404, "not_found")
    error_of(api.get(photo.original_url(), headers={"Accept": "image/*"}), 404, "not_found")


def test_a_storage_that_is_down_says_so_for_images_too(api: APIClient, photo: Photo, media: Path) -> None:
    path = media / photo.original_path
    path.unlink()
    path.mkdir()

    answer = api.get(photo.original_url())

    error_of(answer, 503, "storage_unavailable")
    assert int(answer["Retry-After"]) > 0
