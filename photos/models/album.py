"""Albums: sets of photos inside one workspace, at most one of them primary."""

from __future__ import annotations

from typing import Any

from django.db import models, transaction
from django.db.models.functions import Now

from photos.models.ids import uuid7
from photos.models.workspace import Workspace


class AlbumQuerySet(models.QuerySet["Album"]):
    """Albums taken together."""

    def lock(self) -> None:
        """Keep others from deciding who is primary there, to the end of the transaction; always in the same order."""
        list(self.select_for_update().order_by("pk").values_list("pk"))


class Album(models.Model):
    """A set of photos with a name."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="albums")
    name = models.CharField(max_length=200)
    created_at = models.DateTimeField(db_default=Now(), editable=False)

    objects = AlbumQuerySet.as_manager()

    class Meta:
        ordering = ("workspace", "name", "id")
        constraints = (models.UniqueConstraint(fields=["workspace", "name"], name="album_name_once_per_workspace"),)

    def __str__(self) -> str:
        return self.name

    def delete(self, *args: Any, **options: Any) -> tuple[int, dict[str, int]]:
        """Delete the album; its photos stay, without it and not primary any more."""
        with transaction.atomic():
            Album.objects.filter(pk=self.pk).lock()
            return super().delete(*args, **options)

    def clear_primary(self) -> None:
        """Take the mark from its primary photo, for another to have it in the same transaction."""
        Album.objects.filter(pk=self.pk).lock()
        self.photos.filter(is_primary=True).update(is_primary=False, updated_at=Now())


def leave_album(collector: Any, field: Any, photos: Any, using: str) -> None:
    """The on_delete of a photo's album: the photo stays, without it and not primary any more."""
    # In this order, since the database knows no primary photo without an album.
    for column, value in (("is_primary", False), ("updated_at", Now())):
        collector.add_field_update(field.model._meta.get_field(column), value, photos)
    models.SET_NULL(collector, field, photos, using)
