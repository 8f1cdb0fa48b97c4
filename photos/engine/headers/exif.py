"""The orientation in a block of EXIF metadata (a TIFF file in miniature, EXIF 2.32 section 4.6.2)."""

from __future__ import annotations

import struct

ORIENTATION_TAG = 0x0112
INTEGER_LAYOUTS = {1: "B", 3: "H", 4: "L"}

# Enough for the first directory, which the orientation is in, wherever writers put it in an APP1 segment.
MAX_EXIF_BYTES = 65536


def orientation(exif: bytes) -> int:
    """The EXIF orientation, 1 to 8; 1 where there is none or where it can't be read, as browsers do."""
    tiff = exif.removeprefix(b"Exif\0\0")
    order = {b"II*\0": "<", b"MM\0*": ">"}.get(tiff[:4])
    if order is None:
        return 1
    try:
        (directory,) = struct.unpack_from(order + "L", tiff, 4)
        (count,) = struct.unpack_from(order + "H", tiff, directory)
        for entry in range(directory + 2, directory + 2 + 12 * count, 12):
            tag, kind = struct.unpack_from(order + "HH", tiff, entry)
            if tag == ORIENTATION_TAG:
                (value,) = struct.unpack_from(order + INTEGER_LAYOUTS[kind], tiff, entry + 8)
                return value if 1 <= value <= 8 else 1
    except (struct.error, KeyError):
        return 1
    return 1
