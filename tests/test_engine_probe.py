"""What probe says of a file, and how little of it it reads."""

from __future__ import annotations

import io
import subprocess
import sys
from typing import Any

import pytest

from photos.engine import Probe, probe, render
from photos.engine.headers import exif
from photos.errors import CorruptImage, TooManyPixels, UnsupportedFormat
from photos.sizes import Box
from tests import pictures

MAX_PIXELS = 8192 * 8192
EVERYTHING = pictures.everything()


def look(data: bytes, max_pixels: int = MAX_PIXELS) -> Probe:
    return probe(io.BytesIO(data), max_pixels=max_pixels)


@pytest.mark.parametrize(
    ("kind", "content_type", "extension"),
    [
        ("jpeg", "image/jpeg", "jpg"),
        ("png", "image/png", "png"),
        ("webp", "image/webp", "webp"),
        ("gif", "image/gif", "gif"),
        ("avif", "image/avif", "avif"),
        ("heic", "image/heic", "heic"),
    ],
)
def test_each_accepted_format_is_told_by_its_content(kind: str, content_type: str, extension: str) -> None:
    data = pictures.FACTORIES[kind](65, 47)
    assert look(data) == Probe(content_type, extension, 65, 47, is_animated=False)


def test_a_phones_multi_picture_jpeg_is_a_jpeg() -> None:
    assert look(pictures.mpo()) == Probe("image/jpeg", "jpg", 64, 48, is_animated=False)


@pytest.mark.parametrize("name", pictures.foreign())
def test_any_other_file_is_unsupported_and_the_message_says_what_is_accepted(name: str) -> None:
    with pytest.raises(UnsupportedFormat, match=r"send JPEG, PNG, WebP, GIF, AVIF or HEIC\.$"):
        look(pictures.foreign()[name])


@pytest.mark.parametrize("name", EVERYTHING)
def test_probe_and_render_agree_on_size_and_animation(name: str) -> None:
    rendering = render(
        io.BytesIO(EVERYTHING[name]), {"any": Box(20, 20)}, format="jpeg", quality=50, max_pixels=MAX_PIXELS
    )
    seen = look(EVERYTHING[name])
    assert (seen.width, seen.height, seen.is_animated) == (
        rendering.width,
        rendering.height,
        rendering.is_animated,
    )


@pytest.mark.parametrize("kind", ["jpeg", "png", "webp", "avif", "heic"])
@pytest.mark.parametrize("orientation", [5, 6, 7, 8])
def test_width_and_height_are_as_displayed(kind: str, orientation: int) -> None:
    seen = look(pictures.FACTORIES[kind](65, 47, orientation=orientation))
    assert (seen.width, seen.height) == (47, 65)


@pytest.mark.parametrize("kind", ["GIF", "PNG", "WEBP", "AVIF"])
def test_two_frames_are_an_animation(kind: str) -> None:
    assert look(pictures.animated(kind)).is_animated


def test_a_webp_with_a_single_frame_in_an_animation_container_stands_still() -> None:
    data = bytearray(pictures.animated("WEBP"))
    data[data.rindex(b"ANMF") :][:4] = b"XXXX"
    second = data.rindex(b"ANMF")
    data[second : second + 4] = b"XXXX"
    assert not look(bytes(data)).is_animated


def test_the_file_is_left_at_its_start() -> None:
    file = io.BytesIO(pictures.png())
    file.seek(7)
    probe(file, max_pixels=MAX_PIXELS)
    assert file.tell() == 0


def test_the_pixel_limit_is_itself_allowed() -> None:
    assert look(pictures.png(30, 20), max_pixels=600).width == 30


def test_one_pixel_over_the_limit_is_refused_with_the_size_and_the_limit() -> None:
    with pytest.raises(TooManyPixels, match=r"31 × 20 = 620 pixels and at most 600 .* are accepted") as caught:
        look(pictures.png(31, 20), max_pixels=600)
    assert caught.value.details == {"width": 31, "height": 20, "max_pixels": 600}


def test_a_limit_above_pillows_own_is_respected() -> None:
    assert look(pictures.huge_png(), max_pixels=10**9).height == 30_000


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (pictures.truncated(pictures.png()), r"ends after 99 bytes, inside its IDAT chunk"),
        (pictures.png()[:-12], r"ends after 153 bytes, before its end mark \(IEND\)"),
        (pictures.truncated(pictures.webp()), r"ends after \d+ bytes of the \d+ that it should have"),
        (pictures.truncated(pictures.avif()), r"ends after \d+ bytes of the \d+ that it should have"),
        (pictures.jpeg()[:200], r"ends after 200 bytes, inside its header"),
        (pictures.gif()[:12], r"ends after 12 bytes, before its first frame"),
        (b"", r"file is empty"),
    ],
)
def test_a_cut_off_file_is_corrupt_and_the_message_says_where_it_ends(data: bytes, words: str) -> None:
    with pytest.raises(CorruptImage, match=words):
        look(data)


