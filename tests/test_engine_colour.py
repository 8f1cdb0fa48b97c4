"""Colour modes, colour profiles and transparency."""

from __future__ import annotations

import io
import struct

import pytest
from PIL import Image

from photos.engine import render
from photos.sizes import Box, OutputFormat
from tests import pictures

BOX = {"any": Box(100, 100)}


def thumbnail(data: bytes, form: OutputFormat = "webp", box: int = 100) -> Image.Image:
    rendering = render(io.BytesIO(data), {"any": Box(box, box)}, format=form, quality=95, max_pixels=1 << 26)
    image = Image.open(io.BytesIO(rendering.thumbnails["any"].data))
    image.load()
    return image


def pixel(image: Image.Image, x: float = 0.5, y: float = 0.5, mode: str = "RGB") -> tuple[int, ...]:
    """The pixel at a share of width and height."""
    value = image.convert(mode).getpixel((int(image.width * x), int(image.height * y)))
    assert isinstance(value, tuple)
    return value


def is_near(seen: tuple[int, ...], wanted: tuple[int, ...], tolerance: int = 12) -> bool:
    return all(abs(a - b) <= tolerance for a, b in zip(seen, wanted, strict=True))


def test_sixteen_bit_grey_keeps_its_shades() -> None:
    image = thumbnail(pictures.grey16(), box=256)
    shades = [pixel(image, share)[0] for share in (0.02, 0.25, 0.5, 0.75, 0.98)]
    assert is_near(tuple(shades), (5, 64, 128, 192, 250))


def test_sixteen_bit_colours_keep_their_shades() -> None:
    data = pictures.raw_png((4, 4), 16, 2, struct.pack(">3H", 50 * 257, 100 * 257, 200 * 257) * 16)
    assert is_near(pixel(thumbnail(data)), (50, 100, 200))


@pytest.mark.parametrize(
    ("depth", "colour", "pixels", "chunks", "seen"),
    [
        (1, 0, bytes(4), [], (0, 0, 0)),
        (1, 0, b"\xff" * 4, [], (255, 255, 255)),
        (2, 0, b"\xaa" * 4, [], (170, 170, 170)),
        (4, 0, b"\x88" * 8, [], (136, 136, 136)),
        (8, 0, b"\x80" * 16, [], (128, 128, 128)),
        (8, 2, bytes((200, 100, 50)) * 16, [], (200, 100, 50)),
        (8, 3, b"\1" * 16, [pictures.chunk(b"PLTE", bytes((0, 0, 0, 200, 100, 50)))], (200, 100, 50)),
        (8, 4, bytes((128, 255)) * 16, [], (128, 128, 128)),
        (16, 4, bytes((128, 0, 255, 255)) * 16, [], (128, 128, 128)),
        (8, 6, bytes((200, 100, 50, 255)) * 16, [], (200, 100, 50)),
        (16, 6, bytes((200, 0, 100, 0, 50, 0, 255, 255)) * 16, [], (200, 100, 50)),
    ],
)
def test_every_kind_of_png_keeps_its_colour(
    depth: int, colour: int, pixels: bytes, chunks: list[bytes], seen: tuple[int, ...]
) -> None:
    image = thumbnail(pictures.raw_png((4, 4), depth, colour, pixels, chunks))
    assert image.mode == "RGB"
    assert is_near(pixel(image), seen)


