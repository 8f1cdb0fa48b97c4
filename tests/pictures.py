"""Every picture that a test needs, made by code: what cameras, phones, editors and attackers send."""

from __future__ import annotations

import io
import random
import struct
import zlib
from collections.abc import Callable, Iterable
from functools import cache
from typing import Any

import pillow_heif
from PIL import Image, ImageCms, ImageDraw

pillow_heif.register_heif_opener()

RED, GREEN, BLUE, YELLOW = (220, 30, 30), (30, 180, 60), (40, 60, 220), (240, 220, 40)
COMMENT = b"comment-that-must-not-leak"
XMP = b"<x:xmpmeta xmlns:x='adobe:ns:meta/'>xmp-that-must-not-leak</x:xmpmeta>"
MAKER = "maker-that-must-not-leak"


def photo(width: int, height: int, seed: int = 1) -> Image.Image:
    """Like a photo: a gradient, soft shapes and a sensor's noise; the same for the same arguments."""
    dice = random.Random(f"{width}×{height}×{seed}")
    sky, ground = (tuple(dice.randrange(60, 220) for _ in "rgb") for _ in range(2))
    image = Image.linear_gradient("L").resize((width, height))
    image = Image.composite(Image.new("RGB", image.size, ground), Image.new("RGB", image.size, sky), image)
    draw = ImageDraw.Draw(image)
    for _ in range(24):
        x, y, edge = (
            dice.randrange(width),
            dice.randrange(height),
            dice.randint(1, max(2, max(width, height) // 4)),
        )
        draw.ellipse((x - edge, y - edge, x + edge, y + edge), fill=tuple(dice.randrange(256) for _ in "rgb"))
    noise = Image.frombytes("L", image.size, dice.randbytes(width * height))
    return Image.blend(image, Image.merge("RGB", [noise] * 3), 0.06)


def quarters(width: int = 64, height: int = 48) -> Image.Image:
    """Red and green above blue and yellow, to see which way up it is."""
    image = Image.new("RGB", (2, 2))
    for at, colour in zip([(0, 0), (1, 0), (0, 1), (1, 1)], [RED, GREEN, BLUE, YELLOW], strict=True):
        image.putpixel(at, colour)
    return image.resize((width, height), Image.Resampling.NEAREST)


def exif(orientation: int | None = None, *, gps: bool = False) -> bytes:
    """A block of EXIF metadata, with a position and a maker's name if asked for."""
    tags = Image.Exif()
    if orientation:
        tags[0x0112] = orientation
    if gps:
        tags[0x010F] = MAKER
        tags[0x8825] = {1: "N", 2: (52.0, 30.0, 0.0), 3: "E", 4: (13.0, 22.0, 0.0)}
    return tags.tobytes()


def encoded(image: Image.Image, kind: str, *, orientation: int | None = None, **options: Any) -> bytes:
    """The bytes of an image in a Pillow format, with Pillow's own options."""
    if orientation:
        options["exif"] = exif(orientation)
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def _factory(kind: str, **defaults: Any) -> Callable[..., bytes]:
    def make(width: int = 64, height: int = 48, *, image: Image.Image | None = None, **options: Any) -> bytes:
        return encoded(image or quarters(width, height), kind, **{**defaults, **options})

    return make


jpeg = _factory("JPEG", quality=90)
png = _factory("PNG")
webp = _factory("WEBP", quality=90)
gif = _factory("GIF")
avif = _factory("AVIF", quality=90, speed=10)
heic = _factory("HEIF", quality=90)

FACTORIES = {"jpeg": jpeg, "png": png, "webp": webp, "gif": gif, "avif": avif, "heic": heic}


def animated(kind: str, width: int = 64, height: int = 48) -> bytes:
    """Two frames, the first of them the quarters; for GIF, PNG, WEBP and AVIF."""
    frames = [Image.new("RGB", (width, height), BLUE)]
    return encoded(quarters(width, height), kind, save_all=True, append_images=frames, duration=100)


def mpo(width: int = 64, height: int = 48, **options: Any) -> bytes:
    """A JPEG with a second picture inside, as phones write it."""
    second = Image.new("RGB", (width, height), BLUE)
    return encoded(quarters(width, height), "MPO", save_all=True, append_images=[second], **options)


def cmyk(colour: tuple[int, int, int, int] = (255, 0, 0, 0), **options: Any) -> bytes:
    """A JPEG of one printing colour (cyan unless told), inverted and marked by Adobe's segment."""
    return encoded(Image.new("CMYK", (64, 48), colour), "JPEG", quality=95, **options)


def ycck(grey: int = 200) -> bytes:
    """A grey JPEG in YCCK: CMYK's bytes, read as inverted luminance, two neutral chromas and no black."""
    return cmyk((grey, 127, 127, 0)).replace(b"Adobe\0\x64\0\0\0\0\0", b"Adobe\0\x64\0\0\0\0\x02")


def raw_png(size: tuple[int, int], depth: int, colour: int, pixels: bytes, extra: Iterable[bytes] = ()) -> bytes:
    """A PNG of any bit depth and colour type from unfiltered pixels, with extra chunks before them."""
    stride = len(pixels) // size[1]
    rows = b"".join(b"\0" + pixels[at : at + stride] for at in range(0, len(pixels), stride))
    return _png_file(size, depth, colour, zlib.compress(rows), extra)


def _png_file(size: tuple[int, int], depth: int, colour: int, data: bytes, extra: Iterable[bytes] = ()) -> bytes:
    head = chunk(b"IHDR", struct.pack(">LLBBBBB", *size, depth, colour, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + head + b"".join(extra) + chunk(b"IDAT", data) + chunk(b"IEND")


def chunk(kind: bytes, body: bytes = b"") -> bytes:
    """One PNG chunk with its length and checksum."""
    return struct.pack(">L", len(body)) + kind + body + struct.pack(">L", zlib.crc32(kind + body))


def grey16(key: int | None = None) -> bytes:
    """A PNG of 256 × 2 grey pixels of 16 bits, black to white; key is the value that is transparent."""
    extra = [] if key is None else [chunk(b"tRNS", struct.pack(">H", key))]
    return raw_png((256, 2), 16, 0, b"".join(struct.pack(">H", value * 257) for value in range(256)) * 2, extra)


def palette(transparency: int | bytes | None = None) -> bytes:
    """A PNG with a palette of two colours, red left and green right, opaque or not."""
    image = Image.new("P", (64, 48), 0)
    image.putpalette([*RED, *GREEN])
    image.paste(1, (32, 0, 64, 48))
    return encoded(image, "PNG", transparency=transparency)


def cutout(kind: str = "PNG", mode: str = "RGBA") -> bytes:
    """An opaque red disc on transparent pixels that are green underneath."""
    image = Image.new("RGBA", (400, 300), (0, 255, 0, 0))
    ImageDraw.Draw(image).ellipse((100, 50, 300, 250), fill=(255, 0, 0, 255))
    return encoded(image.convert(mode), kind, **({"lossless": True, "exact": True} if kind == "WEBP" else {}))


@cache
def huge_png(width: int = 30_000, height: int = 30_000) -> bytes:
    """A valid black PNG of 1 bit per pixel in a thousandth of its size, built without its pixels.

    Zeros compress to the same bytes after each full flush, and their Adler-32 is (count mod 65521) × 65536 + 1.
    """
    count = (1 + -(-width // 8)) * height
    block = 1 << 20
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    packed = packer.compress(bytes(block)) + packer.flush(zlib.Z_FULL_FLUSH)
    tail = packer.compress(bytes(count % block)) + packer.flush()
    adler = count % 65521 << 16 | 1
    return _png_file((width, height), 1, 0, b"\x78\xda" + packed * (count // block) + tail + struct.pack(">L", adler))


def with_everything_private(kind: str) -> bytes:
    """A picture with EXIF (maker, position), XMP, a comment and a colour profile, as far as its format has them."""
    options: dict[str, Any] = {
        "exif": exif(6, gps=True),
        "xmp": XMP,
        "comment": COMMENT,
        "icc_profile": profile(),
    }
    return FACTORIES[kind](**({"comment": COMMENT} if kind == "gif" else options))


@cache
def profile(name: str = "leak", *, swaps_red_and_green: bool = False) -> bytes:
    """An RGB colour profile with a name of four letters; one that swaps red and green shows that it was used."""
    data = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    data = data.replace("sRGB".encode("utf-16-be"), name.encode("utf-16-be"))
    if swaps_red_and_green:
        data = data.replace(b"rXYZ", b"\0XYZ").replace(b"gXYZ", b"rXYZ").replace(b"\0XYZ", b"gXYZ")
    return data


def truncated(data: bytes, share: float = 0.6) -> bytes:
    """The first part of a file, as an interrupted upload leaves it."""
    return data[: int(len(data) * share)]


def polyglot() -> bytes:
    """A PNG that is also a web page."""
    return png() + b"<!doctype html><script>alert(1)</script>"


def bloated(kind: str, size: int = 50 * 1024 * 1024) -> bytes:
    """A picture whose header is some 50 MiB of filling; for jpeg, png, webp and gif."""
    body = FACTORIES[kind](**({"orientation": 6} if kind == "webp" else {}))
    filling = {
        "jpeg": (2, b"\xff\xe5\xff\xff" + bytes(0xFFFD)),
        "png": (33, chunk(b"tEXt", b"filling\0" + bytes(1 << 16))),
        "webp": (30, b"FILL" + struct.pack("<L", 1 << 16) + bytes(1 << 16)),
        "gif": (body.find(b",\0\0\0\0"), b"!\xfe" + (b"\xff" + bytes(255)) * 256 + b"\0"),
    }
    at, block = filling[kind]
    data = body[:at] + block * (size // len(block)) + body[at:]
    return data[:4] + struct.pack("<L", len(data) - 8) + data[8:] if kind == "webp" else data


def foreign() -> dict[str, bytes]:
    """Files that are not pictures of a kind that is read."""
    return {
        "svg": b'<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg"/>',
        "pdf": b"%PDF-1.7\n1 0 obj\n",
        "eps": b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 10 10\n",
        "text": b"not a picture at all",
        "mp4": b"\0\0\0\x18ftypisom\0\0\0\0isommp42" + bytes(64),
        "wave": b"RIFF\x24\0\0\0WAVEfmt " + bytes(64),
        **{kind: encoded(quarters(), kind) for kind in ("TIFF", "BMP", "ICO", "PPM", "TGA")},
    }


def everything() -> dict[str, bytes]:
    """One good picture of every kind, by a name that says what it is."""
    plain = {kind: make(65, 47) for kind, make in FACTORIES.items()}
    turned = {
        f"{kind} {orientation}": FACTORIES[kind](65, 47, orientation=orientation)
        for kind in ("jpeg", "png", "webp", "avif", "heic")
        for orientation in range(1, 9)
    }
    moving = {f"animated {kind}": animated(kind, 65, 47) for kind in ("GIF", "PNG", "WEBP", "AVIF")}
    special = {
        "mpo": mpo(),
        "cmyk": cmyk(),
        "ycck": ycck(),
        "grey16": grey16(),
        "palette": palette(),
        "mask": palette(0),
    }
    special |= {
        "cutout": cutout(),
        "cutout webp": cutout("WEBP"),
        "cutout avif": cutout("AVIF"),
        "dot": png(1, 1),
    }
    special |= {
        "lossless": webp(lossless=True),
        "progressive": jpeg(progressive=True),
        "overflowing gif": gif(65, 47).replace(b"GIF87a\x41\0\x2f", b"GIF87a\x21\0\x1f"),
        "odd heic": heic(1, 3),
        "tiled heic": heic(300, 200, tile_size=64, orientation=6),
    }
    return plain | turned | moving | special
