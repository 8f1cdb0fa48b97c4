"""Uploads through the API: what is answered, what is stored, and where it goes."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Callable
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from PIL import Image
from rest_framework.test import APIClient

from photos.models import Album, Membership, Photo, Role, Workspace
from tests import pictures
from tests.workbench import rings, work

PHOTO_KEYS = {
    "id", "workspace", "album", "uploaded_by", "title", "kind", "is_primary", "original_filename", "content_type",
    "byte_size", "width", "height", "sha256", "is_animated", "placeholder", "thumbnail_status", "thumbnail_attempts",
    "thumbnail_error_code", "thumbnail_error", "thumbnail_recipe", "thumbnail_next_attempt_at", "created_at",
    "updated_at", "url", "thumbnail_url", "thumbnails", "outdated",
}  # fmt: skip

Stored = Callable[[], set[str]]


def upload(api: APIClient, data: bytes | None = None, name: str = "photo.jpg", **fields: Any) -> Any:
    file = SimpleUploadedFile(name, pictures.jpeg() if data is None else data)
    return api.post("/api/v1/photos/", {"file": file, **fields}, format="multipart")


def test_two_files_at_once_are_refused_rather_than_one_of_them_dropped(api: APIClient, stored_files: Stored) -> None:
    files = [SimpleUploadedFile(f"{n}.jpg", pictures.jpeg(20 + n, 20)) for n in range(2)]

    answer = api.post("/api/v1/photos/", {"file": files}, format="multipart")

    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "invalid")
    assert list(answer.json()["error"]["details"]) == ["file"]
    assert stored_files() == set()


def test_an_upload_is_answered_at_once_and_is_pending(api: APIClient, stored_files: Stored) -> None:
    data = pictures.jpeg(80, 60, orientation=6)

    answer = upload(api, data, "Sommer 🌞.jpg", title=" Sommer ", kind="item")

    photo = answer.json()
    assert answer.status_code == 201
    assert set(photo) == PHOTO_KEYS | {"duplicate", "message"}
    assert {name: photo[name] for name in ("thumbnail_status", "duplicate", "message", "outdated")} == {
        "thumbnail_status": "pending",
        "duplicate": False,
        "message": None,
        "outdated": False,
    }
    assert (photo["workspace"], photo["uploaded_by"], photo["title"]) == ("main", "edith", "Sommer")
    assert (photo["kind"], photo["album"], photo["is_primary"]) == ("item", None, False)
    assert (photo["original_filename"], photo["content_type"]) == ("Sommer 🌞.jpg", "image/jpeg")
    assert (photo["width"], photo["height"], photo["byte_size"]) == (60, 80, len(data))
    assert photo["sha256"] == hashlib.sha256(data).hexdigest()
    assert (photo["thumbnail_url"], photo["placeholder"]) == (None, None)
    assert photo["thumbnails"] == {"small": None, "medium": None, "large": None}
    assert answer["Location"] == f"http://testserver/api/v1/photos/{photo['id']}/"
    assert stored_files() == {f"originals/{photo['id']}.jpg"}
    assert rings() == 1
    detail = api.get(answer["Location"])
    assert (detail.status_code, set(detail.json())) == (200, PHOTO_KEYS)


def test_after_the_work_the_photo_has_three_thumbnails_whose_facts_are_those_of_the_files(api: APIClient) -> None:
    photo = upload(api, pictures.png(1000, 500), "wide.png").json()

    work()

    done = api.get(f"/api/v1/photos/{photo['id']}/").json()
    assert (done["thumbnail_status"], done["thumbnail_attempts"], done["outdated"]) == ("complete", 1, False)
    assert done["placeholder"]
    assert done["thumbnail_url"] == done["thumbnails"]["medium"]["url"]
    for size, expected in {"small": (150, 75), "medium": (400, 200), "large": (800, 400)}.items():
        made = done["thumbnails"][size]
        answer = api.get(made["url"])
        data = answer.getvalue()
        picture = Image.open(io.BytesIO(data))
        assert (made["width"], made["height"]) == picture.size == expected
        assert made["bytes"] == len(data) == int(answer["Content-Length"])
        assert made["content_type"] == answer["Content-Type"] == picture.get_format_mimetype() == "image/webp"


def test_the_same_bytes_again_are_skipped(api: APIClient, stored_files: Stored) -> None:
    first = upload(api, title="First").json()
    files = stored_files()

    answer = upload(api, name="other name.jpg", title="Second")

    again = answer.json()
    assert answer.status_code == 200
    assert "Location" not in answer
    assert (again["id"], again["title"], again["duplicate"]) == (first["id"], "First", True)
    assert again["thumbnail_status"] == "skipped"
    assert "same bytes" in again["message"]
    assert set(again) == PHOTO_KEYS | {"duplicate", "message"}
    assert Photo.objects.count() == 1
    assert stored_files() == files
    assert rings() == 1


def test_the_same_bytes_in_another_workspace_are_another_photo(api: APIClient, editor: Any) -> None:
    other = Workspace.objects.create(slug="other", name="Other")
    Membership.objects.create(workspace=other, user=editor, role=Role.OWNER)

    answers = [upload(api, workspace=slug) for slug in ("main", "other")]

    assert [answer.status_code for answer in answers] == [201, 201]
    assert {answer.json()["workspace"] for answer in answers} == {"main", "other"}


@pytest.mark.parametrize("fields", [{}, {"workspace": ""}])
def test_the_workspace_may_be_left_out_by_who_is_in_one_only(
    api: APIClient, editor: Any, fields: dict[str, str]
) -> None:
    Workspace.objects.create(slug="public", name="Not hers", is_public=True)
    assert upload(api, **fields).json()["workspace"] == "main"

    other = Workspace.objects.create(slug="other", name="Other")
    Membership.objects.create(workspace=other, user=editor, role=Role.VIEWER)

    answer = upload(api, pictures.png(), **fields)
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "unknown_workspace")


def test_a_workspace_that_one_may_not_see_answers_as_one_that_does_not_exist(
    api: APIClient, stored_files: Stored
) -> None:
    Workspace.objects.create(slug="secret", name="Secret")

    hidden, missing = (upload(api, workspace=slug) for slug in ("secret", "nowhere"))

    assert (hidden.status_code, hidden.json()["error"]["code"]) == (400, "unknown_workspace")
    assert (hidden.content, hidden.headers) == (missing.content, missing.headers)
    assert not stored_files()


def test_an_album_must_be_of_the_same_workspace(api: APIClient, workspace: Workspace, stored_files: Stored) -> None:
    other = Workspace.objects.create(slug="other", name="Other", is_public=True)
    elsewhere = Album.objects.create(workspace=other, name="Elsewhere")
    here = Album.objects.create(workspace=workspace, name="Here")

    refused = [upload(api, album=album) for album in (elsewhere.pk, "01890a5d-ac96-774b-bcce-b302099a8057")]

    assert [(answer.status_code, answer.json()["error"]["code"]) for answer in refused] == [(400, "unknown_album")] * 2
    assert refused[0].content == refused[1].content
    assert not stored_files()
    assert upload(api, album=here.pk).json()["album"] == str(here.pk)


def test_a_new_primary_takes_the_place_of_the_earlier_one_in_its_album_only(
    api: APIClient, workspace: Workspace
) -> None:
    album, other = (Album.objects.create(workspace=workspace, name=name) for name in ("Album", "Other"))
    first, elsewhere, second = (
        upload(api, pictures.png(10 + n, 10), album=home.pk, is_primary="true").json()
        for n, home in enumerate((album, other, album))
    )

    primary = {str(photo.pk) for photo in Photo.objects.filter(is_primary=True)}

    assert second["is_primary"] is True
    assert primary == {elsewhere["id"], second["id"]}
    assert first["id"] not in primary


@pytest.mark.parametrize(("role", "status"), [(None, 403), (Role.VIEWER, 403), (Role.EDITOR, 201), (Role.OWNER, 201)])
def test_only_editors_and_owners_of_a_workspace_that_one_sees_may_upload(
    make_user: Callable[..., Any],
    api_as: Callable[[Any], APIClient],
    stored_files: Stored,
    workspace: Workspace,
    role: Role | None,
    status: int,
) -> None:
    Workspace.objects.update(is_public=True)
    user = make_user("somebody", workspace if role else None, role)

    answer = upload(api_as(user), workspace="main")

    assert answer.status_code == status
    assert bool(stored_files()) == (status == 201)
    if status == 403:
        assert answer.json()["error"]["code"] == "permission_denied"


@pytest.mark.parametrize(
    ("field", "value"),
    [("title", "x" * 201), ("kind", "x" * 51), ("album", "not-an-id"), ("is_primary", "perhaps"), ("title", "a\0b")],
)
def test_a_field_that_is_wrong_is_named(api: APIClient, stored_files: Stored, field: str, value: str) -> None:
    answer = upload(api, **{field: value})

    error = answer.json()["error"]
    assert (answer.status_code, error["code"], list(error["details"])) == (400, "invalid", [field])
    assert not stored_files()
    assert not Photo.objects.exists()


def test_a_session_uploads_as_well_as_a_token_does(editor: Any, workspace: Workspace) -> None:
    browser = APIClient()
    browser.force_login(editor)

    assert upload(browser).status_code == 201
