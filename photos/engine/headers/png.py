"""PNG: the walk over its chunks (PNG specification, third edition, sections 5 and 11), to the end of the file."""

from __future__ import annotations

from photos.errors import CorruptImage

from . import exif
from .reader import Header, HeaderReader, damaged

SIGNATURE = b"\x89PNG\r\n\x1a\n"
PADDING = b"\0 \t\r\n"
BLOCK_BYTES = 65536


def read(reader: HeaderReader) -> Header:
    """The header of a PNG that has a last chunk, and nothing but padding behind it."""
    reader.skip(len(SIGNATURE))
    length, kind, width, height = reader.unpack(">L4sLL")
    if (length, kind) != (13, b"IHDR"):
        raise damaged("it doesn't begin with its size", reader.position)
    reader.skip(length - 8 + 4)
    orientation, frames, has_data = 1, 1, False
    while kind != b"IEND":
        length, kind = _chunk_head(reader)
        end = reader.position + length + 4
        if kind == b"eXIf":
            orientation = exif.orientation(reader.read(min(length, exif.MAX_EXIF_BYTES)))
        elif kind == b"acTL" and length == 8:
            (frames,) = reader.unpack(">L")
        has_data = has_data or kind == b"IDAT"
        reader.seek(end)
    if not has_data:
        raise damaged("it holds no pixels", reader.position)
    _refuse_stowaways(reader)
    return Header(width, height, orientation, frames > 1)


def _chunk_head(reader: HeaderReader) -> tuple[int, bytes]:
    if reader.at_end:
        raise reader.truncated(", before its end mark (IEND)")
    length, kind = reader.unpack(">L4s")
    if not kind.isalpha():
        raise damaged("a chunk has no valid name", reader.position - 8)
    if reader.position + length + 4 > reader.size:
        raise reader.truncated(f", inside its {kind.decode()} chunk")
    return length, kind


def _refuse_stowaways(reader: HeaderReader) -> None:
    """Data behind the end mark, such as a web page, makes one file two things to two readers."""
    end = reader.position
    while not reader.at_end:
        if reader.read(min(BLOCK_BYTES, reader.size - reader.position)).strip(PADDING):
            msg = f"The PNG ends at byte {end}, and {reader.size - end} bytes of other data follow; export it again."
            raise CorruptImage(msg, read_bytes=end, size_bytes=reader.size)
