"""Where originals and thumbnails live, and what a storage's own errors mean here."""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO, cast
from uuid import UUID

from botocore.exceptions import BotoCoreError, ClientError
from django.core.files.base import ContentFile, File
from django.core.files.storage import FileSystemStorage, default_storage
from s3transfer.exceptions import RetriesExceededError

from photos.errors import OriginalMissing, StorageUnavailable

CHUNK_BYTES = 256 * 1024
SAVE_TRIES = 10


def original_key(photo_id: UUID, extension: str) -> str:
    """The key of a photo's original."""
    return f"originals/{photo_id}.{extension}"


def thumbnail_key(photo_id: UUID, run: UUID, size: str, extension: str) -> str:
    """The key of one thumbnail that one run makes; no two runs share a key, so nothing is ever overwritten."""
    return f"thumbnails/{photo_id}/{run}/{size}.{extension}"


@contextlib.contextmanager
def named_errors() -> Iterator[None]:
    """Turn what a storage raises into StorageUnavailable."""
    try:
        yield
    except (OSError, BotoCoreError, ClientError, RetriesExceededError) as error:
        raise StorageUnavailable(
            f"The file storage does not work ({type(error).__name__}); try again later."
        ) from error


def save(key: str, content: File[bytes]) -> None:
    """Store a file under exactly this key; raises StorageUnavailable."""
    with named_errors():
        stored = default_storage.save(key, content)
    if stored != key:
        delete(stored)
        raise StorageUnavailable(f"The file storage already holds {key}.")


def save_bytes(key: str, data: bytes) -> None:
    """Store bytes under exactly this key; raises StorageUnavailable."""
    save(key, ContentFile(data))


def delete(key: str) -> None:
    """Remove a file, which may be gone already; raises StorageUnavailable."""
    with named_errors():
        default_storage.delete(key)


def open_file(key: str) -> File[bytes]:
    """A stored file, opened for reading; raises OriginalMissing or StorageUnavailable."""
    with named_errors():
        try:
            return default_storage.open(key)
        except FileNotFoundError as error:
            raise OriginalMissing("The original file is gone from the storage; upload the photo again.") from error


def local_copy(key: str) -> BinaryIO:
    """A stored file as an unnamed temporary one, so that no network is touched while its pixels are read.

    Raises OriginalMissing or StorageUnavailable.
    """
    with contextlib.ExitStack() as on_error:
        copy = on_error.enter_context(tempfile.TemporaryFile())
        with named_errors(), open_file(key) as stored:
            for chunk in stored.chunks(CHUNK_BYTES):
                copy.write(chunk)
        copy.seek(0)
        on_error.pop_all()
        return cast(BinaryIO, copy)


class DiskStorage(FileSystemStorage):
    """Django's file system storage, which also takes away the folders that a deletion leaves empty."""

    def save(self, name: str | None, content: Any, max_length: int | None = None) -> str:
        """Store a file; again when a deletion took its folder away just after it was made."""
        for _ in range(SAVE_TRIES - 1):
            # What is raised depends on the step that found the folder gone.
            with contextlib.suppress(FileNotFoundError, FileExistsError):
                return super().save(name, content, max_length)
        return super().save(name, content, max_length)

    def delete(self, name: str) -> None:
        """Remove a file and its parent folders below the root, as far as they are empty."""
        super().delete(name)
        root = Path(self.location)
        for folder in Path(self.path(name)).parents:
            if folder == root or root not in folder.parents:
                return
            try:
                folder.rmdir()
            except OSError:  # not empty, or a neighbour was quicker
                return
