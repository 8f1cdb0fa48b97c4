"""The API in a browser: forms, filters and links, for people who look around in it."""

from __future__ import annotations

import re
from collections.abc import Callable
from html import unescape
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from photos.models import Album, Photo, Role, Workspace
from tests import pictures

PHOTOS = "/api/v1/photos/"


@pytest.fixture
def browser(editor: Any) -> Client:
    """The editor's browser."""
    client = Client(headers={"Accept": "text/html"})
    client.force_login(editor)
    return client


def choices(page: str, name: str) -> list[str]:
    """The values that a select offers."""
    (select,) = re.findall(rf'<select[^>]* name="{name}".*?</select>', page, re.DOTALL)
    return re.findall(r'<option value="([^"]*)"', select)


def upload_form(page: str) -> str:
    """The form with the file button."""
    (form,) = [form for form in re.findall(r"<form.*?</form>", page, re.DOTALL) if 'type="file"' in form]
    return form


def test_a_picture_can_be_uploaded_by_the_form(browser: Client, workspace: Workspace) -> None:
    album = Album.objects.create(workspace=workspace, name="Alps")
    form = upload_form(browser.get(PHOTOS).content.decode())
    assert choices(form, "workspace") == ["main"]
    assert choices(form, "album") == ["", str(album.pk)]
    assert {"file", "title", "kind", "is_primary"} <= set(re.findall(r'name="(\w+)"', form))

    file = SimpleUploadedFile("x.jpg", pictures.jpeg())
    fields = {
        "file": file,
        "workspace": "main",
        "album": str(album.pk),
        "title": "Summit",
        "kind": "",
        "is_primary": "true",
    }
    answer = browser.post(PHOTOS, fields)

    assert answer.status_code == 201
    assert "HTTP 201 Created" in re.sub(r"<[^>]*>", "", answer.content.decode())
    photo = Photo.objects.get()
    assert (photo.title, photo.album, photo.is_primary) == ("Summit", album, True)


def test_the_form_offers_nothing_of_other_workspaces(
    browser: Client, workspace: Workspace, editor: Any, make_user: Callable[..., Any]
) -> None:
    for slug, public in (("theirs", False), ("open", True), ("watched", False)):
        other = Workspace.objects.create(slug=slug, name=f"Name of {slug}", is_public=public)
        Album.objects.create(workspace=other, name=f"Album of {slug}")
        make_user(f"user-{slug}", other)
    other.membership_set.create(user=editor, role=Role.VIEWER)

    page = browser.get(PHOTOS).content.decode()

    form = upload_form(page)
    assert choices(form, "workspace") == ["main"]
    assert choices(form, "album") == [""]
    assert "theirs" not in page


def test_who_may_not_upload_gets_no_form_but_a_way_to_sign_in(
    workspace: Workspace, take_in: Callable[..., Photo]
) -> None:
    Workspace.objects.update(is_public=True)
    take_in(title="Seen by all")

    page = Client(headers={"Accept": "text/html"}).get(PHOTOS).content.decode()

    assert "Seen by all" in page
    assert 'type="file"' not in page
    assert f'href="/login/?next={PHOTOS}"' in page


def test_a_photo_links_to_its_images(browser: Client, take_in_complete: Callable[..., Photo]) -> None:
    photo = take_in_complete(pictures.jpeg(640, 480))

    page = browser.get(f"{PHOTOS}{photo.pk}/").content.decode()

    links = [unescape(link).removeprefix("http://testserver") for link in re.findall(r'<a href="([^"]+)"', page)]
    images = [photo.original_url(), *(photo.thumbnail_url(size) for size in ("small", "medium", "large"))]
    for address in images:
        assert address in links
        assert browser.head(str(address)).status_code == 200


def test_the_filters_are_shown_and_work(browser: Client, take_in: Callable[..., Photo]) -> None:
    take_in(title="Summit")
    take_in(title="Valley")

    page = browser.get(PHOTOS).content.decode()
    for name in ("workspace", "status", "kind", "q", "created_after"):
        assert re.search(rf'name="{name}"', page)
    # As the form sends it: what is not filled in comes too.
    found = browser.get(PHOTOS, {"q": "summ", "status": "", "album": "", "is_primary": "", "created_after": ""})

    assert "Summit" in found.content.decode()
    assert "Valley" not in found.content.decode()


@pytest.mark.parametrize(
    "path", ["", "photos/", "workspaces/", "albums/", "workspaces/main/", "workspaces/main/members/"]
)
def test_every_page_shows_itself(browser: Client, path: str) -> None:
    answer = browser.get(f"/api/v1/{path}")

    assert answer.status_code == 200
    assert answer.headers["Content-Type"].startswith("text/html")


def test_pages_name_nobody_elses_site(browser: Client) -> None:
    page = browser.get(PHOTOS).content.decode()

    assert re.findall(r'(?:src|href|action)="((?:https?:)?//(?!testserver)[^"]*)"', page) == []


@pytest.mark.parametrize("query", ["version=2", "version=%0d%0aX-Evil:%201", "lang=de", "version=%00"])
def test_the_schema_is_the_same_whatever_the_query_says(db: None, query: str) -> None:
    plain, asked = Client().get("/api/v1/schema/"), Client().get(f"/api/v1/schema/?{query}")

    assert (asked.status_code, asked.content) == (200, plain.content)
    assert asked.headers["Content-Disposition"] == plain.headers["Content-Disposition"]
