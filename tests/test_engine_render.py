"""The thumbnails' sizes, orientation, frames and bytes."""

from __future__ import annotations

import io
import pickle
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from photos.engine import Rendering, Thumbnail, render
from photos.errors import CorruptImage, PhotoError, TooManyPixels
from photos.sizes import Box, OutputFormat, Recipe, fit
from tests import pictures

MAX_PIXELS = 8192 * 8192
BOXES = Recipe().boxes


def draw(data: bytes, boxes: dict[str, Box] = BOXES, form: OutputFormat = "webp", quality: int = 80) -> Rendering:
    return render(io.BytesIO(data), boxes, format=form, quality=quality, max_pixels=MAX_PIXELS)


def pixels(thumbnail: Thumbnail) -> Image.Image:
    image = Image.open(io.BytesIO(thumbnail.data))
    image.load()
    assert image.size == (thumbnail.width, thumbnail.height)
    return image


def corners(image: Image.Image) -> list[str]:
    """The names of the nearest colours in the four corners: top left, top right, bottom left, bottom right."""
    names = {pictures.RED: "red", pictures.GREEN: "green", pictures.BLUE: "blue", pictures.YELLOW: "yellow"}
    width, height = image.size
    points = [(x, y) for y in (height // 8, height * 7 // 8) for x in (width // 8, width * 7 // 8)]
    image = image.convert("RGB")
    return [names[min(names, key=lambda colour: distance(colour, image.getpixel(point)))] for point in points]


def distance(colour: tuple[int, int, int], pixel: Any) -> int:
    return sum(abs(a - b) for a, b in zip(colour, pixel, strict=True))


UPRIGHT = ["red", "green", "blue", "yellow"]

# What the eight orientations make of a picture that is stored upright (EXIF 2.32, section 4.6.4).
TURNED = {
    1: UPRIGHT,
    2: ["green", "red", "yellow", "blue"],
    3: ["yellow", "blue", "green", "red"],
    4: ["blue", "yellow", "red", "green"],
    5: ["red", "blue", "green", "yellow"],
    6: ["blue", "red", "yellow", "green"],
    7: ["yellow", "green", "blue", "red"],
    8: ["green", "yellow", "red", "blue"],
}


@pytest.mark.parametrize("size", [(1600, 1200), (1200, 1600), (801, 803), (333, 77), (149, 20), (1, 1)])
def test_each_thumbnail_has_the_size_that_fit_says(size: tuple[int, int]) -> None:
    thumbnails = draw(pictures.jpeg(*size)).thumbnails
    assert {name: pixels(thumbnail).size for name, thumbnail in thumbnails.items()} == {
        name: fit(*size, box) for name, box in BOXES.items()
    }


@pytest.mark.parametrize("kind", ["jpeg", "png", "webp", "avif", "heic"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_every_orientation_comes_out_upright(kind: str, orientation: int) -> None:
    data = pictures.FACTORIES[kind](320, 240, orientation=orientation)
    thumbnail = draw(data, {"any": Box(100, 100)}).thumbnails["any"]
    assert corners(pixels(thumbnail)) == TURNED[orientation]
    assert (thumbnail.width, thumbnail.height) == ((100, 75) if orientation < 5 else (75, 100))


@pytest.mark.parametrize("orientation", [1, 6])
def test_a_narrow_box_on_a_turned_jpeg_gets_its_exact_size(orientation: int) -> None:
    data = pictures.jpeg(1000, 400, orientation=orientation)
    shown = (1000, 400) if orientation == 1 else (400, 1000)
    thumbnail = draw(data, {"strip": Box(390, 4000)}).thumbnails["strip"]
    assert pixels(thumbnail).size == fit(*shown, Box(390, 4000))


@pytest.mark.parametrize("size", [(10_000, 1), (1, 10_000)])
@pytest.mark.parametrize("kind", ["png", "jpeg"])
def test_a_line_keeps_at_least_one_pixel_a_side(kind: str, size: tuple[int, int]) -> None:
    thumbnails = draw(pictures.FACTORIES[kind](*size)).thumbnails
    assert {min(pixels(thumbnail).size) for thumbnail in thumbnails.values()} == {1}


def test_nothing_is_enlarged() -> None:
    thumbnails = draw(pictures.png(30, 20), BOXES | {"vast": Box(4096, 4096)}).thumbnails
    assert {(thumbnail.width, thumbnail.height) for thumbnail in thumbnails.values()} == {(30, 20)}


def test_boxes_of_any_name_and_aspect_are_all_served() -> None:
    boxes = {
        "wide": Box(900, 50),
        "tall": Box(50, 900),
        "full": Box(700, 700),
        "same": Box(700, 800),
        "dot": Box(1, 1),
    }
    thumbnails = draw(pictures.jpeg(1200, 900), boxes).thumbnails
    assert {name: pixels(thumbnail).size for name, thumbnail in thumbnails.items()} == {
        "wide": (67, 50), "tall": (50, 38), "full": (700, 525), "same": (700, 525), "dot": (1, 1)
    }  # fmt: skip


STRIPES = Image.linear_gradient("L").resize((1, 1200)).point(lambda value: 255 * (value // 4 % 2)).resize((1600, 1200))


@pytest.mark.parametrize("image", [pictures.photo(1600, 1200), STRIPES.convert("RGB")], ids=["photo", "stripes"])
@pytest.mark.parametrize("name", BOXES)
def test_a_thumbnail_looks_like_a_careful_reduction_of_the_whole(name: str, image: Image.Image) -> None:
    seen = pixels(draw(pictures.encoded(image, "JPEG", quality=95), quality=95).thumbnails[name])
    careful = image.resize(seen.size, Image.Resampling.LANCZOS)
    differences = [abs(a - b) for a, b in zip(careful.tobytes(), seen.convert("RGB").tobytes(), strict=True)]
    assert sum(differences) / len(differences) < 3


@pytest.mark.parametrize("form", ["webp", "jpeg", "avif"])
def test_the_same_call_gives_the_same_bytes(form: OutputFormat) -> None:
    data = pictures.encoded(pictures.photo(500, 300), "JPEG")
    assert draw(data, form=form) == draw(data, form=form)


@pytest.mark.parametrize(
    ("form", "content_type", "extension"),
    [("webp", "image/webp", "webp"), ("jpeg", "image/jpeg", "jpg"), ("avif", "image/avif", "avif")],
)
def test_the_output_is_in_the_format_asked_for(form: OutputFormat, content_type: str, extension: str) -> None:
    thumbnail = draw(pictures.png(), form=form).thumbnails["small"]
    assert (thumbnail.content_type, thumbnail.extension) == (content_type, extension)
    assert Image.open(io.BytesIO(thumbnail.data)).get_format_mimetype() == content_type


@pytest.mark.parametrize("form", ["webp", "jpeg", "avif"])
def test_lower_quality_takes_fewer_bytes(form: OutputFormat) -> None:
    data = pictures.encoded(pictures.photo(400, 300), "PNG")
    low, high = (len(draw(data, form=form, quality=quality).thumbnails["large"].data) for quality in (30, 90))
    assert low < high


@pytest.mark.parametrize("kind", ["GIF", "PNG", "WEBP", "AVIF"])
def test_an_animation_shows_its_first_frame_and_is_told(kind: str) -> None:
    rendering = draw(pictures.animated(kind))
    assert rendering.is_animated
    assert corners(pixels(rendering.thumbnails["small"])) == UPRIGHT


def test_a_phones_multi_picture_jpeg_shows_its_first_picture() -> None:
    assert corners(pixels(draw(pictures.mpo(640, 480)).thumbnails["small"])) == UPRIGHT


def test_too_many_pixels_are_refused_before_any_is_decoded() -> None:
    with pytest.raises(TooManyPixels) as caught:
        draw(pictures.huge_png())
    assert caught.value.details == {"width": 30_000, "height": 30_000, "max_pixels": MAX_PIXELS}


def test_the_pixel_limit_holds_for_what_the_decoder_found_too(monkeypatch: pytest.MonkeyPatch) -> None:
    small = pictures.png(10, 10)
    original = Image.open
    monkeypatch.setattr(Image, "open", lambda _, formats: original(io.BytesIO(pictures.png(90, 90)), formats=formats))
    with pytest.raises(TooManyPixels, match="90 × 90"):
        render(io.BytesIO(small), BOXES, format="webp", quality=80, max_pixels=1000)


def test_a_cut_off_jpeg_is_corrupt_and_the_message_says_how_far_it_could_be_read() -> None:
    data = pictures.truncated(pictures.encoded(pictures.photo(600, 400), "JPEG"))
    with pytest.raises(CorruptImage, match=rf"up to byte {len(data)} of {len(data)} .*truncated"):
        draw(data)


def test_the_file_is_left_open_and_at_its_start() -> None:
    for data in pictures.everything().values():
        file = io.BytesIO(data)
        render(file, BOXES, format="webp", quality=80, max_pixels=MAX_PIXELS)
        assert file.tell() == 0


def test_results_and_errors_survive_a_pipe() -> None:
    rendering = draw(pictures.png())
    assert pickle.loads(pickle.dumps(rendering)) == rendering
    with pytest.raises(TooManyPixels) as caught:
        draw(pictures.huge_png())
    copy: PhotoError = pickle.loads(pickle.dumps(caught.value))
    assert (type(copy), str(copy), copy.details) == (TooManyPixels, str(caught.value), caught.value.details)


PEAK = """
import io, re, sys
from photos.engine import render
from photos.sizes import Recipe
from PIL import Image
def peak():
    return int(re.search("VmHWM:\\s+(\\d+)", open("/proc/self/status").read())[1])
data = sys.stdin.buffer.read()
before = peak()
if sys.argv[1] == "render":
    render(io.BytesIO(data), Recipe().boxes, format="webp", quality=80, max_pixels=1 << 26)
else:
    Image.open(io.BytesIO(data)).load()
print(peak() - before)
"""


def peak_kib(how: str, data: bytes) -> int:
    """What it takes on top of the imports and the file, in a process of its own."""
    done = subprocess.run([sys.executable, "-c", PEAK, how], input=data, capture_output=True, check=True)
    return int(done.stdout)


needs_proc = pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="peaks are read from Linux's /proc")


@needs_proc
def test_a_24_megapixel_jpeg_takes_a_fraction_of_a_full_decode() -> None:
    data = pictures.jpeg(6000, 4000)
    assert peak_kib("render", data) < peak_kib("load", data) / 4


@needs_proc
def test_a_transparent_png_is_converted_in_bands_not_as_a_whole() -> None:
    data = pictures.raw_png((3300, 3300), 8, 6, bytes((255, 0, 0, 128)) * 3300 * 3300)
    assert peak_kib("render", data) < peak_kib("load", data) * 1.8
