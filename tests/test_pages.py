"""The pages as people find them: gallery, photo, upload, signing in and out."""

from __future__ import annotations

import re
from collections.abc import Callable
from html import unescape
from typing import Any
from uuid import UUID

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from photos.models import Photo, Role, ThumbnailStatus, Workspace
from photos.web import views
from tests import pictures
from tests.workbench import rings

GALLERY = "/workspaces/main/"
UPLOAD = "/workspaces/main/upload/"
PASSWORD = "a long enough password"

TakeIn = Callable[..., Photo]


def text(answer: Any) -> str:
    """What a reader sees."""
    return " ".join(unescape(re.sub(r"<[^>]*>", " ", answer.content.decode())).split())


def attributes(answer: Any, tag: str) -> list[dict[str, str]]:
    """The attributes of each such tag."""
    found = re.findall(rf"<{tag}\b([^>]*)>", answer.content.decode())
    return [{name: unescape(value) for name, value in re.findall(r'([\w-]+)="([^"]*)"', one)} for one in found]


@pytest.fixture
def as_user(workspace: Workspace) -> Callable[[Any], Client]:
    """Makes a browser in which somebody is signed in, or nobody."""

    def make(user: Any) -> Client:
        client = Client()
        if user:
            client.force_login(user)
        return client

    return make


@pytest.fixture
def browser(as_user: Callable[[Any], Client], editor: Any) -> Client:
    """The editor's browser."""
    return as_user(editor)


def test_the_gallery_shows_each_photo_in_its_state(
    browser: Client, take_in_complete: TakeIn, failed_photo: Photo, take_in: TakeIn
) -> None:
    complete = take_in_complete(pictures.jpeg(1000, 500), title="Wide")
    pending = take_in(title="Waiting")

    page = browser.get(GALLERY)

    assert page.status_code == 200
    (image,) = attributes(page, "img")
    assert image["src"] == complete.thumbnail_url("small")
    assert image["srcset"] == ", ".join(
        f"{complete.thumbnail_url(size)} {width}w" for size, width in (("small", 150), ("medium", 400), ("large", 800))
    )
    assert int(image["width"]) / int(image["height"]) == 2
    assert image["sizes"]
    assert f"failed: {failed_photo.thumbnail_error}" in text(page)
    assert "pending … Waiting" in text(page)
    links = [link["href"] for link in attributes(page, "a") if "card" in link.get("class", "")]
    assert links == [photo.get_absolute_url() for photo in (pending, complete, failed_photo)]
    assert all(browser.get(link).status_code == 200 for link in links)


def test_the_gallery_asks_as_often_for_many_photos_as_for_few(
    browser: Client, take_in_complete: TakeIn, take_in: TakeIn, failed_photo: Photo, django_assert_num_queries: Any
) -> None:
    for more, cards in ((1, 3), (12, 27)):
        for _ in range(more):
            take_in_complete()
            take_in()
        # The session, the user, the workspace, its photos, the right to upload.
        with django_assert_num_queries(5):
            assert browser.get(GALLERY).content.count(b'class="card') == cards


