"""`manage.py sweep`."""

from typing import Any

from django.core.management.base import BaseCommand

from photos import thumbnails


class Command(BaseCommand):
    """Do once what the worker does every few seconds."""

    help = "Take up photos that were left behind, and delete files that nothing names; once, saying what it did."

    def handle(self, *_: Any, **__: Any) -> None:
        """Sweep and report."""
        report = thumbnails.sweep()
        self.stdout.write(
            f"{report.given_up} taken from lost workers, {report.rung} queued, "
            f"{report.removed_photos} photos removed, {report.deleted_files} files deleted"
        )
