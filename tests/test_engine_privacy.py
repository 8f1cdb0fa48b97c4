"""No metadata of the original reaches a thumbnail."""

from __future__ import annotations

import io

import pytest
from PIL import Image

from photos.engine import render
from photos.sizes import OutputFormat, Recipe
from tests import pictures

HARMLESS = {
    "jfif",
    "jfif_version",
    "jfif_unit",
    "jfif_density",
    "loop",
    "background",
    "timestamp",
    "duration",
    "transparency",
}
SECRETS = [
    pictures.MAKER.encode(), pictures.XMP, pictures.COMMENT, b"must-not-leak", b"Exif", b"GPS",
    b"ICC_PROFILE", b"ICCP", b"acsp", "leak".encode("utf-16-be"), b"http://", b"xmp",
]  # fmt: skip


@pytest.mark.parametrize("kind", pictures.FACTORIES)
def test_the_source_holds_what_must_not_leak(kind: str) -> None:
    data = pictures.with_everything_private(kind)
    assert any(secret in data for secret in SECRETS)


def test_a_comment_does_not_come_out_where_no_profile_was_converted_either() -> None:
    file = io.BytesIO(pictures.jpeg(comment=pictures.COMMENT))
    rendering = render(file, Recipe().boxes, format="jpeg", quality=80, max_pixels=1 << 26)
    assert pictures.COMMENT not in rendering.thumbnails["large"].data


@pytest.mark.parametrize("kind", pictures.FACTORIES)
@pytest.mark.parametrize("form", ["webp", "jpeg", "avif"])
def test_no_metadata_comes_out(kind: str, form: OutputFormat) -> None:
    file = io.BytesIO(pictures.with_everything_private(kind))
    rendering = render(file, Recipe().boxes, format=form, quality=80, max_pixels=1 << 26)
    for thumbnail in rendering.thumbnails.values():
        image = Image.open(io.BytesIO(thumbnail.data))
        image.load()
        assert [secret for secret in SECRETS if secret in thumbnail.data] == []
        assert set(image.info) <= HARMLESS
        assert dict(image.getexif()) == {}
