"""The names that the queue knows."""

import time
from uuid import UUID

from django.conf import settings

from photos import thumbnails
from photos.breaker import CircuitBreaker
from photos.errors import StorageUnavailable
from photos.models import Photo, Worker

# This process's own: its way to the storage may be the only one that is broken, and an attempt that can't work only
# uses up the photo's retries.
_STORAGE = CircuitBreaker(failures=2, pause_seconds=10)
# What a process waits that lets a turn pass, so that one that can do it comes first.
YIELD_SECONDS = 1.0


def generate_thumbnails(photo_id: str) -> None:
    """Make one photo's thumbnails, if it is its turn; leave it to others while the storage does not work from here."""
    if _STORAGE.is_open:
        time.sleep(YIELD_SECONDS)
        Photo.objects.filter(pk=photo_id).forget_rings()
        return
    outcome = thumbnails.generate(UUID(photo_id))
    if outcome in {"complete", StorageUnavailable.code}:
        _STORAGE.record(worked=outcome == "complete")


def beat() -> None:
    """Show that a process of this cluster takes up tasks."""
    Worker.objects.cluster_beat(settings.WORKER_NAME)