def test_older_photos_are_on_the_next_page(browser: Client, take_in: TakeIn, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(views, "PAGE_PHOTOS", 2)
    for n in range(4):
        take_in(title=f"Photo {n}")

    first = browser.get(GALLERY)
    (older,) = [link["href"] for link in attributes(first, "a") if "before" in link["href"]]
    last = browser.get(GALLERY + older)

    assert ["Photo 3" in text(first), "Photo 2" in text(first), "Photo 1" in text(first)] == [True, True, False]
    assert ["Photo 2" in text(last), "Photo 1" in text(last), "Photo 0" in text(last)] == [False, True, True]
    assert "Older" not in text(last)
    assert "Photo 3" in text(browser.get(f"{GALLERY}?before=nonsense"))


def test_an_empty_gallery_says_so_and_offers_the_upload_to_who_may(
    browser: Client, as_user: Callable[[Any], Client]
) -> None:
    Workspace.objects.update(is_public=True)

    assert "No photos here yet. Upload the first" in text(browser.get(GALLERY))
    visitor = as_user(None).get(GALLERY)
    assert "No photos here yet." in text(visitor)
    assert "Upload" not in text(visitor)


def test_a_private_gallery_is_as_if_it_did_not_exist_and_shows_the_way_in(
    as_user: Callable[[Any], Client], make_user: Callable[..., Any], photo: Photo
) -> None:
    stranger, visitor = as_user(make_user("stranger")), as_user(None)
    for path, unknown in ((GALLERY, "/workspaces/nowhere/"), (photo.get_absolute_url(), f"/photos/{UUID(int=0)}/")):
        assert stranger.get(path).status_code == 404
        page = visitor.get(path)
        assert page.status_code == 404
        assert {link["href"] for link in attributes(page, "a")} >= {f"/login/?next={path}"}
        assert text(page) == text(visitor.get(unknown))


def test_signing_in_leads_back_and_signing_out_ends_it(client: Client, editor: Any, photo: Photo) -> None:
    path = photo.get_absolute_url()
    credentials = {"username": "edith", "password": PASSWORD, "next": path}

    wrong = client.post("/login/", credentials | {"password": "wrong"})
    assert "Please enter a correct username and password" in text(wrong)
    assert wrong.status_code == 200
    assert client.post("/login/", credentials)["Location"] == path
    assert client.get(path).status_code == 200
    assert client.get("/")["Location"] == GALLERY
    assert client.get("/login/", {"next": "/login/"}).status_code == 200
    assert client.get("/logout/").status_code == 405
    assert client.post("/logout/")["Location"] == "/"
    assert client.get(path).status_code == 404
    assert client.get("/")["Location"] == "/login/"


@pytest.mark.parametrize(
    "target", ["https://evil.example/", "//evil.example/", "/\\evil.example", "javascript:alert(1)"]
)
def test_signing_in_never_leads_to_another_site(client: Client, editor: Any, target: str) -> None:
    (field,) = [one for one in attributes(client.get("/login/", {"next": target}), "input") if one["name"] == "next"]
    assert field["value"] == ""

    answer = client.post("/login/", {"username": "edith", "password": PASSWORD, "next": target})

    assert (answer.status_code, answer["Location"]) == (302, "/")


def test_who_is_in_no_workspace_is_told_whom_to_ask(
    as_user: Callable[[Any], Client], make_user: Callable[..., Any]
) -> None:
    assert "Ask an owner of one to add norbert." in text(as_user(make_user("norbert")).get("/"))


def test_a_photo_has_a_page_with_all_that_is_known_of_it(
    browser: Client, take_in_complete: TakeIn, editor: Any
) -> None:
    photo = take_in_complete(pictures.jpeg(1000, 500), "wide.jpg", title="Wide", kind="item", uploaded_by=editor)

    page = browser.get(photo.get_absolute_url())

    (image,) = attributes(page, "img")
    assert (image["src"], image["width"], image["height"]) == (photo.thumbnail_url("large"), "800", "400")
    for fact in ("Wide", "wide.jpg", "1000 × 500 px", "image/jpeg", "item", "by edith", "150 × 75 px", "complete"):
        assert fact in text(page)
    links = {link["href"] for link in attributes(page, "a")}
    assert {photo.original_url(), *(photo.thumbnail_url(size) for size in ("small", "medium", "large"))} <= links
    assert "Retry" not in text(page)


def test_a_photo_that_will_be_tried_again_says_why_it_waits(browser: Client, photo: Photo) -> None:
    Photo.objects.update(thumbnail_error_code="timeout", thumbnail_error="It took too long.")

    assert "The last attempt failed: It took too long. It will be tried again by itself." in text(
        browser.get(photo.get_absolute_url())
    )


@pytest.mark.parametrize(
    ("role", "may"), [(Role.VIEWER, False), (Role.EDITOR, True), (Role.OWNER, True), (None, False)]
)
def test_only_who_may_edit_finds_the_retry_button_and_can_use_it(
    as_user: Callable[[Any], Client],
    make_user: Callable[..., Any],
    workspace: Workspace,
    failed_photo: Photo,
    role: Role | None,
    may: bool,
) -> None:
    Workspace.objects.update(is_public=True)
    client = as_user(make_user("somebody", workspace if role else None, role))
    path = failed_photo.get_absolute_url()

    page = client.get(path)
    answer = client.post(f"{path}retry/")

    assert f"failed: {failed_photo.thumbnail_error}" in text(page)
    assert ("Retry" in text(page)) == may
    assert answer.status_code == (302 if may else 403)
    failed_photo.refresh_from_db()
    assert failed_photo.thumbnail_status == (ThumbnailStatus.PENDING if may else ThumbnailStatus.FAILED)
    if may:
        assert "The thumbnails will be tried again." in text(client.get(path))
        client.post(f"{path}retry/")
        assert "has not failed" in text(client.get(path))


def test_of_several_files_the_good_are_taken_in_and_the_bad_is_named(
    browser: Client, stored_files: Callable[[], set[str]]
) -> None:
    files = [
        SimpleUploadedFile("one.jpg", pictures.jpeg()),
        SimpleUploadedFile("bad <b>.jpg", b"not a picture"),
        SimpleUploadedFile("empty.png", b""),
        SimpleUploadedFile("two.png", pictures.png()),
        SimpleUploadedFile("one again.jpg", pictures.jpeg()),
    ]

    page = browser.post(UPLOAD, {"photos": files}, follow=True)

    said = text(page)
    assert page.redirect_chain == [(GALLERY, 302)]
    assert "one.jpg: taken in." in said
    assert "two.png: taken in." in said
    assert "one.jpg: already here." in said
    assert "bad <b>.jpg: The file is not a picture" in said
    assert "empty.png: The file is empty" in said
    assert set(Photo.objects.values_list("original_filename", flat=True)) == {"one.jpg", "two.png"}
    assert len(stored_files()) == rings() == 2


def test_the_upload_page_asks_for_a_file_when_none_came(browser: Client) -> None:
    page = browser.get(UPLOAD)
    assert {"name": "photos", "type": "file"}.items() <= attributes(page, "input")[-1].items()
    assert "multiple" in page.content.decode()
    assert "each at most 50.0\xa0MB, together 201.0\xa0MB" in unescape(page.content.decode())

    answer = browser.post(UPLOAD)

    assert answer.status_code == 400
    assert "This field is required." in text(answer)


@pytest.mark.parametrize("method", ["get", "post"])
def test_only_who_may_edit_reaches_the_upload_page(
    as_user: Callable[[Any], Client], make_user: Callable[..., Any], workspace: Workspace, method: str
) -> None:
    def reach(user: Any) -> Any:
        return getattr(as_user(user), method)(UPLOAD)

    stranger, viewer = make_user("stranger"), make_user("viktor", workspace, Role.VIEWER)
    assert (reach(None).status_code, reach(None)["Location"]) == (302, f"/login/?next={UPLOAD}")
    assert reach(stranger).status_code == 404
    assert reach(viewer).status_code == 403
    assert "Your role does not allow this" in text(reach(viewer))


def test_names_and_titles_are_text_and_never_markup(browser: Client, take_in_complete: TakeIn) -> None:
    evil = "\"><script>alert('x')</script>"
    photo = take_in_complete(title=evil, name="<img src=x>.jpg", kind="<b>kind</b>")
    Workspace.objects.update(name=evil)

    for path in (GALLERY, photo.get_absolute_url(), UPLOAD):
        page = browser.get(path)
        assert evil in text(page)
        assert not attributes(page, "script")
        assert all("alert" not in value for tag in ("img", "a") for one in attributes(page, tag) for value in one)
        assert "<b>kind" not in page.content.decode()


def test_the_process_says_that_it_lives(client: Client, db: None, django_assert_num_queries: Any) -> None:
    with django_assert_num_queries(0):
        answer = client.get("/health/live", headers={"host": "10.1.2.3"})

    assert (answer.status_code, answer.content) == (200, b"ok\n")


def test_each_width_is_named_once_for_a_picture_smaller_than_the_presets(
    browser: Client, take_in_complete: TakeIn
) -> None:
    photo = take_in_complete(pictures.png(200, 100))

    (image,) = attributes(browser.get(GALLERY), "img")

    assert image["srcset"] == f"{photo.thumbnail_url('small')} 150w, {photo.thumbnail_url('large')} 200w"


def test_a_browser_finds_the_icon_where_it_looks_for_it(client: Client) -> None:
    assert client.get("/favicon.ico").headers["Location"] == "/static/icon.svg"


def test_who_uploaded_a_photo_is_told_to_members_only(client: Client, take_in: TakeIn, editor: Any) -> None:
    address = take_in(uploaded_by=editor).get_absolute_url()
    Workspace.objects.update(is_public=True)
    assert b"edith" not in client.get(address).content

    client.force_login(editor)

    assert b"by edith" in client.get(address).content
