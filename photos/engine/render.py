"""A picture's thumbnails and placeholder: decoded once, each size derived from the next larger one."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import BinaryIO

from PIL import Image

from photos.sizes import Box, OutputFormat, fit

from .colour import flattened, to_srgb, upright
from .decode import REDUCING_GAP, decode, open_source
from .encode import ENCODERS, encode
from .formats import identify
from .gate import enough_memory, gate
from .headers.reader import displayed_size
from .metadata import Facts, metadata
from .placeholder import thumbhash

Size = tuple[int, int]


@dataclass(frozen=True)
class Thumbnail:
    """One encoded thumbnail, its width and height in pixels."""

    data: bytes
    width: int
    height: int
    content_type: str
    extension: str


@dataclass(frozen=True)
class Rendering:
    """The thumbnails by their boxes' names, the ThumbHash in base64, and the original's size in pixels as displayed.

    ``metadata`` is what the original tells beside its picture.
    """

    thumbnails: dict[str, Thumbnail]
    placeholder: str
    width: int
    height: int
    is_animated: bool
    metadata: Facts


def render(
    file: BinaryIO,
    boxes: Mapping[str, Box],
    *,
    format: OutputFormat,  # noqa: A002 - it is the word for it, as in Image.save
    quality: int,
    max_pixels: int,
) -> Rendering:
    """The thumbnails, one per named box (in pixels, at least one), of the first frame of a seekable picture file.

    Upright, in sRGB, without metadata, never enlarged; the bytes are a function of the file, all the boxes, the
    format and the quality (0 to 100). Raises UnsupportedFormat, CorruptImage, TooManyPixels (width times height
    over max_pixels), OutOfMemory, or StorageUnavailable when the file itself can't be read.
    """
    with gate(file):
        kind, header = identify(file, max_pixels)
        source = open_source(file, kind, max_pixels)
        width, height = displayed_size(source.width, source.height, header.orientation)
        sizes = {name: fit(width, height, box) for name, box in boxes.items()}
        largest = max(sizes.values())
        decoded = decode(source, displayed_size(*largest, header.orientation))
        # After the pixels, behind which some formats have it.
        facts = metadata(source.image)
        file.seek(0)
    with enough_memory():
        encoder = ENCODERS[format]
        image = to_srgb(upright(decoded, header.orientation), source.profile)
        scaled = derive(image if encoder.keeps_alpha else flattened(image), sizes.values())
        encoded = {
            size: Thumbnail(encode(image, encoder, quality), *size, encoder.content_type, encoder.extension)
            for size, image in scaled.items()
        }
        placeholder = thumbhash(scaled[min(scaled)])
    thumbnails = {name: encoded[size] for name, size in sizes.items()}
    return Rendering(thumbnails, placeholder, width, height, header.is_animated, facts)


def derive(image: Image.Image, sizes: Iterable[Size]) -> dict[Size, Image.Image]:
    """The picture in each of the sizes, the largest of which it has; all share its aspect, so each covers the next."""
    scaled = {}
    for size in sorted(set(sizes), reverse=True):
        if image.size != size:
            image = image.resize(size, Image.Resampling.LANCZOS, reducing_gap=REDUCING_GAP)
        scaled[size] = image
    return scaled
