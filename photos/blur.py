"""A ThumbHash (evanw.github.io/thumbhash) as a picture of a few pixels, which browsers smooth. No Django, no Pillow."""

from __future__ import annotations

import base64
import math
import struct
from collections.abc import Iterator
from functools import lru_cache

# Enough for the lowest waves, which are what one sees; 12 pixels make 84 characters.
COLUMNS, ROWS = 4, 3

Grid = list[float]


@lru_cache(maxsize=4096)
def blur(thumbhash: str) -> str | None:
    """The blur as the address of an image, for a picture that covers it; None for one with holes to see it through."""
    data = base64.b64decode(thumbhash)
    head = int.from_bytes(data[:5], "little")
    if head >> 23 & 1:
        return None
    longest, other = 7, max(3, head >> 24 & 7)
    across, down = (longest, other) if head >> 39 else (other, longest)
    waves = iter([float(part) for byte in data[5:] for part in (byte & 15, byte >> 4)])
    light = _channel((head & 63) / 63, (head >> 18 & 31) / 31, across, down, waves)
    # Colours are a little stronger than their waves say, as in the format's own decoders: rounding takes from them.
    yellow = _channel((head >> 6 & 63) / 31.5 - 1, (head >> 27 & 63) / 63 * 1.25, 3, 3, waves)
    red = _channel((head >> 12 & 63) / 31.5 - 1, (head >> 33 & 63) / 63 * 1.25, 3, 3, waves)
    pixels = [_rgb(*colour) for colour in zip(light, yellow, red, strict=True)]
    return f"data:image/bmp;base64,{base64.b64encode(_bitmap(pixels)).decode()}"


def _channel(mean: float, scale: float, across: int, down: int, waves: Iterator[float]) -> Grid:
    """The channel at the middle of each pixel, row by row."""
    grid = [mean] * (COLUMNS * ROWS)
    for cy in range(down):
        for cx in range(1 if cy == 0 else 0, across):
            if cx * down >= across * (down - cy):
                break
            strength = (next(waves, 7.5) / 7.5 - 1) * scale * 2
            for at, wave in enumerate(_wave(cx, cy)):
                grid[at] += strength * wave
    return grid


@lru_cache
def _wave(cx: int, cy: int) -> Grid:
    return [
        math.cos(math.pi / COLUMNS * cx * (x + 0.5)) * math.cos(math.pi / ROWS * cy * (y + 0.5))
        for y in range(ROWS)
        for x in range(COLUMNS)
    ]


def _rgb(light: float, yellow: float, red: float) -> bytes:
    blue = light - 2 / 3 * yellow
    strongest = (3 * light - blue + red) / 2
    return bytes(round(255 * max(0.0, min(1.0, value))) for value in (strongest, strongest - red, blue))


def _bitmap(pixels: list[bytes]) -> bytes:
    """A BMP with the short header of OS/2, the smallest that browsers read: rows from below, blue before red."""
    rows = [pixels[at : at + COLUMNS] for at in range(0, len(pixels), COLUMNS)]
    body = b"".join(b"".join(pixel[::-1] for pixel in row) for row in rows[::-1])
    head = struct.pack("<LHHHH", 12, COLUMNS, ROWS, 1, 24)
    start = 14 + len(head)
    return struct.pack("<2sLHHL", b"BM", start + len(body), 0, 0, start) + head + body
