"""What a picture file is, from its header alone."""

from __future__ import annotations

from dataclasses import dataclass
from typing import BinaryIO

from .formats import identify
from .gate import gate


@dataclass(frozen=True)
class Probe:
    """What a picture is: its media type, the extension for its file name, and its size in pixels as displayed."""

    content_type: str
    extension: str
    width: int
    height: int
    is_animated: bool


def probe(file: BinaryIO, *, max_pixels: int) -> Probe:
    """What the picture in a seekable binary file is, by its content; the file is left at position 0.

    Reads headers and skips pixel data, at most 4 MiB of it at a time (``headers/reader.py``). Raises
    UnsupportedFormat, CorruptImage, TooManyPixels (width times height over max_pixels), OutOfMemory, or
    StorageUnavailable when the file itself can't be read.
    """
    with gate(file):
        kind, header = identify(file, max_pixels)
        file.seek(0)
    width, height = header.displayed
    return Probe(kind.content_type, kind.extension, width, height, header.is_animated)
