"""The one door: what comes in, what is refused, and that a refusal leaves nothing."""

from __future__ import annotations

import errno
import hashlib
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.core.files.base import ContentFile
from django.core.files.uploadedfile import TemporaryUploadedFile

from photos import engine, storage, thumbnails, uploads, validators
from photos.errors import (
    Conflict,
    CorruptImage,
    EmptyFile,
    FileTooLarge,
    PhotoError,
    StorageUnavailable,
    TooManyPixels,
    UnsupportedFormat,
)
from photos.models import Album, Orphan, Photo, PhotoEvent, Workspace
from photos.sandbox import Sandbox
from tests import pictures
from tests.workbench import backoff_passes, history, orphans_fall_due, rings

Files = Callable[[], set[str]]


@pytest.fixture
def nothing_is_left(transactional_db: None, stored_files: Files) -> Iterator[None]:
    """Whatever was refused left no row, no file, no event, and no note of a file."""
    yield
    assert stored_files() == set()
    for model in (Photo, PhotoEvent, Orphan):
        assert not model._default_manager.exists()
    assert rings() == 0


def test_a_row_says_what_came_in(take_in: Callable[..., Photo], workspace: Workspace, editor: Any, media: Path) -> None:
    data = pictures.jpeg(60, 40, orientation=6)

    photo = take_in(data, "Holiday.JPG", title="Sea", kind="trip", uploaded_by=editor)

    assert (media / photo.original_path).read_bytes() == data
    assert photo.original_path == f"originals/{photo.pk}.jpg"
    assert photo == Photo.objects.get(
        workspace=workspace,
        uploaded_by=editor,
        title="Sea",
        kind="trip",
        original_filename="Holiday.JPG",
        content_type="image/jpeg",
        byte_size=len(data),
        width=40,
        height=60,
        sha256=hashlib.sha256(data).hexdigest(),
        is_animated=False,
        thumbnail_status="pending",
        thumbnail_attempts=0,
    )
    assert history(photo) == ["photo.created"]
    assert PhotoEvent.objects.get().data == {"by": "edith", "kind": "trip", "version": ""}
    assert not Orphan.objects.exists()


def test_the_content_decides_and_not_the_name(take_in: Callable[..., Photo]) -> None:
    photo = take_in(pictures.png(), "photo.jpg")
    assert (photo.content_type, photo.original_path[-4:]) == ("image/png", ".png")


def test_an_upload_that_lies_on_disk_is_taken_in_like_any_other(workspace: Workspace, media: Path) -> None:
    data = pictures.jpeg()
    with TemporaryUploadedFile("big.jpg", "image/jpeg", len(data), None) as file:
        file.write(data)
        photo = uploads.ingest(file, workspace).photo
    assert (media / photo.original_path).read_bytes() == data


def test_the_same_bytes_are_the_same_photo(
    take_in: Callable[..., Photo], workspace: Workspace, stored_files: Files
) -> None:
    data = pictures.jpeg()
    first = take_in(data, "first.jpg", title="First")

    again = uploads.ingest(ContentFile(data, "again.jpg"), workspace, title="Again")

    assert again == (first, False)
    assert again.photo.title == "First"
    assert stored_files() == {first.original_path}
    assert (Photo.objects.count(), rings()) == (1, 1)


def test_bytes_that_are_there_already_are_not_stored_for_a_moment(
    take_in: Callable[..., Photo], monkeypatch: pytest.MonkeyPatch
) -> None:
    data = pictures.jpeg()
    photo = take_in(data)
    monkeypatch.setattr(storage, "save", None)
    assert take_in(data) == photo


def test_another_workspace_gets_a_photo_of_its_own(take_in: Callable[..., Photo], stored_files: Files) -> None:
    data, other = pictures.jpeg(), Workspace.objects.create(slug="other", name="Other")

    photos = [take_in(data), take_in(data, workspace=other)]

    assert len({photo.pk for photo in photos}) == 2
    assert stored_files() == {photo.original_path for photo in photos}


