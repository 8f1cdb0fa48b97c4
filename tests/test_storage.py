"""Files by their keys, on a real disk; and what goes wrong there, by name."""

from __future__ import annotations

from pathlib import Path
from uuid import UUID, uuid4

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError
from django.core.files.base import ContentFile
from s3transfer.exceptions import RetriesExceededError

from photos import storage
from photos.errors import OriginalMissing, StorageUnavailable

PHOTO, RUN = UUID(int=1), UUID(int=2)


def test_keys_name_the_photo_and_the_run_and_fit_their_columns() -> None:
    assert storage.original_key(PHOTO, "jpg") == f"originals/{PHOTO}.jpg"
    longest = storage.thumbnail_key(PHOTO, RUN, "medium", "webp")
    assert longest == f"thumbnails/{PHOTO}/{RUN}/medium.webp"
    assert len(longest) <= 200


def test_what_is_saved_can_be_read(media: Path) -> None:
    storage.save_bytes("a/b/c", b"bytes")
    with storage.open_file("a/b/c") as file:
        assert file.read() == b"bytes"
    assert (media / "a/b/c").read_bytes() == b"bytes"


def test_nothing_is_ever_overwritten(media: Path) -> None:
    storage.save_bytes("a/b", b"first")
    with pytest.raises(StorageUnavailable, match="already holds a/b"):
        storage.save_bytes("a/b", b"second")
    assert [path.read_bytes() for path in media.rglob("*") if path.is_file()] == [b"first"]


def test_a_local_copy_has_all_bytes_from_the_start_and_outlives_the_original() -> None:
    data = bytes(range(256)) * 4096
    storage.save_bytes("large", data)
    with storage.local_copy("large") as copy:
        storage.delete("large")
        assert copy.tell() == 0
        assert copy.read() == data
        copy.fileno()


@pytest.mark.parametrize("read", [storage.open_file, storage.local_copy])
def test_a_missing_file_is_named(read: object) -> None:
    assert callable(read)
    storage.save_bytes("no/other/file", b"bytes")
    with pytest.raises(OriginalMissing):
        read("no/such/file")


@pytest.mark.parametrize("read", [storage.open_file, storage.local_copy])
def test_a_disk_that_is_not_mounted_is_not_taken_for_a_lost_file(read: object, media: Path) -> None:
    assert callable(read)
    storage.save_bytes("originals/file", b"bytes")
    (media / "originals").rename(media.parent / "elsewhere")
    with pytest.raises(StorageUnavailable):
        read("originals/file")


def test_deleting_what_is_gone_is_no_error() -> None:
    storage.delete("no/such/file")


def test_whatever_else_goes_wrong_is_named_too(media: Path) -> None:
    storage.save_bytes("file", b"bytes")
    (media / "folder/inside").mkdir(parents=True)
    for go_wrong in (
        lambda: storage.save_bytes("file/inside", b"bytes"),
        lambda: storage.open_file("folder"),
        lambda: storage.local_copy("folder"),
        lambda: storage.delete("folder"),
    ):
        with pytest.raises(StorageUnavailable):
            go_wrong()


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (EndpointConnectionError(endpoint_url="http://s3"), "EndpointConnectionError"),
        (ClientError({"Error": {"Code": "SlowDown"}}, "PutObject"), "SlowDown"),
        (RetriesExceededError(OSError()), "RetriesExceededError"),  # type: ignore[no-untyped-call]
        (TimeoutError(), "TimeoutError"),
    ],
)
def test_what_a_remote_storage_raises_is_named(error: Exception, reason: str) -> None:
    with pytest.raises(StorageUnavailable, match=reason) as caught, storage.named_errors():
        raise error
    assert caught.value.__cause__ is error


def test_a_source_that_is_missing_is_not_a_missing_original(media: Path) -> None:
    """An upload's temporary file that a tidy system took away is no reason to speak of the stored original."""

    class Gone(ContentFile[bytes]):
        def temporary_file_path(self) -> str:
            return "/no/such/file"

    with pytest.raises(StorageUnavailable):
        storage.save("key", Gone(b""))


def test_empty_folders_go_with_their_last_file_but_the_two_that_tell_that_the_disk_is_there(media: Path) -> None:
    storage.save_bytes(f"thumbnails/{PHOTO}/{RUN}/small.webp", b"bytes")
    storage.save_bytes(f"thumbnails/{PHOTO}/{uuid4()}/small.webp", b"bytes")
    storage.save_bytes("originals/a", b"bytes")

    storage.delete(f"thumbnails/{PHOTO}/{RUN}/small.webp")
    assert not (media / f"thumbnails/{PHOTO}/{RUN}").exists()
    assert len(list((media / f"thumbnails/{PHOTO}").iterdir())) == 1

    storage.delete("originals/a")
    assert sorted(path.name for path in media.iterdir()) == ["originals", "thumbnails"]


def test_the_root_folder_stays(media: Path) -> None:
    storage.save_bytes("a", b"bytes")
    storage.delete("a")
    assert media.is_dir()
