"""Thumbnails in boxes that clients name, beside the three presets."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.db.models.functions import Coalesce, Now

from photos.models.ids import uuid7
from photos.models.photo import Photo
from photos.models.stored import StoredThumbnail


class CustomThumbnail(models.Model):
    """One photo's thumbnail in one box; a side of the box that was not asked for is null."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    photo = models.ForeignKey(Photo, on_delete=models.CASCADE, related_name="custom_thumbnails", db_index=False)
    box_width = models.PositiveSmallIntegerField(null=True)
    box_height = models.PositiveSmallIntegerField(null=True)
    recipe = models.CharField(max_length=12)
    path = models.CharField(max_length=200, unique=True)
    width = models.PositiveIntegerField()
    height = models.PositiveIntegerField()
    bytes = models.PositiveIntegerField()
    created_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        constraints = (
            # By expressions, since SQLite has no other way to take two nulls for the same.
            models.UniqueConstraint(
                "photo", Coalesce("box_width", 0), Coalesce("box_height", 0), "recipe", name="custom_once_per_box"
            ),
            models.CheckConstraint(
                condition=Q(box_width__isnull=False) | Q(box_height__isnull=False), name="custom_has_box"
            ),
        )

    def __str__(self) -> str:
        return self.path

    @property
    def stored(self) -> StoredThumbnail:
        """What is known of its file."""
        return StoredThumbnail(self.path, self.width, self.height, self.bytes)
