"""JPEG: markers up to the first scan (ITU-T T.81 annex B), with EXIF in the first APP1 that holds it."""

from __future__ import annotations

from photos.errors import UnsupportedFormat

from . import exif
from .reader import Header, HeaderReader, damaged

# Start of frame: C0 to CF without the tables DHT, JPG and DAC among them.
FRAME_MARKERS = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
BARE_MARKERS = frozenset({0x00, 0x01, *range(0xD0, 0xD9)})
END_OF_IMAGE, START_OF_SCAN, APP1 = 0xD9, 0xDA, 0xE1


def read(reader: HeaderReader) -> Header:
    """The header of a JPEG, also of one that holds several pictures: the first is what counts."""
    reader.skip(2)
    size: tuple[int, int] | None = None
    orientation = None
    while (marker := _next_marker(reader)) != START_OF_SCAN:
        if marker == END_OF_IMAGE:
            raise damaged("it ends before its first scan line", reader.position)
        if marker in BARE_MARKERS:
            continue
        start = reader.position
        (length,) = reader.unpack(">H")
        if marker in FRAME_MARKERS:
            size = _frame(reader)
        elif marker == APP1 and orientation is None:
            orientation = _orientation(reader, length - 2)
        reader.seek(start + max(length, 2))
    if size is None:
        raise damaged("it has no frame header", reader.position)
    return Header(*size, orientation or 1)


def _next_marker(reader: HeaderReader) -> int:
    while reader.read(1) != b"\xff":
        pass
    while (byte := reader.read(1)) == b"\xff":
        pass
    return byte[0]


def _frame(reader: HeaderReader) -> tuple[int, int]:
    bits, height, width, components = reader.unpack(">BHHB")
    if bits != 8 or components not in (1, 3, 4):
        msg = f"A JPEG of {components} channels with {bits} bits each can't be read; save it as an ordinary 8-bit JPEG."
        raise UnsupportedFormat(msg)
    return width, height


def _orientation(reader: HeaderReader, length: int) -> int | None:
    data = reader.peek(max(length, 0))
    return exif.orientation(data) if data.startswith(b"Exif\0\0") else None
