"""ThumbHash (evanw.github.io/thumbhash): a picture's blur in some 25 bytes, shown until its thumbnail has come."""

from __future__ import annotations

import base64
import math
from collections.abc import Iterator
from dataclasses import dataclass
from operator import mul

from PIL import Image

# Seven waves across at the most: more than 32 pixels a side change nothing but the time, which grows with them.
MAX_EDGE = 32

# Waves along the longer side, in luminance; fewer beside alpha, which takes room too.
OPAQUE_WAVES, ALPHA_WAVES = 7, 5

# A flat channel's cosine sums aren't quite zero in floating point.
ROUNDING_NOISE = 1e-9


@dataclass(frozen=True)
class Channel:
    """One channel's cosine transform: the mean, the largest other coefficient, and the others scaled to 0 … 1."""

    mean: float
    scale: float
    waves: list[float]


def thumbhash(image: Image.Image) -> str:
    """The ThumbHash, base64, of an RGB or RGBA picture."""
    image = image.convert("RGBA")
    image.thumbnail((MAX_EDGE, MAX_EDGE), Image.Resampling.BOX)
    width, height = image.size
    light, yellow, red, alpha = _channels(image)
    has_alpha = min(alpha) < 1
    most = ALPHA_WAVES if has_alpha else OPAQUE_WAVES
    across, down = (max(1, _round(most * edge / max(width, height))) for edge in (width, height))

    l = _transform(light, width, max(3, across), max(3, down))  # noqa: E741 - L, P, Q, A: the format's own names
    p, q = (_transform(channel, width, 3, 3) for channel in (yellow, red))
    a = _transform(alpha, width, 5, 5) if has_alpha else None

    is_landscape = width > height
    head = (
        _round(63 * l.mean)
        | _round(31.5 + 31.5 * p.mean) << 6
        | _round(31.5 + 31.5 * q.mean) << 12
        | _round(31 * l.scale) << 18
        | has_alpha << 23
        | (down if is_landscape else across) << 24
        | _round(63 * p.scale) << 27
        | _round(63 * q.scale) << 33
        | is_landscape << 39
    )
    nibbles = [_round(15 * a.mean), _round(15 * a.scale)] if a else []
    nibbles += [_round(15 * wave) for channel in (l, p, q, a) if channel for wave in channel.waves]
    pairs = zip(nibbles[::2], [*nibbles[1::2], 0], strict=False)
    return base64.b64encode(head.to_bytes(5, "little") + bytes(low | high << 4 for low, high in pairs)).decode()


def _round(value: float) -> int:
    return math.floor(value + 0.5)


def _channels(image: Image.Image) -> tuple[list[float], list[float], list[float], list[float]]:
    """Luminance, yellow-blue, red-green and alpha of each pixel, 0 … 1, laid over the picture's mean colour."""
    red, green, blue, alpha = ([value / 255 for value in band.tobytes()] for band in image.split())
    weight = sum(alpha)
    bands = []
    for band in (red, green, blue):
        mean = sum(map(mul, band, alpha)) / weight if weight else 0.0
        bands.append([mean * (1 - share) + value * share for value, share in zip(band, alpha, strict=True)])
    pixels = list(zip(*bands, strict=True))
    return (
        [(r + g + b) / 3 for r, g, b in pixels],
        [(r + g) / 2 - b for r, g, b in pixels],
        [r - g for r, g, b in pixels],
        alpha,
    )


def _transform(values: list[float], width: int, across: int, down: int) -> Channel:
    mean, *waves = _coefficients(values, width, across, down)
    scale = max(map(abs, waves))
    if scale < ROUNDING_NOISE:
        return Channel(mean, 0, [0] * len(waves))
    return Channel(mean, scale, [0.5 + 0.5 * wave / scale for wave in waves])


def _coefficients(values: list[float], width: int, across: int, down: int) -> Iterator[float]:
    """The low-frequency triangle of the two-dimensional cosine transform, columns first: it is separable."""
    height = len(values) // width
    columns = [values[x::width] for x in range(width)]
    for cy in range(down):
        rows = _cosines(cy, height)
        profile = [sum(map(mul, column, rows)) for column in columns]
        for cx in range(across):
            if cx * down >= across * (down - cy):
                break
            yield sum(map(mul, profile, _cosines(cx, width))) / len(values)


def _cosines(frequency: int, count: int) -> list[float]:
    return [math.cos(math.pi / count * frequency * (at + 0.5)) for at in range(count)]
