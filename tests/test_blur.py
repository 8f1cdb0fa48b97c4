"""The few pixels that stand for a picture until it has come."""

from __future__ import annotations

import base64
import io

import pytest
from PIL import Image

from photos.blur import blur
from photos.engine.placeholder import thumbhash
from tests import pictures


def seen(address: str | None) -> Image.Image:
    """The picture at a data address."""
    assert address
    head, _, data = address.partition(",")
    assert head == "data:image/bmp;base64"
    return Image.open(io.BytesIO(base64.b64decode(data)))


@pytest.mark.parametrize("size", [(64, 48), (48, 64), (64, 64), (200, 20), (20, 200)])
def test_the_blur_has_the_pictures_colours_where_the_picture_has_them(size: tuple[int, int]) -> None:
    image = pictures.quarters(*size).resize(size, Image.Resampling.BICUBIC)

    drawn = seen(blur(thumbhash(image))).convert("RGB")

    for corner, (x, y) in {(0, 0): (0.0, 0.0), (3, 0): (0.99, 0.0), (0, 2): (0.0, 0.99), (3, 2): (0.99, 0.99)}.items():
        pixel, picture = drawn.getpixel(corner), image.getpixel((int(x * size[0]), int(y * size[1])))
        assert isinstance(pixel, tuple)
        assert isinstance(picture, tuple)
        nearest = min(
            (pictures.RED, pictures.GREEN, pictures.BLUE, pictures.YELLOW),
            key=lambda colour: sum((a - b) ** 2 for a, b in zip(colour, pixel, strict=True)),
        )
        assert nearest == picture


@pytest.mark.parametrize("colour", [(200, 60, 30), (0, 0, 0), (255, 255, 255), (30, 90, 250)])
def test_a_plain_picture_has_a_plain_blur(colour: tuple[int, int, int]) -> None:
    drawn = seen(blur(thumbhash(Image.new("RGB", (30, 20), colour)))).convert("RGB")
    for low, high in drawn.getextrema():
        assert high - low <= 2
    for mean, wanted in zip(drawn.resize((1, 1)).getpixel((0, 0)), colour, strict=True):  # type: ignore[arg-type]
        assert mean == pytest.approx(wanted, abs=14)


def test_what_has_holes_has_no_blur_that_would_show_through_them() -> None:
    assert blur(thumbhash(Image.new("RGBA", (30, 20), (200, 60, 30, 102)))) is None


def test_it_costs_about_a_hundred_characters() -> None:
    assert len(blur(thumbhash(pictures.photo(400, 300))) or "") == 106
