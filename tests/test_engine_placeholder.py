"""The ThumbHash, against vectors of the format's reference algorithm and its decoders' rules."""

from __future__ import annotations

import base64
import io

import pytest
from PIL import Image

from photos.engine import render
from photos.engine.placeholder import thumbhash
from photos.sizes import Recipe
from tests import pictures


def fields(code: str) -> dict[str, float]:
    """What a decoder reads from a ThumbHash's head: mean colour (0 … 1), alpha, width by height."""
    data = base64.b64decode(code)
    head = int.from_bytes(data[:5], "little")
    light, yellow, red = (head & 63) / 63, (head >> 6 & 63) / 31.5 - 1, (head >> 12 & 63) / 31.5 - 1
    blue = light - 2 / 3 * yellow
    has_alpha, is_landscape = bool(head >> 23 & 1), bool(head >> 39)
    longest, other = 5 if has_alpha else 7, head >> 24 & 7
    return {
        "red": (3 * light - blue + red) / 2,
        "green": (3 * light - blue - red) / 2,
        "blue": blue,
        "has_alpha": has_alpha,
        "alpha": (data[5] & 15) / 15 if has_alpha else 1,
        "aspect": longest / other if is_landscape else other / longest,
    }


@pytest.mark.parametrize(
    ("width", "height", "seed", "code"),
    [(32, 24, 1, "GxYGPYygl5kQ0qy6anervMmft/d4"), (24, 32, 7, "YZcFNQp1qC92h0c4unh4dV/S6K97")],
)
def test_the_hash_is_the_reference_algorithms(width: int, height: int, seed: int, code: str) -> None:
    assert thumbhash(pictures.photo(width, height, seed)) == code


@pytest.mark.parametrize("colour", [(200, 60, 30), (0, 0, 0), (255, 255, 255), (30, 90, 250)])
def test_the_mean_colour_is_the_pictures(colour: tuple[int, int, int]) -> None:
    seen = fields(thumbhash(Image.new("RGB", (30, 20), colour)))
    for name, value in zip(("red", "green", "blue"), colour, strict=True):
        assert seen[name] == pytest.approx(value / 255, abs=0.05)


@pytest.mark.parametrize("size", [(400, 300), (300, 400), (700, 100), (100, 700), (50, 50), (1, 1), (1, 900)])
def test_the_aspect_is_about_the_pictures(size: tuple[int, int]) -> None:
    seen = fields(thumbhash(Image.new("RGB", size)))["aspect"]
    assert seen == pytest.approx(max(1 / 7, min(7, size[0] / size[1])), rel=0.15)


def test_alpha_is_told_and_its_mean_is_the_pictures() -> None:
    seen = fields(thumbhash(Image.new("RGBA", (30, 20), (200, 60, 30, 102))))
    assert seen["has_alpha"]
    assert seen["alpha"] == pytest.approx(0.4, abs=0.04)


def test_an_opaque_picture_has_no_alpha() -> None:
    assert not fields(thumbhash(Image.new("RGBA", (30, 20), (200, 60, 30, 255))))["has_alpha"]


def test_an_invisible_picture_has_a_hash() -> None:
    assert fields(thumbhash(Image.new("RGBA", (30, 20), (200, 60, 30, 0))))["alpha"] == 0


def test_a_hash_is_some_twenty_five_bytes() -> None:
    assert 20 <= len(base64.b64decode(thumbhash(pictures.photo(400, 300)))) <= 26


def test_the_placeholder_lies_the_way_the_thumbnails_do() -> None:
    file = io.BytesIO(pictures.jpeg(400, 100, orientation=6))
    rendering = render(file, Recipe().boxes, format="webp", quality=80, max_pixels=1 << 26)
    assert fields(rendering.placeholder)["aspect"] < 0.5
