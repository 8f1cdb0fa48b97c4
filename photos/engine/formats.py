"""The picture formats that are read, told apart by their first bytes and never by a name."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import BinaryIO

from photos.errors import CorruptImage, TooManyPixels, UnsupportedFormat

from .headers import gif, isobmff, jpeg, png, webp
from .headers.reader import Header, HeaderReader

ACCEPTED = "JPEG, PNG, WebP, GIF, AVIF or HEIC"

# The ``ftyp`` box holds the brands; real ones have fewer than twenty of four bytes each.
MAGIC_BYTES = 128


@dataclass(frozen=True)
class Format:
    """One readable format: what it is called on the web, in a file name and by Pillow."""

    content_type: str
    extension: str
    pillow: str
    recognises: Callable[[bytes], bool]
    read_header: Callable[[HeaderReader], Header]
    has_draft: bool = False


FORMATS = (
    Format(
        "image/jpeg",
        "jpg",
        "JPEG",
        lambda magic: magic.startswith(b"\xff\xd8\xff"),
        jpeg.read,
        has_draft=True,
    ),
    Format("image/png", "png", "PNG", lambda magic: magic.startswith(png.SIGNATURE), png.read),
    Format("image/webp", "webp", "WEBP", lambda magic: magic[:4] + magic[8:12] == b"RIFFWEBP", webp.read),
    Format("image/gif", "gif", "GIF", lambda magic: magic.startswith((b"GIF87a", b"GIF89a")), gif.read),
    Format("image/avif", "avif", "AVIF", isobmff.is_avif, isobmff.read_avif),
    Format("image/heic", "heic", "HEIF", isobmff.is_heic, isobmff.read_heic),
)


def identify(file: BinaryIO, max_pixels: int) -> tuple[Format, Header]:
    """The format and the header of a seekable picture file whose width times height is at most max_pixels.

    Raises UnsupportedFormat, CorruptImage or TooManyPixels.
    """
    reader = HeaderReader(file)
    if reader.size == 0:
        msg = "The file is empty; send the whole picture."
        raise CorruptImage(msg, size_bytes=0)
    magic = reader.peek(MAGIC_BYTES)
    for candidate in FORMATS:
        if candidate.recognises(magic):
            header = candidate.read_header(reader)
            check_pixels(header.width, header.height, max_pixels)
            return candidate, header
    msg = f"The file is not a picture of a kind that is read here; send {ACCEPTED}."
    raise UnsupportedFormat(msg)


def check_pixels(width: int, height: int, max_pixels: int) -> None:
    """Raises CorruptImage for a picture without pixels, and TooManyPixels for one with more than max_pixels."""
    if min(width, height) < 1:
        msg = f"The picture is damaged: its header says that it is {width} × {height} pixels; export it again."
        raise CorruptImage(msg, width=width, height=height)
    if width * height > max_pixels:
        edge = math.isqrt(max_pixels)
        msg = (
            f"The picture has {width} × {height} = {width * height:,} pixels and at most {max_pixels:,} "
            f"({edge:,} × {edge:,}) are accepted; make it smaller and send it again."
        )
        raise TooManyPixels(msg, width=width, height=height, max_pixels=max_pixels)
