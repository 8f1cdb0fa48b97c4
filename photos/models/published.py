"""What a photo's row knows of its published thumbnails, so that lists never ask the storage."""

from __future__ import annotations

from django.db import models

from photos.models.stored import StoredThumbnail
from photos.sizes import PRESETS


def _path() -> models.CharField[str, str]:
    return models.CharField(max_length=200, blank=True, default="", editable=False)


def _measure() -> models.PositiveIntegerField[int, int]:
    return models.PositiveIntegerField(default=0, editable=False)


class PublishedThumbnails(models.Model):
    """The columns that the last successful run wrote; they stay while a newer run is at work."""

    thumbnail_recipe = models.CharField(max_length=12, blank=True, default="", editable=False)
    # The head of the run's id: part of every image address, so that an address never gets other bytes.
    thumbnail_version = models.CharField(max_length=8, blank=True, default="", editable=False)
    thumbnail_published_at = models.DateTimeField(null=True, editable=False)
    placeholder = models.CharField(max_length=64, null=True, editable=False)
    thumbnail_small_path, thumbnail_medium_path, thumbnail_large_path = _path(), _path(), _path()
    thumbnail_small_width, thumbnail_medium_width, thumbnail_large_width = _measure(), _measure(), _measure()
    thumbnail_small_height, thumbnail_medium_height, thumbnail_large_height = _measure(), _measure(), _measure()
    thumbnail_small_bytes, thumbnail_medium_bytes, thumbnail_large_bytes = _measure(), _measure(), _measure()

    class Meta:
        abstract = True

    def stored_thumbnail(self, size: str) -> StoredThumbnail | None:
        """What the row says of one preset's file; None before the first run was published."""
        facts = StoredThumbnail(*(getattr(self, f"thumbnail_{size}_{fact}") for fact in StoredThumbnail._fields))
        return facts if facts.path else None

    def thumbnail_paths(self) -> list[str]:
        """The keys of the published thumbnails."""
        return [stored.path for size in PRESETS if (stored := self.stored_thumbnail(size))]

    @staticmethod
    def columns_of(files: dict[str, StoredThumbnail]) -> dict[str, str | int]:
        """The column values that name these files, by preset."""
        return {
            f"thumbnail_{size}_{fact}": value for size, file in files.items() for fact, value in file._asdict().items()
        }
