"""WebP: the walk over its RIFF chunks (WebP container specification, RFC 9649), never into them."""

from __future__ import annotations

import struct

from . import exif
from .reader import Header, HeaderReader, damaged


def read(reader: HeaderReader) -> Header:
    """The header of a WebP, lossy, lossless or extended."""
    reader.skip(4)
    (riff_bytes,) = reader.unpack("<L")
    end = reader.position + riff_bytes
    if end > reader.size:
        raise reader.truncated(f" of the {end} that it should have")
    reader.skip(4)
    kind, length = reader.unpack("<4sL")
    start = reader.position
    if kind == b"VP8 ":
        return Header(*_lossy_size(reader))
    if kind == b"VP8L":
        return Header(*_lossless_size(reader))
    if kind != b"VP8X":
        raise damaged("its first chunk is unknown", start)
    width, height = _canvas_size(reader)
    reader.seek(start + length + length % 2)
    orientation, frames = _walk(reader, end)
    return Header(width, height, orientation, frames > 1)


def _lossy_size(reader: HeaderReader) -> tuple[int, int]:
    reader.skip(3)
    mark, width, height = reader.unpack("<3sHH")
    if mark != b"\x9d\x01\x2a":
        raise damaged("its first frame is not a key frame", reader.position)
    return width & 0x3FFF, height & 0x3FFF


def _lossless_size(reader: HeaderReader) -> tuple[int, int]:
    mark, bits = reader.unpack("<BL")
    if mark != 0x2F:
        raise damaged("its lossless data has no signature", reader.position)
    return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1


def _canvas_size(reader: HeaderReader) -> tuple[int, int]:
    reader.skip(4)
    edges = reader.read(6)
    width, height = struct.unpack("<LL", edges[:3] + b"\0" + edges[3:] + b"\0")
    return width + 1, height + 1


def _walk(reader: HeaderReader, end: int) -> tuple[int, int]:
    """The orientation in the EXIF chunk, and the number of frames."""
    orientation, frames = None, 0
    while reader.position + 8 <= end:
        kind, length = reader.unpack("<4sL")
        start = reader.position
        if kind == b"EXIF" and orientation is None:
            orientation = exif.orientation(reader.read(min(length, exif.MAX_EXIF_BYTES)))
        frames += kind == b"ANMF"
        reader.seek(start + length + length % 2)
    return orientation or 1, frames