def test_a_deleted_photos_bytes_may_come_again(take_in: Callable[..., Photo], stored_files: Files) -> None:
    data = pictures.jpeg()
    take_in(data).delete()
    photo = take_in(data)
    assert stored_files() == {photo.original_path}


def test_a_new_primary_photo_replaces_the_albums_earlier_one(
    take_in: Callable[..., Photo], workspace: Workspace
) -> None:
    album, other = (Album.objects.create(workspace=workspace, name=name) for name in ("Trip", "Other"))
    elsewhere = take_in(album=other, is_primary=True)
    take_in(album=album, is_primary=True)

    second = take_in(album=album, is_primary=True)

    assert set(Photo.objects.filter(is_primary=True)) == {elsewhere, second}


@pytest.mark.parametrize(
    ("data", "error"),
    [
        (b"", EmptyFile),
        (b"not a picture at all", UnsupportedFormat),
        (pictures.foreign()["svg"], UnsupportedFormat),
        (pictures.foreign()["pdf"], UnsupportedFormat),
        (pictures.jpeg()[:12], CorruptImage),
        (pictures.png()[:20], CorruptImage),
        (pictures.huge_png(), TooManyPixels),
    ],
    ids=["empty", "text", "svg", "pdf", "stump of a JPEG", "stump of a PNG", "30 000 × 30 000"],
)
def test_what_is_refused_leaves_nothing(
    nothing_is_left: None, take_in: Callable[..., Photo], data: bytes, error: type[PhotoError]
) -> None:
    with pytest.raises(error):
        take_in(data, "photo.jpg")


def test_a_file_over_the_limit_is_refused_before_its_end_is_read(
    nothing_is_left: None, workspace: Workspace, settings: Any
) -> None:
    settings.MAX_UPLOAD_BYTES = 100_000
    file = ContentFile(bytes(10_000_000), "large.jpg")

    with pytest.raises(FileTooLarge) as caught:
        uploads.ingest(file, workspace)

    assert caught.value.details == {"max_bytes": 100_000}
    assert file.tell() < 1_000_000


def test_a_file_just_at_the_limit_is_taken_in(take_in: Callable[..., Photo], settings: Any) -> None:
    data = pictures.jpeg()
    settings.MAX_UPLOAD_BYTES = len(data)
    assert take_in(data).byte_size == len(data)


class FailingDisk(ContentFile[bytes]):
    """A file whose storing fails half-way, as on a disk that is full."""

    hashed = False

    def chunks(self, chunk_size: int | None = None) -> Iterator[bytes]:
        if not self.hashed:
            self.hashed = True
            yield from super().chunks(chunk_size)
            return
        yield b"the first half"
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def test_a_storage_that_fails_half_way_leaves_nothing(
    media: Path, nothing_is_left: None, workspace: Workspace, stored_files: Files
) -> None:
    with pytest.raises(StorageUnavailable):
        uploads.ingest(FailingDisk(pictures.jpeg(), "a.jpg"), workspace)
    assert stored_files() == set()
    orphans_fall_due()
    thumbnails.sweep()


def test_a_storage_that_is_gone_leaves_nothing(
    transactional_db: None, workspace: Workspace, media: Path, stored_files: Files
) -> None:
    media.write_text("a file where the folder should be")
    with pytest.raises(StorageUnavailable):
        uploads.ingest(ContentFile(pictures.jpeg(), "a.jpg"), workspace)
    assert not Photo.objects.exists()


@pytest.mark.parametrize("gone", ["workspace", "album"])
def test_a_workspace_or_album_that_goes_while_the_file_is_sent_is_a_conflict(
    workspace: Workspace, stored_files: Files, gone: str
) -> None:
    album = Album.objects.create(workspace=workspace, name="Trip")
    stale = Workspace.objects.get(), Album.objects.get()
    {"workspace": workspace, "album": album}[gone].delete()

    with pytest.raises(Conflict):
        uploads.ingest(ContentFile(pictures.jpeg(), "a.jpg"), stale[0], album=stale[1])

    assert not Photo.objects.exists()
    assert stored_files() == set()
    assert not Orphan.objects.exists()


