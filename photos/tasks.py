"""The names that the queue knows."""

from uuid import UUID

from photos import thumbnails


def generate_thumbnails(photo_id: str) -> None:
    """Make one photo's thumbnails, if it is its turn."""
    thumbnails.generate(UUID(photo_id))