@pytest.mark.parametrize(
    ("depth", "colour", "pixels", "key"),
    [
        (1, 0, b"\xff" * 4, struct.pack(">H", 1)),
        (2, 0, b"\xaa" * 4, struct.pack(">H", 2)),
        (4, 0, b"\x88" * 8, struct.pack(">H", 8)),
        (8, 0, b"\x80" * 16, struct.pack(">H", 128)),
        (16, 0, b"\x80\x90" * 16, struct.pack(">H", 0x8090)),
        (8, 2, bytes((200, 100, 50)) * 16, struct.pack(">3H", 200, 100, 50)),
        (
            16,
            2,
            bytes((200, 9, 100, 9, 50, 9)) * 16,
            struct.pack(">3H", 200 * 256 + 9, 100 * 256 + 9, 50 * 256 + 9),
        ),
    ],
)
def test_the_colour_that_a_png_names_as_transparent_is_so_at_every_depth(
    depth: int, colour: int, pixels: bytes, key: bytes
) -> None:
    data = pictures.raw_png((4, 4), depth, colour, pixels, [pictures.chunk(b"tRNS", key)])
    assert pixel(thumbnail(data), mode="RGBA")[3] == 0


def test_another_colour_than_the_transparent_one_stays() -> None:
    assert pixel(thumbnail(pictures.grey16(key=5 * 257), box=256), 0.5, mode="RGBA")[3] == 255


@pytest.mark.parametrize(
    ("transparency", "alphas"),
    [(None, (255, 255)), (0, (0, 255)), (bytes((255, 0)), (255, 0)), (bytes((100, 255)), (100, 255))],
)
def test_a_palette_is_looked_up_before_shrinking_with_and_without_transparency(
    transparency: int | bytes | None, alphas: tuple[int, int]
) -> None:
    image = thumbnail(pictures.palette(transparency), box=32)
    left, right = pixel(image, 0.2, mode="RGBA"), pixel(image, 0.8, mode="RGBA")
    assert is_near((left[3], right[3]), alphas, 2)
    assert not alphas[0] or is_near(left[:3], pictures.RED, 20)
    assert not alphas[1] or is_near(right[:3], pictures.GREEN, 20)


@pytest.mark.parametrize("kind", ["PNG", "WEBP", "AVIF", "GIF"])
@pytest.mark.parametrize("form", ["webp", "avif"])
def test_transparency_is_kept_where_the_output_has_it(kind: str, form: OutputFormat) -> None:
    image = thumbnail(pictures.cutout(kind), form)
    assert image.mode == "RGBA"
    assert pixel(image, 0.02, 0.02, "RGBA")[3] == 0
    assert is_near(pixel(image, mode="RGBA"), (255, 0, 0, 255))


@pytest.mark.parametrize("mode", ["RGBA", "LA", "P"])
def test_transparency_turns_white_in_a_jpeg(mode: str) -> None:
    assert is_near(pixel(thumbnail(pictures.cutout("PNG", mode), "jpeg"), 0.02, 0.02), (255, 255, 255), 2)


def test_colours_of_transparent_pixels_do_not_bleed_over_the_edge() -> None:
    image = thumbnail(pictures.cutout(), "jpeg", box=40)
    _, green, blue = image.convert("RGB").split()
    overshoot = max(g - b for g, b in zip(green.tobytes(), blue.tobytes(), strict=True))
    assert overshoot < 30


def test_alpha_that_hides_nothing_is_not_written() -> None:
    assert thumbnail(pictures.png(image=pictures.quarters().convert("RGBA")), "avif").mode == "RGB"


@pytest.mark.parametrize(
    ("ink", "seen"),
    [
        ((255, 0, 0, 0), (0, 255, 255)),
        ((0, 0, 0, 255), (0, 0, 0)),
        ((0, 0, 0, 0), (255, 255, 255)),
        ((0, 255, 255, 0), (255, 0, 0)),
    ],
)
def test_printing_colours_are_not_inverted(ink: tuple[int, int, int, int], seen: tuple[int, ...]) -> None:
    assert is_near(pixel(thumbnail(pictures.cmyk(ink))), seen)


def test_ycck_is_read_like_cmyk() -> None:
    assert is_near(pixel(thumbnail(pictures.ycck(200))), (200, 200, 200), 16)


