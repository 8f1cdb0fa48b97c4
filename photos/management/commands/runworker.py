"""`manage.py runworker`."""

from typing import Any

from django.core.management.base import BaseCommand

from photos.worker import Supervisor


class Command(BaseCommand):
    """Make thumbnails until told to stop."""

    help = "Make thumbnails in the background until SIGTERM or Ctrl-C; as many as you like may run, on any machine."

    def handle(self, *_: Any, **__: Any) -> None:
        """Run the supervisor."""
        Supervisor().run()
