"""Every page forbids the browser what it does not need: nothing from elsewhere, no script or style but from a file."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import re
from collections.abc import Callable
from typing import Any

import pytest
from django.conf import settings
from django.test import AsyncClient, Client

from photos.models import Album, Photo, Role, Workspace
from photos.security_policy import POLICY

HANDLER = re.compile(r"<[^>]*\son[a-z]+\s*=", re.IGNORECASE)
INLINE_SCRIPT = re.compile(r"<script(?![^>]*\bsrc=)(?![^>]*type=\"application/json\")[^>]*>", re.IGNORECASE)
INLINE_STYLE = re.compile(r"<style\b", re.IGNORECASE)
STYLE_ATTRIBUTE = re.compile(r"<[^>]*\sstyle=\"([^\"]*)\"", re.IGNORECASE)
LOADED = re.compile(r"<(?:script|img|link|iframe|source)\b[^>]*?\b(?:src|href)=\"([^\"]+)\"", re.IGNORECASE)


def directives(answer: Any) -> dict[str, list[str]]:
    """What the answer's policy says."""
    policy = answer.headers["Content-Security-Policy"]
    return {name: values for name, *values in (part.split() for part in policy.split(";"))}


@pytest.fixture
def paths(workspace: Workspace, failed_photo: Photo, take_in_complete: Callable[..., Photo]) -> list[str]:
    """Every page for people."""
    photo, album = take_in_complete(), Album.objects.create(workspace=workspace, name="Alps")
    main, admin, api = "/workspaces/main/", "/admin/", "/api/v1/"
    return [
        *("/workspaces/", "/workspaces/new/", "/password/", "/nowhere/", "/api/nowhere"),
        *(main + page for page in ("", "albums/", "upload/", "members/", "settings/", "delete/")),
        *(f"{main}albums/{album.pk}/{page}" for page in ("", "edit/", "delete/")),
        *(f"/photos/{one.pk}/" for one in (photo, failed_photo)),
        f"/photos/{photo.pk}/delete/",
        *(admin + page for page in ("", "photos/photo/", "photos/photo/?q=x", "photos/workspace/", "auth/user/add/")),
        *(f"{admin}photos/{page}/change/" for page in (f"photo/{photo.pk}", f"workspace/{workspace.pk}")),
        *(api + page for page in ("", "photos/", f"photos/{photo.pk}/", "workspaces/", "albums/", "thumbnails/")),
        *(api + page for page in ("workspaces/main/members/", "docs/")),
    ]


def test_no_page_has_anything_that_the_policy_forbids(
    paths: list[str], make_user: Callable[..., Any], workspace: Workspace
) -> None:
    signed_in, visitor = Client(headers={"Accept": "text/html"}), Client(headers={"Accept": "text/html"})
    signed_in.force_login(make_user("root", workspace, Role.OWNER, is_staff=True, is_superuser=True))
    for path in [*paths, "/login/", "/admin/login/"]:
        for client in (signed_in, visitor):
            answer = client.get(path)
            assert "unsafe-inline" not in answer.headers["Content-Security-Policy"], path
            assert directives(answer)["default-src"] == ["'none'"], path
            page = answer.content.decode() if answer.headers["Content-Type"].startswith("text/html") else ""
            assert not HANDLER.search(page), path
            assert not INLINE_SCRIPT.search(page), path
            assert not INLINE_STYLE.search(page), path
            for style in STYLE_ATTRIBUTE.findall(page):
                digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
                assert f"'sha256-{digest}'" in directives(answer).get("style-src-attr", []), (path, style)
            for address in LOADED.findall(page):
                assert address.startswith(("/", "#", "data:image/", "http://testserver/")), (path, address)


def test_the_policy_loads_from_here_only_and_can_be_framed_by_nobody() -> None:
    said = {name: values for name, *values in (part.split() for part in POLICY.split(";"))}
    assert said["script-src"] == said["style-src"] == said["connect-src"] == said["form-action"] == ["'self'"]
    assert said["img-src"] == ["'self'", "data:", "blob:"]
    assert said["default-src"] == said["base-uri"] == said["frame-ancestors"] == ["'none'"]


def test_an_image_keeps_its_own_policy(client: Client, take_in_complete: Callable[..., Photo]) -> None:
    photo = take_in_complete()
    Workspace.objects.update(is_public=True)
    for address in (photo.original_url(), str(photo.thumbnail_url("small"))):
        answer = client.get(address)
        answer.close()
        assert answer.headers["Content-Security-Policy"] == "default-src 'none'; sandbox"


def test_error_pages_have_it_too(db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    client = Client(raise_request_exception=False, enforce_csrf_checks=True)
    assert client.get("/", headers={"host": "nonsense"}).headers["Content-Security-Policy"] == POLICY
    refused = client.post("/login/", {"username": "x"})
    assert (refused.status_code, refused.headers["Content-Security-Policy"]) == (403, POLICY)
    assert not INLINE_STYLE.search(refused.content.decode())
    assert "Reload the page" in refused.content.decode()

    def broken(*_: Any) -> None:
        raise RuntimeError

    monkeypatch.setattr(Workspace.objects, "visible_to", broken)
    crashed = client.get("/workspaces/main/")
    assert (crashed.status_code, crashed.headers["Content-Security-Policy"]) == (500, POLICY)


def test_it_holds_under_asgi_as_well(transactional_db: None) -> None:
    answer = asyncio.run(AsyncClient().get("/login/"))
    assert answer.headers["Content-Security-Policy"] == POLICY


def test_it_comes_before_all_that_answers_pages() -> None:
    assert settings.MIDDLEWARE.index("photos.security_policy.security_policy") < settings.MIDDLEWARE.index(
        "servestatic.middleware.ServeStaticMiddleware"
    )
