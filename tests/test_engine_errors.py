"""Whatever a broken file does, only named errors come out."""

from __future__ import annotations

import errno
import io
import random
import threading
import warnings
from typing import NoReturn

import pytest
from PIL import Image, ImageFile, UnidentifiedImageError

from photos.engine import probe, render
from photos.engine.gate import gate
from photos.errors import (
    CorruptImage,
    OutOfMemory,
    PhotoError,
    StorageUnavailable,
    TooManyPixels,
    UnsupportedFormat,
)
from photos.sizes import Box
from tests import pictures

BOXES = {"large": Box(40, 40), "small": Box(10, 10)}
MAX_PIXELS = 1 << 22

VICTIMS = {
    **{kind: make(image=pictures.photo(48, 36)) for kind, make in pictures.FACTORIES.items()},
    "private jpeg": pictures.with_everything_private("jpeg"),
    "private png": pictures.with_everything_private("png"),
    "private webp": pictures.with_everything_private("webp"),
    "private heic": pictures.with_everything_private("heic"),
    "mpo": pictures.mpo(),
    "palette": pictures.palette(b"\x30\xff"),
    "cmyk": pictures.cmyk(icc_profile=pictures.profile()),
    "animated gif": pictures.animated("GIF"),
    "animated png": pictures.animated("PNG"),
    "animated webp": pictures.animated("WEBP"),
    "animated avif": pictures.animated("AVIF"),
    "lossless webp": pictures.webp(lossless=True),
    "progressive": pictures.jpeg(progressive=True),
}


def mutilated(data: bytes, dice: random.Random) -> bytes:
    """One of: cut off, a few bytes changed anywhere, or a few bytes changed near the start."""
    body = bytearray(data)
    if dice.random() < 0.3:
        return bytes(body[: dice.randrange(len(body))])
    reach = len(body) if dice.random() < 0.5 else min(len(body), 600)
    for _ in range(dice.choice([1, 2, 8])):
        body[dice.randrange(reach)] = dice.choice([0, 0xFF, dice.randrange(256)])
    return bytes(body)


def outcome(data: bytes) -> set[str]:
    """The names of the errors of probe and render; anything but a named one goes up."""
    names = set()
    for act in (
        lambda file: probe(file, max_pixels=MAX_PIXELS),
        lambda file: render(file, BOXES, format="webp", quality=50, max_pixels=MAX_PIXELS),
    ):
        try:
            act(io.BytesIO(data))
        except PhotoError as error:
            assert "\n" not in str(error)
            assert len(str(error)) < 300
            names.add(type(error).__name__)
    return names


@pytest.mark.parametrize("name", VICTIMS)
def test_random_damage_only_raises_named_errors(name: str, capfd: pytest.CaptureFixture[str]) -> None:
    dice = random.Random(name)
    seen = set().union(*(outcome(mutilated(VICTIMS[name], dice)) for _ in range(40)))
    assert seen & {"CorruptImage", "UnsupportedFormat"}
    assert seen <= {"CorruptImage", "UnsupportedFormat", "TooManyPixels"}
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize(
    "error",
    [
        OSError("bad"), ValueError("bad"), SyntaxError("bad"), IndexError("bad"), EOFError("bad"), TypeError("bad"),
        KeyError("bad"), OverflowError("bad"), ZeroDivisionError("bad"), RuntimeError("bad"), RecursionError("bad"),
        Image.DecompressionBombError("bad"), UnidentifiedImageError("bad"), OSError(errno.EINVAL, "bad"),
    ],
)  # fmt: skip
def test_whatever_a_decoder_raises_is_a_corrupt_image_with_its_cause(
    error: Exception, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(_: ImageFile.ImageFile) -> NoReturn:
        raise error

    monkeypatch.setattr(ImageFile.ImageFile, "load", broken)
    with pytest.raises(CorruptImage) as caught:
        render(io.BytesIO(pictures.png()), BOXES, format="webp", quality=80, max_pixels=MAX_PIXELS)
    assert caught.value.__cause__ is error


@pytest.mark.parametrize(
    ("step", "error"),
    [
        ("PIL.ImageFile.ImageFile.load", MemoryError()),
        ("PIL.ImageFile.ImageFile.load", OSError(errno.ENOMEM, "no memory")),
        ("PIL.Image.Image.resize", MemoryError()),
        ("PIL.Image.Image.save", MemoryError()),
    ],
)
def test_too_little_memory_has_its_own_name(step: str, error: Exception, monkeypatch: pytest.MonkeyPatch) -> None:
    def starved(*_: object, **__: object) -> NoReturn:
        raise error

    monkeypatch.setattr(step, starved)
    with pytest.raises(OutOfMemory, match="smaller"):
        render(io.BytesIO(VICTIMS["png"]), BOXES, format="webp", quality=80, max_pixels=MAX_PIXELS)


def test_a_disk_that_fails_is_not_the_pictures_fault() -> None:
    class FailingDisk(io.BytesIO):
        def read(self, size: int | None = -1, /) -> bytes:
            raise OSError(errno.EIO, "Input/output error")

    for act in (
        probe,
        lambda file, max_pixels: render(file, BOXES, format="webp", quality=80, max_pixels=max_pixels),
    ):
        with pytest.raises(StorageUnavailable):
            act(FailingDisk(pictures.png()), max_pixels=MAX_PIXELS)


@pytest.mark.parametrize("error", [TooManyPixels("too many", width=1), UnsupportedFormat("no")])
def test_a_named_error_passes_unchanged(error: PhotoError) -> None:
    with pytest.raises(type(error)) as caught, gate(io.BytesIO()):
        raise error
    assert caught.value is error


def test_an_interruption_is_never_taken_for_a_broken_picture() -> None:
    with pytest.raises(SystemExit), gate(io.BytesIO()):
        raise SystemExit(1)


def test_warnings_about_damaged_metadata_stay_inside() -> None:
    data = bytearray(pictures.mpo())
    at = data.index(b"MPF\0") + 4
    data[at + 8 : at + 40] = b"\xff" * 32
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        render(io.BytesIO(data), BOXES, format="webp", quality=80, max_pixels=MAX_PIXELS)


def test_threads_that_overlap_leave_the_warning_filters_as_they_were() -> None:
    before = list(warnings.filters)
    both_inside, first_left = threading.Barrier(2), threading.Event()

    def first() -> None:
        with gate(io.BytesIO()):
            both_inside.wait(5)
        first_left.set()

    def second() -> None:
        with gate(io.BytesIO()):
            both_inside.wait(5)
            first_left.wait(5)

    threads = [threading.Thread(target=work) for work in (first, second)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert list(warnings.filters) == before


def test_threads_render_the_same_bytes_as_one_alone() -> None:
    alone = render(io.BytesIO(VICTIMS["jpeg"]), BOXES, format="webp", quality=80, max_pixels=MAX_PIXELS)
    results: list[object] = []

    def work() -> None:
        results.append(render(io.BytesIO(VICTIMS["jpeg"]), BOXES, format="webp", quality=80, max_pixels=MAX_PIXELS))

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results == [alone] * 8
