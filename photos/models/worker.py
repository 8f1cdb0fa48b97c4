"""Who works: a row for each `runworker` that lives, or lived until lately."""

from __future__ import annotations

from datetime import timedelta

from django.db import models
from django.db.models.functions import Now

# A worker shows that it lives every five seconds.
ALIVE = timedelta(seconds=30)
# One that was killed is remembered so long.
REMEMBERED = timedelta(days=1)


class WorkerQuerySet(models.QuerySet["Worker"]):
    """Showing that one lives, and asking who does."""

    def beat(self, name: str, **facts: int) -> None:
        """The worker of this name lives now; ``facts`` are columns."""
        self.update_or_create(name=name, defaults={"seen_at": Now(), **facts})
        self.filter(seen_at__lt=Now() - REMEMBERED).delete()

    def cluster_beat(self, name: str) -> None:
        """A task of the worker's cluster was taken up, now."""
        self.filter(name=name).update(cluster_seen_at=Now())

    def silent(self, length: timedelta) -> WorkerQuerySet:
        """Workers whose clusters have taken up nothing for so long."""
        return self.filter(cluster_seen_at__lt=Now() - length)

    def alive(self) -> WorkerQuerySet:
        """Workers that were seen lately."""
        return self.filter(seen_at__gte=Now() - ALIVE)


class Worker(models.Model):
    """One `runworker`; it deletes its row when it ends in order."""

    name = models.CharField(max_length=100, primary_key=True)
    processes = models.PositiveSmallIntegerField()
    replaced_clusters = models.PositiveIntegerField(help_text="Clusters that died or hung.")
    started_at = models.DateTimeField(db_default=Now())
    seen_at = models.DateTimeField(db_default=Now())
    # When its cluster last took up a task, which it is given every few seconds.
    cluster_seen_at = models.DateTimeField(db_default=Now())

    objects = WorkerQuerySet.as_manager()

    class Meta:
        ordering = ("-seen_at",)

    def __str__(self) -> str:
        return self.name
