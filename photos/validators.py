"""The one check of an upload, whichever way it comes in: its bytes, then its header."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import BinaryIO, cast

from django.conf import settings
from django.core.files.base import File

from photos import engine
from photos.errors import EmptyFile, FileTooLarge
from photos.storage import PIECE_BYTES


@dataclass(frozen=True)
class Fingerprint:
    """An upload's size in bytes and its SHA-256 in hexadecimal digits."""

    byte_size: int
    sha256: str


def fingerprint(file: File[bytes]) -> Fingerprint:
    """Read the bytes once, in chunks; raises EmptyFile or FileTooLarge. Leaves the file at its start."""
    digest, size = hashlib.sha256(), 0
    for chunk in file.chunks(PIECE_BYTES):
        size += len(chunk)
        if size > settings.MAX_UPLOAD_BYTES:
            raise FileTooLarge(
                f"The file is over the limit of {settings.MAX_UPLOAD_BYTES} bytes; send a smaller one.",
                max_bytes=settings.MAX_UPLOAD_BYTES,
            )
        digest.update(chunk)
    if not size:
        raise EmptyFile("The file is empty; send one that holds a picture.")
    file.seek(0)
    return Fingerprint(size, digest.hexdigest())


def probe(file: File[bytes]) -> engine.Probe:
    """What the header says; raises UnsupportedFormat, CorruptImage or TooManyPixels. Leaves the file at its start."""
    found = engine.probe(cast(BinaryIO, file), max_pixels=settings.MAX_PIXELS)
    file.seek(0)
    return found


def clean_filename(name: str | None, extension: str) -> str:
    """A name to show and to offer for download: no folders, nothing unprintable, at most 255 characters."""
    last = (name or "").replace("\\", "/").rsplit("/", 1)[-1]
    printable = "".join(character for character in last if character.isprintable()).strip()
    if printable in {"", ".", ".."}:
        return f"photo.{extension}"
    return printable[-255:]
