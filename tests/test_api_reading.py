"""Reading through the API: lists, images, and what retry and delete do to them."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable
from typing import Any
from uuid import UUID

import pytest
from asgiref.sync import async_to_sync
from django.core.asgi import get_asgi_application
from django.db.models.functions import Now
from PIL import Image
from rest_framework.test import APIClient

from photos import storage, thumbnails
from photos.models import Album, Orphan, Photo, ThumbnailStatus, Workspace
from tests import pictures
from tests.workbench import rings, work

PHOTOS = "/api/v1/photos/"

TakeIn = Callable[..., Photo]


def ids(page: dict[str, Any]) -> list[str]:
    return [photo["id"] for photo in page["results"]]


def test_the_list_is_newest_first(api: APIClient, take_in: TakeIn) -> None:
    taken = [str(take_in().pk) for _ in range(4)]

    assert ids(api.get(PHOTOS).json()) == taken[::-1]


def test_pages_stay_stable_while_photos_are_added(api: APIClient, take_in: TakeIn) -> None:
    taken = [str(take_in().pk) for _ in range(7)]
    page = api.get(PHOTOS, {"page_size": 3}).json()
    seen = ids(page)
    assert page["previous"] is None

    while page["next"]:
        take_in()
        page = api.get(page["next"]).json()
        seen += ids(page)

    assert seen == taken[::-1]
    back = api.get(page["previous"]).json()
    assert ids(back) == taken[::-1][3:6]


@pytest.mark.parametrize(("asked", "size"), [("2", 2), ("200", 200), ("201", 200), ("9999999999", 200)])
def test_a_page_holds_at_most_200(api: APIClient, photo: Photo, asked: str, size: int) -> None:
    row = Photo.objects.values().get()
    Photo.objects.bulk_create(
        Photo(**row | {"id": UUID(int=n), "original_path": str(n), "sha256": str(n)}) for n in range(201)
    )

    assert len(ids(api.get(PHOTOS, {"page_size": asked}).json())) == size


def test_a_list_can_be_of_one_workspace(api: APIClient, take_in: TakeIn) -> None:
    public = Workspace.objects.create(slug="public", name="Public", is_public=True)
    here, there = take_in(), take_in(workspace=public)

    assert ids(api.get(PHOTOS).json()) == [str(there.pk), str(here.pk)]
    assert ids(api.get(PHOTOS, {"workspace": "public"}).json()) == [str(there.pk)]
    assert api.get(f"{PHOTOS}{here.pk}/", {"workspace": "public"}).status_code == 200


def test_the_page_for_people_offers_the_filters_and_keeps_what_they_chose(api: APIClient, photo: Photo) -> None:
    page = api.get(PHOTOS, {"status": "pending"}, headers={"Accept": "text/html"})

    assert page.status_code == 200
    for name in ("workspace", "album", "status", "error_code", "kind", "is_primary", "outdated", "q"):
        assert f'name="{name}"'.encode() in page.content
    assert b'<option value="pending" selected>' in page.content


def test_workspaces_and_albums_are_listed(api: APIClient, workspace: Workspace) -> None:
    album = Album.objects.create(workspace=workspace, name="Album")

    (listed,) = api.get("/api/v1/workspaces/").json()["results"]
    assert set(listed) == {"id", "slug", "name", "is_public", "created_at"}
    (found,) = api.get("/api/v1/albums/", {"workspace": "main"}).json()["results"]
    assert (found["id"], found["workspace"], found["name"]) == (str(album.pk), "main", "Album")


def test_a_failed_photo_is_retried_and_fails_or_not_anew(api: APIClient, failed_photo: Photo) -> None:
    path = f"{PHOTOS}{failed_photo.pk}/"
    before = api.get(path).json()
    assert (before["thumbnail_status"], before["thumbnail_error_code"]) == ("failed", "corrupt_image")

    answer = api.post(f"{path}retry/")

    photo = answer.json()
    assert (answer.status_code, photo["thumbnail_status"], photo["thumbnail_attempts"]) == (202, "pending", 0)
    assert (photo["thumbnail_error_code"], photo["thumbnail_error"]) == ("", "")
    assert rings() == 1
    assert api.post(f"{path}retry/").json()["error"]["code"] == "not_failed"
    work()
    assert api.get(path).json()["thumbnail_status"] == "failed"


@pytest.mark.parametrize("status", [ThumbnailStatus.PENDING, ThumbnailStatus.COMPLETE])
def test_what_has_not_failed_is_not_retried(
    api: APIClient, take_in: TakeIn, take_in_complete: TakeIn, status: ThumbnailStatus
) -> None:
    photo = take_in_complete() if status == ThumbnailStatus.COMPLETE else take_in()

    answer = api.post(f"{PHOTOS}{photo.pk}/retry/")

    error = answer.json()["error"]
    assert (answer.status_code, error["code"]) == (409, "not_failed")
    assert status in error["message"]
    photo.refresh_from_db()
    assert photo.thumbnail_status == status


def test_a_deleted_photo_is_gone_with_all_its_files(
    api: APIClient, take_in_complete: TakeIn, stored_files: Callable[[], set[str]]
) -> None:
    kept, gone = take_in_complete(), take_in_complete()
    path = f"{PHOTOS}{gone.pk}/"
    addresses = [gone.original_url(), gone.thumbnail_url("small"), path]

    answer = api.delete(path)

    assert (answer.status_code, answer.content) == (204, b"")
    assert stored_files() == set(kept.files())
    assert not Orphan.objects.exists()
    assert [api.get(address).status_code for address in addresses] == [404, 404, 404]
    assert api.delete(path).status_code == 404


@pytest.mark.parametrize(("is_public", "audience"), [(False, "private"), (True, "public")])
def test_images_come_with_headers_that_let_them_be_kept_for_ever_and_run_nothing(
    api: APIClient, take_in_complete: TakeIn, is_public: bool, audience: str
) -> None:
    Workspace.objects.update(is_public=is_public)
    taken = take_in_complete(pictures.jpeg(300, 200), 'Grüße; "quoted".jpg')
    photo = api.get(f"{PHOTOS}{taken.pk}/").json()

    original, thumbnail = api.get(photo["url"]), api.get(photo["thumbnail_url"])

    for answer, content_type in ((original, "image/jpeg"), (thumbnail, "image/webp")):
        assert answer["Content-Type"] == content_type
        assert answer["Cache-Control"] == f"{audience}, max-age=31536000, immutable"
        assert answer["X-Content-Type-Options"] == "nosniff"
        assert answer["Content-Security-Policy"] == "default-src 'none'; sandbox"
        assert len(answer.getvalue()) == int(answer["Content-Length"])
    assert original["Content-Disposition"] == "inline; filename*=utf-8''Gr%C3%BC%C3%9Fe%3B%20%22quoted%22.jpg"
    assert thumbnail["Content-Disposition"] == 'inline; filename="medium.webp"'


def test_the_original_is_given_back_byte_for_byte(api: APIClient, take_in: TakeIn) -> None:
    data = pictures.with_everything_private("jpeg")

    assert api.get(take_in(data).original_url()).getvalue() == data


def test_a_thumbnail_of_no_size_or_of_other_bytes_is_not_found(api: APIClient, take_in_complete: TakeIn) -> None:
    photo = take_in_complete()
    address = str(photo.thumbnail_url("small"))
    assert api.get(address).getvalue()

    assert api.get(address.replace("small", "huge")).status_code == 404
    assert api.get(address.replace(photo.thumbnail_version, "00000000")).status_code == 404


def test_an_address_is_gone_once_the_bytes_are_made_anew(
    api: APIClient, take_in_complete: TakeIn, stored_files: Callable[[], set[str]]
) -> None:
    photo = take_in_complete()
    old = str(photo.thumbnail_url("small"))
    # As regeneration does: back to pending, with the earlier files in place.
    Photo.objects.filter(pk=photo.pk).update(thumbnail_status=ThumbnailStatus.PENDING, thumbnail_next_attempt_at=Now())
    assert api.get(old).getvalue()

    assert thumbnails.generate(photo.pk) == "complete"

    photo.refresh_from_db()
    new = str(photo.thumbnail_url("small"))
    assert new != old
    assert api.get(old).status_code == 404
    assert api.get(new).getvalue()
    thumbnails.sweep()
    assert stored_files() == set(photo.files())


def test_an_original_is_streamed_in_chunks_and_never_collected(
    api: APIClient, take_in: TakeIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    Workspace.objects.update(is_public=True)
    noise = Image.frombytes("RGB", (800, 600), random.Random(1).randbytes(800 * 600 * 3))
    data = pictures.encoded(noise, "PNG", compress_level=0)
    address = take_in(data).original_url()
    opened = []
    open_file = storage.open_file

    def remember(key: str) -> Any:
        opened.append(open_file(key))
        return opened[-1]

    monkeypatch.setattr(storage, "open_file", remember)

    sent: list[tuple[bytes, int]] = []

    async def get() -> None:
        scope = {"type": "http", "method": "GET", "path": address, "headers": [(b"host", b"localhost")]}
        requests = iter([{"type": "http.request"}])

        async def receive() -> Any:
            return next(requests, None) or await asyncio.Event().wait()

        async def send(message: Any) -> None:
            if message.get("body"):
                sent.append((message["body"], opened[0].tell()))

        await get_asgi_application()(scope, receive, send)

    async_to_sync(get)()

    assert b"".join(body for body, _ in sent) == data
    # When the first bytes go out, no more than a chunk has been read.
    assert sent[0][1] == storage.PIECE_BYTES < len(data) / 4
    assert opened[0].closed
