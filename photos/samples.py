"""Sample photos for a fresh installation: landscapes drawn by code, in several sizes, orientations and formats."""

from __future__ import annotations

import io
import math
import random
from collections.abc import Iterator

import pillow_heif
from PIL import Image, ImageDraw, ImageFilter

EXIF_ORIENTATION = 0x0112  # EXIF 2.32, table 4

SKIES = (
    ((24, 40, 92), (250, 152, 104)),
    ((84, 150, 214), (226, 238, 246)),
    ((30, 24, 62), (120, 92, 160)),
    ((255, 196, 120), (255, 236, 206)),
)


def landscape(width: int, height: int, seed: int) -> Image.Image:
    """A sky, a sun, and ranges of hills that fade with distance; the same for the same seed."""
    chance = random.Random(seed)  # noqa: S311 - a picture, not a secret
    top, bottom = SKIES[seed % len(SKIES)]
    mask = Image.linear_gradient("L").resize((width, height))
    picture = Image.composite(Image.new("RGB", mask.size, bottom), Image.new("RGB", mask.size, top), mask)
    draw = ImageDraw.Draw(picture)
    radius, x, y = height // 12, chance.randrange(width), height // 4 + chance.randrange(height // 5)
    draw.ellipse((x - radius, y - radius, x + radius, y + radius), fill=(255, 244, 214))
    picture = picture.filter(ImageFilter.GaussianBlur(max(1, height // 200)))
    draw = ImageDraw.Draw(picture)
    for layer in range(5):
        shade = 1 - layer / 5
        colour = tuple(round(band * shade * 0.6 + 18) for band in bottom)
        base = height * (0.5 + 0.11 * layer)
        waves = [(chance.uniform(0.5, 4), chance.uniform(0, 6.3), chance.uniform(0.01, 0.05)) for _ in range(4)]
        ridge = [
            (x, base - height * sum(size * math.sin(pace * 6.3 * x / width + phase) for pace, phase, size in waves))
            for x in range(0, width + 8, 8)
        ]
        draw.polygon([(0, height), *ridge, (width, height)], fill=colour)
    return picture


def draw() -> Iterator[tuple[str, bytes]]:
    """File names and bytes: landscape, portrait, panorama, a phone's sideways shot, alpha, an animation, HEIC, AVIF."""
    pillow_heif.register_heif_opener()
    yield "Evening hills.jpg", _encode(landscape(3000, 2000, 0), "JPEG", quality=88)
    yield "Morning portrait.jpg", _encode(landscape(1500, 2250, 3), "JPEG", quality=88)
    yield "Panorama.png", _encode(landscape(2400, 800, 1), "PNG")
    yield "Held sideways.jpg", _encode(_sideways(landscape(1600, 2400, 5)), "JPEG", exif=_orientation(6), quality=88)
    yield "Round.webp", _encode(_round(landscape(1200, 1200, 2)), "WEBP", quality=85)
    frames = [landscape(480, 320, seed) for seed in (4, 5, 6)]
    yield "Moving.gif", _encode(frames[0], "GIF", save_all=True, append_images=frames[1:], duration=400, loop=0)
    yield "From a phone.heic", _encode(landscape(2016, 1512, 7), "HEIF", quality=70)
    yield "Small.avif", _encode(landscape(320, 240, 6), "AVIF", quality=70)


def _sideways(picture: Image.Image) -> Image.Image:
    return picture.transpose(Image.Transpose.ROTATE_90)


def _orientation(value: int) -> Image.Exif:
    exif = Image.Exif()
    exif[EXIF_ORIENTATION] = value
    return exif


def _round(picture: Image.Image) -> Image.Image:
    mask = Image.new("L", picture.size, 0)
    ImageDraw.Draw(mask).ellipse((0, 0, *picture.size), fill=255)
    picture.putalpha(mask)
    return picture


def _encode(picture: Image.Image, encoder: str, **options: object) -> bytes:
    out = io.BytesIO()
    picture.save(out, encoder, **options)
    return out.getvalue()
