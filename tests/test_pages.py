"""The pages as people find them: gallery, photo, upload, signing in and out."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from photos.models import Album, Photo, Role, ThumbnailStatus, Workspace
from photos.web import fields
from tests import pictures
from tests.reading import attributes, text
from tests.workbench import rings

GALLERY = "/workspaces/main/"
UPLOAD = "/workspaces/main/upload/"
PASSWORD = "a long enough password"

TakeIn = Callable[..., Photo]


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
    assert client.get("/login/", {"next": path})["Location"] == path
    assert client.get("/login/", {"next": "https://evil.example/"})["Location"] == "/"
    assert client.get("/login/", {"next": "/login/"}, follow=True).request["PATH_INFO"] == GALLERY
    assert client.get("/logout/")["Location"] == "/"
    assert client.get(path).status_code == 200
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
    page = as_user(make_user("norbert")).get("/", follow=True)
    assert "Make one, or ask an owner of one to add norbert." in text(page)


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

    assert "failed: The picture is damaged." in text(page)
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


def test_album_and_kind_are_those_of_all_files_and_the_album_is_one_of_the_workspace(
    browser: Client, workspace: Workspace
) -> None:
    alps = Album.objects.create(workspace=workspace, name="Alps")
    theirs = Album.objects.create(workspace=Workspace.objects.create(slug="other", name="Other"), name="Theirs")
    offered = attributes(browser.get(f"{UPLOAD}?album={alps.pk}"), "option")
    assert [one["value"] for one in offered if "value" in one] == ["", str(alps.pk)]
    assert "selected" in browser.get(f"{UPLOAD}?album={alps.pk}").content.decode().split("Alps")[0]
    assert browser.get(f"{UPLOAD}?album=nonsense").status_code == 200

    def send(album: Album) -> Any:
        files = [
            SimpleUploadedFile(f"{name}.png", pictures.png(*size)) for name, size in {"a": (4, 3), "b": (3, 4)}.items()
        ]
        return browser.post(UPLOAD, {"photos": files, "album": album.pk, "kind": "hike"})

    assert (send(theirs).status_code, Photo.objects.count()) == (400, 0)
    assert send(alps).status_code == 302
    assert list(Photo.objects.values_list("album", "kind")) == [(alps.pk, "hike")] * 2


def test_an_album_beyond_those_that_the_form_lists_can_be_chosen_all_the_same(
    browser: Client, workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fields, "ALBUMS_SHOWN", 1)
    _, last = (Album.objects.create(workspace=workspace, name=name) for name in ("Alps", "Zoo"))
    page = browser.get(f"{UPLOAD}?album={last.pk}")
    assert f'<option value="{last.pk}" selected>Zoo</option>' in page.content.decode()
    assert "Zoo" not in text(browser.get(UPLOAD))
    assert browser.get(f"{UPLOAD}?album=nonsense").status_code == 200

    sent = {"photos": SimpleUploadedFile("one.jpg", pictures.jpeg()), "album": str(last.pk)}
    assert browser.post(UPLOAD, sent).status_code == 302

    assert Photo.objects.get().album == last


def test_the_upload_page_asks_for_a_file_when_none_came(browser: Client) -> None:
    page = browser.get(UPLOAD)
    assert any({"name": "photos", "type": "file"}.items() <= one.items() for one in attributes(page, "input"))
    assert "multiple" in page.content.decode()
    assert "each at most 50.0 MB , together 201.0 MB" in text(page)

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
    assert reach(None)["Location"] == f"/login/?{'unsaved=1&' if method == 'post' else ''}next={UPLOAD}"
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
        assert all(one.keys() == {"type", "src"} for one in attributes(page, "script"))
        assert all("alert" not in value for tag in ("img", "a") for one in attributes(page, tag) for value in one)
        assert "<b>kind" not in page.content.decode()


def test_the_process_says_that_it_lives(client: Client, db: None, django_assert_num_queries: Any) -> None:
    with django_assert_num_queries(0):
        answer = client.get("/health/live", headers={"host": "10.1.2.3"})

    assert (answer.status_code, answer.content) == (200, b"ok\n")


def test_a_browser_finds_the_icon_where_it_looks_for_it(client: Client) -> None:
    assert client.get("/favicon.ico").headers["Location"] == "/static/icon.svg"
