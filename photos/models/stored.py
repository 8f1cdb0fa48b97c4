"""What is known of one thumbnail's file."""

from __future__ import annotations

from typing import NamedTuple

CONTENT_TYPES = {"webp": "image/webp", "jpg": "image/jpeg", "avif": "image/avif"}


class StoredThumbnail(NamedTuple):
    """Where one thumbnail's file is, and its measures in pixels and bytes."""

    path: str
    width: int
    height: int
    bytes: int

    @property
    def extension(self) -> str:
        """As in the file's name, without the dot."""
        return self.path.rpartition(".")[2]

    @property
    def content_type(self) -> str:
        """The media type."""
        return CONTENT_TYPES[self.extension]