@pytest.mark.parametrize(
    ("name", "cleaned"),
    [
        ("../../etc/passwd", "passwd"),
        ("..\\..\\windows\\system.ini", "system.ini"),
        ("/", "photo.jpg"),
        ("..", "photo.jpg"),
        (".", "photo.jpg"),
        ("", "photo.jpg"),
        (None, "photo.jpg"),
        (" \t\n", "photo.jpg"),
        ("a\0b.jpg", "ab.jpg"),
        ("two\r\nlines.jpg", "twolines.jpg"),
        ("gpj.\u202eexe", "gpj.exe"),
        ("lone \udcff surrogate.jpg", "lone  surrogate.jpg"),
        ("🌻 Sommer – été.jpg", "🌻 Sommer – été.jpg"),
        ("x" * 4096 + ".jpg", "x" * 251 + ".jpg"),
    ],
)
def test_file_names_are_cleaned(name: str | None, cleaned: str) -> None:
    assert validators.clean_filename(name, "jpg") == cleaned


@pytest.mark.parametrize("name", ["../../up.jpg", "a\0b.jpg", "x" * 4096, "🌻.jpg", ""])
def test_no_name_decides_where_a_file_goes(workspace: Workspace, name: str, stored_files: Files) -> None:
    file = ContentFile(pictures.jpeg(), "any.jpg")
    file.name = name
    photo = uploads.ingest(file, workspace).photo
    photo.full_clean(exclude=["workspace", "uploaded_by"])
    assert stored_files() == {f"originals/{photo.pk}.jpg"}


def test_the_check_reads_only_the_header(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine, "render", None)
    monkeypatch.setattr(Sandbox, "__call__", None)
    photo = uploads.ingest(ContentFile(pictures.truncated(pictures.jpeg(640, 480)), "cut.jpg"), workspace).photo
    assert (photo.width, photo.height) == (640, 480)


def test_the_same_bytes_come_again_after_the_original_was_lost(
    take_in: Callable[..., Photo], stored_files: Files
) -> None:
    """They may be the only ones left, and the photo said: upload it again."""
    data = pictures.jpeg()
    photo = take_in(data)
    storage.delete(photo.original_path)
    for _ in range(6):
        backoff_passes(photo)
        thumbnails.generate(photo.pk)
    photo.refresh_from_db()
    assert (photo.thumbnail_status, photo.thumbnail_error_code) == ("failed", "original_missing")

    again, created = uploads.ingest(ContentFile(data, "again.jpg"), photo.workspace)

    assert (again.pk, created) == (photo.pk, False)
    assert again.thumbnail_status == "pending"
    with storage.open_file(again.original_path) as file:
        assert file.read() == data
    assert thumbnails.generate(photo.pk) == "complete"
    thumbnails.sweep()
    assert stored_files() == set(Photo.objects.get().files())
    assert not Orphan.objects.exists()


def test_a_lost_original_of_a_complete_photo_is_brought_back_without_a_word(
    take_in: Callable[..., Photo], stored_files: Files
) -> None:
    data = pictures.jpeg()
    photo = take_in(data)
    thumbnails.generate(photo.pk)
    storage.delete(photo.original_path)

    again, _ = uploads.ingest(ContentFile(data, "again.jpg"), photo.workspace)

    assert again.thumbnail_status == "complete"
    assert again.original_path in stored_files()
    assert history(photo) == ["photo.created", "photo.thumbnail_ready"]


def test_a_lost_original_that_can_not_be_stored_again_is_no_success(
    take_in: Callable[..., Photo], monkeypatch: pytest.MonkeyPatch
) -> None:
    data = pictures.jpeg()
    photo = take_in(data)
    storage.delete(photo.original_path)

    def refuse(*_: object) -> None:
        raise StorageUnavailable("The file storage does not work.")

    with monkeypatch.context() as outage, pytest.raises(StorageUnavailable):
        outage.setattr(storage, "save", refuse)
        uploads.ingest(ContentFile(data, "again.jpg"), photo.workspace)
    photo.refresh_from_db()
    assert photo.original_path == f"originals/{photo.pk}.jpg"
