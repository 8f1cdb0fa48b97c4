"""The three preset sizes, how a picture fits into a box, and the recipe's fingerprint. Imports without Django."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Literal, NamedTuple

PRESETS = ("small", "medium", "large")

# Raise it with every change to the engine that changes the bytes of thumbnails.
ENGINE_VERSION = 1

OutputFormat = Literal["webp", "jpeg", "avif"]


class Box(NamedTuple):
    """The rectangle, in pixels, that a thumbnail must fit into."""

    width: int
    height: int


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
        facts = (ENGINE_VERSION, self.small, self.medium, self.large, self.format, self.quality)
        return hashlib.sha256(repr(facts).encode()).hexdigest()[:12]
