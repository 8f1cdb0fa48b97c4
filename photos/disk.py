"""Files in a folder of this machine, or of one that all machines share."""

from __future__ import annotations

import contextlib
import errno
import os
from collections.abc import Collection, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast

from django.core.files.storage import FileSystemStorage

from photos.storage import StoredFile

SAVE_TRIES = 10


class DiskStorage(FileSystemStorage):
    """Django's file system storage, which also takes away the folders that a deletion leaves empty."""

    def save(self, name: str | None, content: Any, max_length: int | None = None) -> str:
        """Store a file; again when a deletion took its folder away just after it was made."""
        for _ in range(SAVE_TRIES - 1):
            # What is raised depends on the step that found the folder gone.
            with contextlib.suppress(FileNotFoundError, FileExistsError):
                return super().save(name, content, max_length)
        return super().save(name, content, max_length)

    def _open(self, name: str, mode: str = "rb") -> Any:
        try:
            return super()._open(name, mode)  # type: ignore[misc]  # the stubs leave it out
        except FileNotFoundError as error:
            # It is there from the first file on: without it, it is the disk that is gone.
            if not Path(self.location, Path(name).parts[0]).is_dir():
                raise OSError(errno.ENODEV, "The folder is gone", name) from error
            raise

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
        """Remove a file and its parent folders as far as they are empty, but for the one below the root."""
        super().delete(name)
        root = Path(self.location)
        for folder in Path(self.path(name)).parents:
            if folder.parent == root or root not in folder.parents:
                return
            try:
                folder.rmdir()
            except OSError:  # not empty, or a neighbour was quicker
                return

    def stored_files(self, folder: str) -> Iterator[StoredFile]:
        """See `PhotoStorage`; a file or folder that goes meanwhile is left out."""
        with contextlib.suppress(FileNotFoundError), os.scandir(self.path(folder)) as entries:
            for entry in entries:
                key = f"{folder}/{entry.name}"
                if entry.is_dir(follow_symlinks=False):
                    yield from self.stored_files(key)
                    continue
                with contextlib.suppress(FileNotFoundError):
                    modified_at = datetime.fromtimestamp(entry.stat(follow_symlinks=False).st_mtime, UTC)
                    yield StoredFile(key, modified_at)

    def pieces(self, key: str, size: int) -> Iterator[bytes]:
        """See `PhotoStorage`."""
        with self.open(key) as file:
            yield from file.chunks(size)

    def missing(self, keys: Collection[str]) -> set[str]:
        """See `PhotoStorage`."""
        return {key for key in keys if not self.exists(key)}


def _flush(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
