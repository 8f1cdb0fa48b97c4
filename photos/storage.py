"""Where originals and thumbnails live, and what a storage's own errors mean here."""

from __future__ import annotations

import contextlib
import re
import tempfile
from collections.abc import Callable, Collection, Iterator
from datetime import datetime
from typing import BinaryIO, NamedTuple, Protocol, cast
from uuid import UUID, uuid4

from botocore.exceptions import BotoCoreError, ClientError
from django.core.files.base import ContentFile, File
from django.core.files.storage import default_storage
from s3transfer.exceptions import RetriesExceededError

from photos.errors import OriginalMissing, StorageUnavailable

PIECE_BYTES = 256 * 1024
# Where all files are.
FOLDERS = ("originals", "thumbnails")
OWN_KEY = re.compile(rf"(?:{'|'.join(FOLDERS)})/([0-9a-f]{{8}}(?:-[0-9a-f]{{4}}){{3}}-[0-9a-f]{{12}})[./]")


def original_key(photo_id: UUID, extension: str) -> str:
    """The key of a photo's original."""
    return f"originals/{photo_id}.{extension}"


def thumbnail_key(photo_id: UUID, run: UUID, size: str, extension: str) -> str:
    """The key of one thumbnail that one run makes; no two runs share a key, so nothing is ever overwritten."""
    return f"thumbnails/{photo_id}/{run}/{size}.{extension}"


def probe_key() -> str:
    """A key of its own for a file that is written to see whether it can be."""
    return f"probes/{uuid4()}"


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


@contextlib.contextmanager
def _named_read_errors() -> Iterator[None]:
    with named_errors():
        try:
            yield
        except FileNotFoundError as error:
            raise OriginalMissing("The original file is gone from the storage; upload the photo again.") from error


def open_file(key: str) -> File[bytes]:
    """A stored file, opened for reading; raises OriginalMissing or StorageUnavailable."""
    with _named_read_errors():
        return default_storage.open(key)


def local_copy(key: str, between: Callable[[], None] = lambda: None) -> BinaryIO:
    """A stored file as an unnamed temporary one, so that no network is touched while its pixels are read.

    Calls ``between`` after each piece, which may have taken long. Raises OriginalMissing, StorageUnavailable, and what
    ``between`` raises.
    """
    with contextlib.ExitStack() as on_error:
        copy = on_error.enter_context(tempfile.TemporaryFile())
        with _named_read_errors():
            for piece in _storage().pieces(key, PIECE_BYTES):
                copy.write(piece)
                between()
        copy.seek(0)
        on_error.pop_all()
        return cast(BinaryIO, copy)


class StoredFile(NamedTuple):
    """A file that is in the storage, and since when."""

    key: str
    modified_at: datetime


class PhotoStorage(Protocol):
    """What a storage must know beyond Django's own."""

    def pieces(self, key: str, size: int) -> Iterator[bytes]:
        """A file's bytes, at most so many at a time, without asking for a second one; raises FileNotFoundError."""

    def stored_files(self, folder: str) -> Iterator[StoredFile]:
        """All files below a folder, in any order, never more than a page of them in memory."""

    def missing(self, keys: Collection[str]) -> set[str]:
        """Which of these files, one or more, are not there; cheapest if their keys are neighbours."""


def _storage() -> PhotoStorage:
    return cast(PhotoStorage, default_storage)


def stored_files(folder: str) -> Iterator[StoredFile]:
    """As `PhotoStorage.stored_files`; raises StorageUnavailable."""
    with named_errors():
        yield from _storage().stored_files(folder)


def missing(keys: Collection[str]) -> set[str]:
    """As `PhotoStorage.missing`; raises StorageUnavailable."""
    with named_errors():
        return _storage().missing(keys) if keys else set()
