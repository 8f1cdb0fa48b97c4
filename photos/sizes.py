"""The three preset sizes, how a picture fits into a box, and the recipe's fingerprint. Imports without Django."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Literal, NamedTuple

PRESETS = ("small", "medium", "large")

# Raise it with every change to the engine that changes the bytes of thumbnails.
ENGINE_VERSION = 1

# The longest side of a thumbnail in a box of the client's own, in pixels; so it has 16.8 million pixels at most.
MAX_EDGE = 4096

OutputFormat = Literal["webp", "jpeg", "avif"]


class Box(NamedTuple):
    """The rectangle, in pixels, that a thumbnail must fit into."""

    width: int
    height: int


class CustomBox(NamedTuple):
    """A box of the client's own, in pixels; a side that does not matter is None."""

    width: int | None
    height: int | None

    @property
    def bounded(self) -> Box:
        """The rectangle to fit into; a side that does not matter is bounded all the same."""
        return Box(self.width or MAX_EDGE, self.height or MAX_EDGE)


def fit(width: int, height: int, box: Box) -> tuple[int, int]:
    """The size, in whole pixels, of a picture shrunk into the box: aspect kept, never enlarged, no side under 1."""
    scale = min(box.width / width, box.height / height, 1.0)
    return max(1, round(width * scale)), max(1, round(height * scale))


@dataclass(frozen=True)
class Recipe:
    """Everything that decides a thumbnail's bytes: the preset boxes' edges in pixels, the format and its quality."""

    small: int = 150
    medium: int = 400
    large: int = 800
    format: OutputFormat = "webp"
    quality: int = 80

    @property
    def boxes(self) -> dict[str, Box]:
        """The box of each preset, by its name."""
        return {name: Box(edge, edge) for name in PRESETS for edge in [getattr(self, name)]}

    @property
    def fingerprint(self) -> str:
        """Twelve hex digits that change whenever the thumbnails' bytes would."""
        return _digest(ENGINE_VERSION, self.small, self.medium, self.large, self.format, self.quality)

    @property
    def custom_fingerprint(self) -> str:
        """As `fingerprint`, for a thumbnail in a box of its own: the presets have no part in it."""
        return _digest(ENGINE_VERSION, self.format, self.quality)


def _digest(*facts: object) -> str:
    return hashlib.sha256(repr(facts).encode()).hexdigest()[:12]
