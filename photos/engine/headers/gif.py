"""GIF: blocks up to the second frame (GIF89a specification), whose presence makes it an animation."""

from __future__ import annotations

from .reader import Header, HeaderReader

EXTENSION, FRAME, TRAILER = b"!", b",", b";"
FRAME_LAYOUT = "<HHHHB"
HAS_PALETTE = 0x80


def read(reader: HeaderReader) -> Header:
    """The header of a GIF; a first frame that reaches over the logical screen enlarges it, as in Pillow."""
    reader.skip(6)
    width, height, flags = reader.unpack("<HHB")
    reader.skip(2 + _palette_bytes(flags))
    if not _next_frame(reader):
        raise reader.truncated(", before its first frame")
    left, top, frame_width, frame_height, flags = reader.unpack(FRAME_LAYOUT)
    reader.skip(_palette_bytes(flags) + 1)
    _skip_blocks(reader)
    return Header(max(width, left + frame_width), max(height, top + frame_height), is_animated=_next_frame(reader))


def _palette_bytes(flags: int) -> int:
    return 3 << (flags & 7) + 1 if flags & HAS_PALETTE else 0


def _next_frame(reader: HeaderReader) -> bool:
    """Moves behind the next frame's introducer, and tells whether there is one; a missing trailer is forgiven."""
    while not reader.at_end and (introducer := reader.read(1)) != TRAILER:
        if introducer == FRAME:
            return True
        if introducer == EXTENSION:
            reader.skip(1)
            _skip_blocks(reader)
    return False


def _skip_blocks(reader: HeaderReader) -> None:
    """Moves behind a run of data blocks; one that the end of the file cuts off is left for the decoder to judge."""
    while not reader.at_end and (length := reader.read(1)[0]):
        reader.skip(length)
