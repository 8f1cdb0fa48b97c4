"""Where originals and thumbnails live, and what a storage's own errors mean here."""

from __future__ import annotations

import contextlib
import os
import re
import tempfile
from collections.abc import Collection, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple, Protocol, cast
from uuid import UUID

from botocore.exceptions import BotoCoreError, ClientError
from django.core.files.base import ContentFile, File
from django.core.files.storage import FileSystemStorage, default_storage
from s3transfer.exceptions import RetriesExceededError

from photos.errors import OriginalMissing, StorageUnavailable

CHUNK_BYTES = 256 * 1024
SAVE_TRIES = 10
# Where all files are.
FOLDERS = ("originals", "thumbnails")
OWN_KEY = re.compile(rf"(?:{'|'.join(FOLDERS)})/([0-9a-f]{{8}}(?:-[0-9a-f]{{4}}){{3}}-[0-9a-f]{{12}})[./]")


def original_key(photo_id: UUID, extension: str) -> str:
    """The key of a photo's original."""
    return f"originals/{photo_id}.{extension}"


def thumbnail_key(photo_id: UUID, run: UUID, size: str, extension: str) -> str:
    """The key of one thumbnail that one run makes; no two runs share a key, so nothing is ever overwritten."""
    return f"thumbnails/{photo_id}/{run}/{size}.{extension}"


def photo_of(key: str) -> UUID | None:
    """The id of the photo that a file belongs to, as its key tells; None if no photo's file has such a key."""
    own = OWN_KEY.match(key)
    return UUID(own[1]) if own else None


@contextlib.contextmanager
def named_errors() -> Iterator[None]:
    """Turn what a storage raises into StorageUnavailable."""
    try:
        yield
    except (OSError, BotoCoreError, ClientError, RetriesExceededError) as error:
        # S3 answers with a code of its own, such as SlowDown or AccessDenied.
        reason = error.response["Error"]["Code"] if isinstance(error, ClientError) else type(error).__name__
        raise StorageUnavailable(f"The file storage does not work ({reason}); try again later.") from error


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


class StoredFile(NamedTuple):
    """A file that is in the storage, and since when."""

    key: str
    modified_at: datetime


class Listable(Protocol):
    """What a storage must know beyond Django's own."""

    def stored_files(self, folder: str) -> Iterator[StoredFile]:
        """All files below a folder, in any order, never more than a page of them in memory."""

    def missing(self, keys: Collection[str]) -> set[str]:
        """Which of these files, one or more, are not there; cheapest if their keys are neighbours."""


def stored_files(folder: str) -> Iterator[StoredFile]:
    """As `Listable.stored_files`; raises StorageUnavailable."""
    with named_errors():
        yield from cast(Listable, default_storage).stored_files(folder)


def missing(keys: Collection[str]) -> set[str]:
    """As `Listable.missing`; raises StorageUnavailable."""
    with named_errors():
        return cast(Listable, default_storage).missing(keys) if keys else set()


class DiskStorage(FileSystemStorage):
    """Django's file system storage, which also takes away the folders that a deletion leaves empty."""

    def save(self, name: str | None, content: Any, max_length: int | None = None) -> str:
        """Store a file; again when a deletion took its folder away just after it was made."""
        for _ in range(SAVE_TRIES - 1):
            # What is raised depends on the step that found the folder gone.
            with contextlib.suppress(FileNotFoundError, FileExistsError):
                return super().save(name, content, max_length)
        return super().save(name, content, max_length)

    def _save(self, name: str, content: Any) -> str:
        try:
            stored = cast(str, super()._save(name, content))  # type: ignore[misc]  # the stubs leave it out
            # Before a row names it: a file must outlive a power cut no worse than its row does.
            for path in (Path(self.path(stored)), Path(self.path(stored)).parent):
                _flush(path)
        except OSError:
            # Half a file on a full disk: the rows may be on the same one, and need the room.
            with contextlib.suppress(OSError):
                Path(self.path(name)).unlink()
            raise
        return stored

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

    def stored_files(self, folder: str) -> Iterator[StoredFile]:
        """See `Listable`; a file or folder that goes meanwhile is left out."""
        with contextlib.suppress(FileNotFoundError), os.scandir(self.path(folder)) as entries:
            for entry in entries:
                key = f"{folder}/{entry.name}"
                if entry.is_dir(follow_symlinks=False):
                    yield from self.stored_files(key)
                    continue
                with contextlib.suppress(FileNotFoundError):
                    modified_at = datetime.fromtimestamp(entry.stat(follow_symlinks=False).st_mtime, UTC)
                    yield StoredFile(key, modified_at)

    def missing(self, keys: Collection[str]) -> set[str]:
        """See `Listable`."""
        return {key for key in keys if not self.exists(key)}


def _flush(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
