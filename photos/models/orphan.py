"""Files that no row names, yet or any longer: written down before they appear, so that none is ever forgotten."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import timedelta

from django.db import DatabaseError, models
from django.db.models.functions import Now

from photos import storage
from photos.errors import StorageUnavailable

logger = logging.getLogger(__name__)

# Longer than any file takes to be written, so that one in use is never mistaken for a forgotten one.
ADOPTION_TIME = timedelta(hours=1)
# In its last minute a file is adopted no more, so that none is deleted while its adoption is being committed.
LAST_MINUTE = timedelta(minutes=1)


class OrphanQuerySet(models.QuerySet["Orphan"]):
    """Announcing, adopting, dooming and deleting files by their keys."""

    @contextmanager
    def expected(self, keys: Iterable[str]) -> Iterator[None]:
        """Announce files before the first byte of them is written; the ones not adopted by the end are deleted.

        After a StorageUnavailable the sweep does it, a minute later.
        """
        announced = self.bulk_create([Orphan(key=key, delete_after=Now() + ADOPTION_TIME) for key in keys])
        storage_answers = True
        try:
            yield
        except DatabaseError:
            # A transaction whose end was not heard of may have adopted them all the same.
            raise
        except Exception as error:
            # Announced again: if this took very long, the sweep has looked for them in vain.
            self.doom(orphan.key for orphan in announced)
            # To ask it again would cost this request or attempt its time, and what was sent may still arrive.
            storage_answers = not isinstance(error, StorageUnavailable)
            raise
        finally:
            left = self.filter(key__in=[orphan.key for orphan in announced])
            if left.update(delete_after=Now() if storage_answers else Now() + LAST_MINUTE) and storage_answers:
                left.delete_files()

    def adopt(self, keys: Iterable[str]) -> None:
        """Take files into a row, in the row's own transaction; raises StorageUnavailable when it is too late."""
        wanted = list(keys)
        adopted, _ = self.filter(key__in=wanted, delete_after__gt=Now() + LAST_MINUTE).delete()
        if adopted < len(wanted):
            raise StorageUnavailable("The file storage took too long; try again.")

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

    def delete_files(self) -> int:
        """Delete the files, until the storage fails; answers how many. The sweep comes back for the others."""
        deleted = 0
        for orphan in self:
            try:
                storage.delete(orphan.key)
            except StorageUnavailable as error:
                logger.warning("file not deleted, will try again", extra={"key": orphan.key, "error": str(error)})
                # Behind the others, lest one bad file keeps all of them from their turn.
                Orphan.objects.filter(pk=orphan.pk).update(delete_after=Now() + LAST_MINUTE)
                break
            orphan.delete()
            deleted += 1
        return deleted


class Orphan(models.Model):
    """A file in the storage that no photo names; the sweep deletes it once ``delete_after`` has passed."""

    key = models.CharField(max_length=200, primary_key=True)
    delete_after = models.DateTimeField(db_index=True)

    objects = OrphanQuerySet.as_manager()

    def __str__(self) -> str:
        return self.key
