"""From pixels to a thumbnail's bytes, with nothing in them but pixels."""

from __future__ import annotations

import io
from dataclasses import dataclass
from typing import Any

from PIL import Image

from ..sizes import OutputFormat


@dataclass(frozen=True)
class Encoder:
    """How one output format is written: what it is called, whether it keeps alpha, and its encoder's options."""

    content_type: str
    extension: str
    pillow: str
    keeps_alpha: bool
    options: dict[str, Any]


# Each format's every metadata option is given, since Pillow otherwise takes some of them from the source.
ENCODERS: dict[OutputFormat, Encoder] = {
    "webp": Encoder(
        "image/webp",
        "webp",
        "WEBP",
        keeps_alpha=True,
        options={"method": 4, "exif": b"", "xmp": b"", "icc_profile": b""},
    ),
    "jpeg": Encoder(
        "image/jpeg",
        "jpg",
        "JPEG",
        keeps_alpha=False,
        options={
            "optimize": True,
            "subsampling": "4:2:0",
            "exif": b"",
            "xmp": b"",
            "icc_profile": b"",
            "comment": b"",
        },
    ),
    # One thread: the number of threads decides the tiles, and so the bytes.
    "avif": Encoder(
        "image/avif",
        "avif",
        "AVIF",
        keeps_alpha=True,
        options={"speed": 7, "max_threads": 1, "exif": b"", "xmp": b"", "icc_profile": b""},
    ),
}


def encode(image: Image.Image, encoder: Encoder, quality: int) -> bytes:
    """The bytes of an RGB or RGBA picture at a quality of 0 to 100; alpha needs a format that keeps it."""
    buffer = io.BytesIO()
    image.save(buffer, encoder.pillow, quality=quality, **encoder.options)
    return buffer.getvalue()
