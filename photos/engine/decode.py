"""From a foreign file to its pixels, no more of them than the largest thumbnail needs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import BinaryIO

import pillow_heif
from PIL import AvifImagePlugin, Image, ImageFile

from .formats import Format, check_pixels

# Pillow's own limit is one for the whole process, warns only, and would refuse what a higher max_pixels allows;
# check_pixels takes its place, before and after each open. Set once, since to change it around a call would
# change it for every thread.
Image.MAX_IMAGE_PIXELS = None

# All formats are loaded here and not at their first use: that is under a memory limit, within which libraries may
# fail to load.
Image.init()

# Embedded previews, depth maps and the like are never looked at, so libheif needn't list them. One thread a picture:
# cores are shared out by rendering pictures side by side, and each thread's stack and heap count against a limit.
pillow_heif.register_heif_opener(thumbnails=False, depth_images=False, aux_images=False, decode_threads=1)
AvifImagePlugin.DEFAULT_MAX_THREADS = 1

# Pillow first averages whole pixels down to twice the wanted size, as its own thumbnail() does, and then filters:
# 46 instead of 110 ms from 12 megapixels to 800 × 600.
REDUCING_GAP = 2.0

# Pixels converted at once where the stored mode can't be averaged: 2 MiB of RGBA instead of a second whole picture.
BAND_PIXELS = 1 << 19

AVERAGED_AS_STORED = frozenset({"L", "RGB", "CMYK"})

# PNG gives its transparent colour in the file's own depth, Pillow the pixels in 8 bits: the factor between them.
KEY_SCALES = {"L;2": 85, "L;4": 17, "I;16B": 1 / 256, "RGB;16B": 1 / 256}


@dataclass
class Source:
    """A picture that is open but not decoded, its width and height in pixels as stored, and its colour profile."""

    image: ImageFile.ImageFile
    has_draft: bool
    width: int
    height: int
    profile: bytes | None


def open_source(file: BinaryIO, kind: Format, max_pixels: int) -> Source:
    """Opens a file as the one format that its content says; raises TooManyPixels, or whatever Pillow does."""
    image = Image.open(file, formats=[kind.pillow])
    check_pixels(*image.size, max_pixels)
    _scale_colour_key(image)
    return Source(image, kind.has_draft, *image.size, image.info.get("icc_profile"))


def decode(source: Source, size: tuple[int, int]) -> Image.Image:
    """The first frame as L, LA, RGB, RGBA or CMYK of exactly this size in pixels, not turned upright yet."""
    image = source.image
    box = (0.0, 0.0, float(source.width), float(source.height))
    if source.has_draft and (drafted := image.draft(None, size)):
        box = drafted[1]
    image.load()
    if image.mode in AVERAGED_AS_STORED and "transparency" not in image.info:
        return image.resize(size, Image.Resampling.LANCZOS, box, reducing_gap=REDUCING_GAP)
    return _resize_by_bands(image, size)


def _scale_colour_key(image: ImageFile.ImageFile) -> None:
    key = image.info.get("transparency")
    scale = KEY_SCALES.get(str(image.tile[0][3])) if image.tile else None
    if scale and isinstance(key, int):
        image.info["transparency"] = int(key * scale)
    elif scale and isinstance(key, tuple):
        image.info["transparency"] = tuple(int(part * scale) for part in key)


def _resize_by_bands(image: Image.Image, size: tuple[int, int]) -> Image.Image:
    """Shrinks a picture whose mode must be converted first, without ever holding all of it converted and whole."""
    factor = int(min(image.width / size[0], image.height / size[1]) / REDUCING_GAP) or 1
    rows = max(1, BAND_PIXELS // image.width // factor) * factor
    reduced: Image.Image | None = None
    for top in range(0, image.height, rows):
        crop = image.crop((0, top, image.width, min(top + rows, image.height)))
        band = _averageable(crop).reduce(factor)
        reduced = reduced or Image.new(band.mode, (band.width, -(-image.height // factor)))
        reduced.paste(band, (0, top // factor))
    if reduced is None:
        msg = "the picture has no rows"
        raise ValueError(msg)
    box = (0, 0, image.width / factor, image.height / factor)
    return reduced.resize(size, Image.Resampling.LANCZOS, box).convert(reduced.mode.upper())


def _averageable(image: Image.Image) -> Image.Image:
    """The same picture in a mode whose neighbouring pixels can be averaged: L, RGB, or with alpha multiplied in."""
    if image.mode in ("I;16", "I"):
        key = image.info.pop("transparency", None)
        # convert() alone would cut every value over 255 to white.
        image = image.point(lambda value: value * (1 / 256)).convert("L")
        if key is not None:
            image.info["transparency"] = key
    is_grey = image.mode in ("1", "L", "LA", "La", "F")
    if image.has_transparency_data:
        return image.convert("LA" if is_grey else "RGBA").convert("La" if is_grey else "RGBa")
    return image.convert("L" if is_grey else "RGB")
