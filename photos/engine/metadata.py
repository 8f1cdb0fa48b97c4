"""What an original tells beside its picture: facts for its owner to see, of which thumbnails hold nothing."""

from __future__ import annotations

from typing import Any

from PIL import ExifTags, Image

Facts = dict[str, Any]

# Longer ones are no names.
MAX_CHARACTERS = 100

MAIN = {"software": ExifTags.Base.Software, "author": ExifTags.Base.Artist, "rights": ExifTags.Base.Copyright}
OF_THE_SHOT = {"lens": ExifTags.Base.LensModel, "taken_at": ExifTags.Base.DateTimeOriginal}

# By Pillow's names; PNG has one of its own for XMP.
BLOCKS = {
    "exif": "EXIF",
    "xmp": "XMP",
    "XML:com.adobe.xmp": "XMP",
    "icc_profile": "colour profile",
    "comment": "comment",
}


def metadata(image: Image.Image) -> Facts:
    """What an open picture's metadata says, as far as it can be read: each fact a short text, `has_location` true.

    The position itself is not told. Broken metadata says nothing; it never makes a good picture fail.
    """
    try:
        return {**_of_exif(image.getexif()), **_blocks(image.info)}
    except MemoryError:
        raise
    except Exception:  # noqa: BLE001 - whatever Pillow raises for foreign metadata
        return {}


def _of_exif(exif: Image.Exif) -> Facts:
    shot = exif.get_ifd(ExifTags.IFD.Exif)
    maker, model = (_text(exif.get(tag)) for tag in (ExifTags.Base.Make, ExifTags.Base.Model))
    facts: Facts = {
        # Most models repeat their maker's name.
        "camera": model if model.startswith(maker) else f"{maker} {model}".strip(),
        **{name: _text(exif.get(tag)) for name, tag in MAIN.items()},
        **{name: _text(shot.get(tag)) for name, tag in OF_THE_SHOT.items()},
        "has_location": bool(exif.get_ifd(ExifTags.IFD.GPSInfo)),
    }
    return {name: fact for name, fact in facts.items() if fact}


def _blocks(info: dict[Any, Any]) -> Facts:
    """Which other blocks there are, by the names that people know them by."""
    held = [name for key, name in BLOCKS.items() if info.get(key)]
    return {"blocks": held} if held else {}


def _text(value: object) -> str:
    """Printable text on one line; nothing for what is no text."""
    text = value if isinstance(value, str) else ""
    return "".join(character for character in text if character.isprintable()).strip()[:MAX_CHARACTERS]