def test_printing_colours_go_through_their_profile() -> None:
    assert is_near(pixel(thumbnail(pictures.cmyk((255, 0, 0, 0), icc_profile=black_ink_profile()))), (255, 255, 255))
    assert is_near(pixel(thumbnail(pictures.cmyk((0, 0, 0, 255), icc_profile=black_ink_profile()))), (0, 0, 0))


@pytest.mark.parametrize("kind", ["jpeg", "png", "webp", "avif", "heic"])
def test_colours_are_converted_from_their_profile(kind: str) -> None:
    profile = pictures.profile("swap", swaps_red_and_green=True)
    data = pictures.FACTORIES[kind](image=Image.new("RGB", (64, 48), (230, 20, 20)), icc_profile=profile)
    assert is_near(pixel(thumbnail(data)), (20, 230, 20), 16)


def test_a_profile_applies_beside_transparency_too() -> None:
    profile = pictures.profile("swap", swaps_red_and_green=True)
    data = pictures.png(image=Image.new("RGBA", (64, 48), (230, 20, 20, 128)), icc_profile=profile)
    assert is_near(pixel(thumbnail(data), mode="RGBA"), (20, 230, 20, 128), 16)


def test_a_grey_picture_goes_through_a_grey_profile() -> None:
    data = pictures.png(image=Image.new("L", (64, 48), 128), icc_profile=icc(b"GRAY", b"XYZ ", LINEAR_GREY))
    assert is_near(pixel(thumbnail(data)), (188, 188, 188))


@pytest.mark.parametrize("profile", [b"junk", b"\0" * 200, pictures.profile()[:150], pictures.profile()[:-300]])
def test_a_broken_profile_is_ignored(profile: bytes) -> None:
    assert is_near(
        pixel(thumbnail(pictures.jpeg(image=Image.new("RGB", (64, 48), (200, 50, 50)), icc_profile=profile))),
        (200, 50, 50),
    )


def test_a_profile_for_other_colours_is_ignored() -> None:
    grey = pictures.jpeg(image=Image.new("L", (64, 48), 128), icc_profile=pictures.profile())
    colour = pictures.jpeg(image=Image.new("RGB", (64, 48), (200, 50, 50)), icc_profile=black_ink_profile())
    assert is_near(pixel(thumbnail(grey)), (128, 128, 128))
    assert is_near(pixel(thumbnail(colour)), (200, 50, 50))


WHITE = b"XYZ \0\0\0\0" + struct.pack(">3l", 63190, 65536, 54061)  # D50, as ICC.1:2022 section 7.2.16 has it
LINEAR_GREY = {b"wtpt": WHITE, b"kTRC": b"curv\0\0\0\0\0\0\0\1\1\0\0\0"}


def icc(space: bytes, connection: bytes, tags: dict[bytes, bytes]) -> bytes:
    """A colour profile of version 2 for an output device (ICC.1:2001-04 section 6)."""
    offset, table, body = 128 + 4 + 12 * len(tags), struct.pack(">L", len(tags)), b""
    for name, data in tags.items():
        table += name + struct.pack(">LL", offset + len(body), len(data))
        body += data
    head = struct.pack(
        ">L4sL4s4s4s12x4s28x3l",
        offset + len(body),
        b"",
        0x02100000,
        b"prtr",
        space,
        connection,
        b"acsp",
        63190,
        65536,
        54061,
    )
    return head.ljust(128, b"\0") + table + body


def black_ink_profile() -> bytes:
    """A profile that sees black ink only: every other ink leaves the paper white."""
    ramp = bytes(range(256))
    grid = b"".join(bytes((0 if node & 1 else 255, 128, 128)) for node in range(16))
    matrix = struct.pack(">9l", 65536, 0, 0, 0, 65536, 0, 0, 0, 65536)
    table = b"mft1\0\0\0\0" + bytes((4, 3, 2, 0)) + matrix + ramp * 4 + grid + ramp * 3
    return icc(b"CMYK", b"Lab ", {b"wtpt": WHITE, b"A2B0": table})