def test_a_png_with_a_web_page_behind_it_is_corrupt() -> None:
    with pytest.raises(CorruptImage, match=r"ends at byte 165, and 40 bytes of other data follow"):
        look(pictures.polyglot())


def test_a_png_with_blanks_behind_it_is_fine() -> None:
    assert look(pictures.png() + b"\0\0\n" * 50_000).extension == "png"


@pytest.mark.parametrize("size", [(0, 5), (5, 0)])
def test_a_picture_without_pixels_is_corrupt(size: tuple[int, int]) -> None:
    with pytest.raises(CorruptImage, match="0"):
        look(
            pictures.raw_png((5, 5), 8, 0, bytes(25)).replace(
                b"\0\0\0\5\0\0\0\5", bytes((0, 0, 0, size[0], 0, 0, 0, size[1]))
            )
        )


def test_a_twelve_bit_jpeg_is_unsupported() -> None:
    data = pictures.jpeg().replace(b"\xff\xc0\0\x11\x08", b"\xff\xc0\0\x11\x0c")
    with pytest.raises(UnsupportedFormat, match="12 bits"):
        look(data)


def test_the_first_of_two_exif_segments_counts() -> None:
    data = pictures.jpeg(orientation=6)
    second = pictures.exif(1)
    sos = data.index(b"\xff\xda")
    data = data[:sos] + b"\xff\xe1" + (len(second) + 2).to_bytes(2, "big") + second + data[sos:]
    assert (look(data).width, look(data).height) == (48, 64)


class CountingFile(io.BytesIO):
    """Counts what is read from it."""

    total = 0
    largest = 0

    def read(self, size: int | None = -1, /) -> bytes:
        data = super().read(size)
        self.total += len(data)
        self.largest = max(self.largest, len(data))
        return data


@pytest.mark.parametrize("kind", ["jpeg", "png", "webp", "gif"])
def test_a_header_of_fifty_mebibytes_is_skipped_not_read(kind: str) -> None:
    file = CountingFile(pictures.bloated(kind))
    seen = probe(file, max_pixels=MAX_PIXELS)
    assert sorted((seen.width, seen.height)) == [48, 64]
    assert file.total < 1024 * 1024


def test_a_metadata_box_of_fifty_mebibytes_is_refused_unread() -> None:
    data = pictures.heic()
    at = data.index(b"meta") - 4
    file = CountingFile(data[:at] + (50 << 20).to_bytes(4, "big") + data[at + 4 :] + bytes(50 << 20))
    with pytest.raises(CorruptImage, match="larger than a real one"):
        probe(file, max_pixels=MAX_PIXELS)
    assert file.total < 1024 * 1024


def test_a_file_of_a_million_tiny_blocks_is_refused_soon() -> None:
    data = pictures.gif()
    at = data.index(b",\0\0\0\0")
    with pytest.raises(CorruptImage, match="larger than a real one"):
        look(data[:at] + b"!\xfe" + b"\1x" * 1_100_000 + b"\0" + data[at:])


@pytest.mark.parametrize("kind", ["jpeg", "png", "webp", "gif", "avif", "heic"])
def test_pixel_data_is_never_read(kind: str) -> None:
    file = CountingFile(pictures.FACTORIES[kind](image=pictures.photo(900, 700)))
    probe(file, max_pixels=MAX_PIXELS)
    assert file.total < 6000


TIFF = b"II*\0\x08\0\0\0\1\0\x12\1\3\0\1\0\0\0\6\0\0\0"


@pytest.mark.parametrize(
    ("block", "orientation"),
    [
        (TIFF, 6),
        (b"Exif\0\0" + TIFF, 6),
        (b"MM\0*\0\0\0\x08\0\1\1\x12\0\3\0\0\0\1\0\3\0\0", 3),
        (TIFF[:-4] + b"\x09\0\0\0", 1),
        (TIFF[:-4] + b"\0\0\0\0", 1),
        (TIFF[:-6], 1),
        (TIFF.replace(b"\3\0\1\0", b"\5\0\1\0"), 1),
        (TIFF.replace(b"\x08\0\0\0", b"\xff\xff\xff\x7f"), 1),
        (b"", 1),
        (b"nothing of the kind", 1),
    ],
)
def test_an_orientation_that_makes_no_sense_counts_as_upright(block: bytes, orientation: int) -> None:
    assert exif.orientation(block) == orientation


def test_the_engine_imports_without_django() -> None:
    code = "import photos.engine, sys; print([name for name in sys.modules if name.split('.')[0] == 'django'])"
    done: Any = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
