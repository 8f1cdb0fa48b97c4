"""The names that the queue knows."""

from uuid import UUID

from django.conf import settings

from photos import thumbnails
from photos.models import Worker


def generate_thumbnails(photo_id: str) -> None:
    """Make one photo's thumbnails, if it is its turn."""
    thumbnails.generate(UUID(photo_id))


def beat() -> None:
    """Show that a process of this cluster takes up tasks."""
    Worker.objects.cluster_beat(settings.WORKER_NAME)
