"""Files that no row names, yet or any longer: written down before they appear, so that none is ever forgotten."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta

from django.db import models
from django.db.models.functions import Now

# Longer than any upload or attempt can take, so that a file in use is never mistaken for a forgotten one.
ADOPTION_TIME = timedelta(hours=1)


class OrphanQuerySet(models.QuerySet["Orphan"]):
    """Announcing, adopting and dooming files by their keys."""

    def expect(self, keys: Iterable[str]) -> None:
        """Announce files that are about to be written, before the first byte of them is."""
        self.bulk_create([Orphan(key=key, delete_after=Now() + ADOPTION_TIME) for key in keys])

    def adopt(self, keys: Iterable[str]) -> bool:
        """Take files into a row, in the row's own transaction; False when the sweep was quicker for one of them."""
        wanted = list(keys)
        adopted, _ = self.filter(key__in=wanted).delete()
        return adopted == len(wanted)

    def doom(self, keys: Iterable[str]) -> None:
        """Have files deleted, in the transaction that takes away the row that named them."""
        self.bulk_create(
            [Orphan(key=key, delete_after=Now()) for key in keys],
            update_conflicts=True,
            unique_fields=["key"],
            update_fields=["delete_after"],
        )

    def due(self) -> OrphanQuerySet:
        """Files to be deleted now, oldest first."""
        return self.filter(delete_after__lte=Now()).order_by("delete_after")


class Orphan(models.Model):
    """A file in the storage that no photo names; the sweep deletes it once ``delete_after`` has passed."""

    key = models.CharField(max_length=200, primary_key=True)
    delete_after = models.DateTimeField(db_index=True)

    objects = OrphanQuerySet.as_manager()

    def __str__(self) -> str:
        return self.key
