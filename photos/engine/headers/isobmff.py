"""AVIF and HEIC: the primary item's properties (ISO/IEC 14496-12 boxes, ISO/IEC 23008-12 section 6.5)."""

from __future__ import annotations

import struct
from collections.abc import Iterator

from .reader import Header, HeaderReader, damaged

# A phone's picture of 48 megapixels describes its tiles in some 10 kB; half a million tiny boxes are no description.
MAX_META_BYTES = 256 * 1024

AVIF_BRANDS = frozenset({b"avif", b"avis"})
# The major brands that pillow-heif opens; mif1 and msf1 only say "some picture" and "some sequence".
GENERIC_BRANDS = frozenset({b"mif1", b"msf1"})
HEIC_BRANDS = GENERIC_BRANDS | {b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"hevm", b"hevs"}
SEQUENCE_BRANDS = frozenset({b"avis", b"msf1", b"hevc", b"hevx", b"hevm", b"hevs"})

# A rotation in quarter turns to the left, then a mirror axis (0: top and bottom change places, 1: left and right).
ORIENTATIONS = {
    (0, None): 1, (1, None): 8, (2, None): 3, (3, None): 6,
    (0, 0): 4, (1, 0): 5, (2, 0): 2, (3, 0): 7,
    (0, 1): 2, (1, 1): 7, (2, 1): 4, (3, 1): 5,
}  # fmt: skip


def is_avif(magic: bytes) -> bool:
    """Whether the first bytes are an AVIF's."""
    major, others = _brands(magic)
    return major in AVIF_BRANDS or (major in GENERIC_BRANDS and bool(others & AVIF_BRANDS))


def is_heic(magic: bytes) -> bool:
    """Whether the first bytes are a HEIC's."""
    return _brands(magic)[0] in HEIC_BRANDS and not is_avif(magic)


def read_avif(reader: HeaderReader) -> Header:
    """The header of an AVIF, whose decoder leaves rotation and mirroring to us and EXIF's orientation unused."""
    properties, is_sequence = _primary_properties(reader)
    width, height = _extent(properties, reader)
    turn, mirror = 0, None
    for kind, body in properties:
        if kind == b"irot":
            turn = body[0] & 3
        elif kind == b"imir":
            mirror = body[0] & 1
    return Header(width, height, ORIENTATIONS[turn, mirror], is_sequence)


def read_heic(reader: HeaderReader) -> Header:
    """The header of a HEIC, whose decoder crops, rotates and mirrors in the order of the properties."""
    properties, is_sequence = _primary_properties(reader)
    width, height = _extent(properties, reader)
    for kind, body in properties:
        if kind == b"clap":
            across, across_part, down, down_part = struct.unpack_from(">4L", body)
            width, height = min(width, round(across / across_part)), min(height, round(down / down_part))
        elif kind == b"irot" and body[0] & 1:
            width, height = height, width
    return Header(width, height, is_animated=is_sequence)


def _brands(magic: bytes) -> tuple[bytes, frozenset[bytes]]:
    if magic[4:8] != b"ftyp":
        return b"", frozenset()
    end = min(int.from_bytes(magic[:4], "big"), len(magic))
    return magic[8:12], frozenset(magic[at : at + 4] for at in range(16, end, 4))


def _primary_properties(reader: HeaderReader) -> tuple[list[tuple[bytes, bytes]], bool]:
    is_sequence = reader.peek(12)[8:] in SEQUENCE_BRANDS
    boxes = dict(_children(_meta(reader)[4:]))
    primary = int.from_bytes(boxes[b"pitm"][4:], "big")
    groups = list(_children(boxes[b"iprp"]))
    pool = list(_children(dict(groups)[b"ipco"]))
    indices = [index for kind, body in groups if kind == b"ipma" for index in _associations(body, primary)]
    return [pool[index - 1] for index in indices if 0 < index <= len(pool)], is_sequence


def _extent(properties: list[tuple[bytes, bytes]], reader: HeaderReader) -> tuple[int, int]:
    for kind, body in properties:
        if kind == b"ispe":
            width, height = struct.unpack_from(">LL", body, 4)
            return width, height
    raise damaged("its main picture has no size", reader.position)


def _meta(reader: HeaderReader) -> bytes:
    """The body of the top-level meta box; data boxes must lie inside the file, wherever they come."""
    meta = b""
    while reader.position + 8 <= reader.size:
        start = reader.position
        length, kind = reader.unpack(">L4s")
        if length == 1:
            (length,) = reader.unpack(">Q")
        end = start + length if length else reader.size
        if kind in (b"meta", b"mdat") and end > reader.size:
            raise reader.truncated(f" of the {end} that it should have")
        if kind == b"meta" and not meta:
            if end - reader.position > MAX_META_BYTES:
                raise damaged("the description of its pictures is larger than a real one", reader.position)
            meta = reader.read(max(end - reader.position, 0))
        if end < reader.position:
            break
        reader.seek(end)
    if not meta:
        raise damaged("it has no description of its pictures", reader.position)
    return meta


def _children(body: bytes) -> Iterator[tuple[bytes, bytes]]:
    at = 0
    while at + 8 <= len(body):
        length, kind = struct.unpack_from(">L4s", body, at)
        if length < 8:
            return
        yield kind, body[at + 8 : at + length]
        at += length


def _associations(body: bytes, item: int) -> Iterator[int]:
    """The 1-based indices of an item's properties, in the order in which they apply."""
    head, count = struct.unpack_from(">LL", body)
    item_layout = ">LB" if head >> 24 else ">HB"
    index_bytes = 2 if head & 1 else 1
    at = 8
    for _ in range(count):
        owner, indices = struct.unpack_from(item_layout, body, at)
        at += struct.calcsize(item_layout)
        for start in range(at, at + index_bytes * indices, index_bytes):
            if owner == item:
                # The top bit says that a reader must understand the property.
                yield (int.from_bytes(body[start : start + index_bytes], "big") & (1 << 8 * index_bytes - 1) - 1)
        at += index_bytes * indices
