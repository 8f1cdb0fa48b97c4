"""What is told of an original's metadata: enough to know what one publishes with it, and never where it was taken."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any

import pytest
from PIL import ExifTags, Image

from photos.engine import render
from photos.models import Photo
from photos.sizes import Recipe
from tests import pictures


def told(data: bytes) -> dict[str, Any]:
    """The facts that a render brings."""
    return render(io.BytesIO(data), Recipe().boxes, format="webp", quality=80, max_pixels=1 << 26).metadata


def with_exif(main: dict[int, Any], shot: dict[int, Any] | None = None) -> bytes:
    """A JPEG with these EXIF tags."""
    tags = Image.Exif()
    tags.update(main)
    tags.get_ifd(ExifTags.IFD.Exif).update(shot or {})
    return pictures.jpeg(exif=tags.tobytes())


@pytest.mark.parametrize("kind", ["jpeg", "png", "webp", "avif", "heic"])
def test_the_camera_and_that_there_is_a_position_are_told_of_every_format(kind: str) -> None:
    facts = told(pictures.with_everything_private(kind))

    assert facts["camera"] == pictures.MAKER
    assert facts["has_location"] is True
    assert "EXIF" in facts["blocks"]
    assert "52" not in str(facts)


def test_a_shot_is_told_by_camera_lens_and_moment() -> None:
    base = ExifTags.Base
    main = {base.Make: "Canon", base.Model: "Canon EOS R5", base.Software: "Darktable 4", base.Artist: "Ada"}
    shot = {base.LensModel: "RF 35mm", base.DateTimeOriginal: "2024:05:06 07:08:09"}

    assert told(with_exif(main, shot)) == {
        "camera": "Canon EOS R5",
        "software": "Darktable 4",
        "author": "Ada",
        "lens": "RF 35mm",
        "taken_at": "2024:05:06 07:08:09",
        "blocks": ["EXIF"],
    }


def test_a_bare_picture_tells_nothing() -> None:
    assert told(pictures.png()) == {}


def test_a_gifs_comment_is_told_of() -> None:
    assert told(pictures.with_everything_private("gif")) == {"blocks": ["comment"]}


def test_long_and_unprintable_texts_are_cut_down() -> None:
    facts = told(with_exif({ExifTags.Base.Artist: "A\n\x1b[31m" + "x" * 500}))
    assert facts["author"] == "A[31m" + "x" * 95


@pytest.mark.parametrize(
    "block", [b"Exif\0\0", b"Exif\0\0II*\0\xff\xff\xff\xff", b"Exif\0\0MM\0*\0\0\0\x08\xff\xff" + b"\x01" * 40]
)
def test_broken_metadata_never_makes_a_good_picture_fail(block: bytes) -> None:
    assert set(told(pictures.jpeg(exif=block))) <= {"blocks"}


def test_the_worker_writes_it_into_the_row(take_in_complete: Callable[..., Photo]) -> None:
    photo = take_in_complete(pictures.with_everything_private("jpeg"))
    assert photo.metadata is not None
    assert photo.metadata["camera"] == pictures.MAKER
