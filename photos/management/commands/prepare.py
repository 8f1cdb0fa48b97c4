"""`manage.py prepare`."""

from __future__ import annotations

from typing import Any

from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandParser

from photos import firstrun
from thumbsite import static


class Command(BaseCommand):
    """Bring database and static files to this version; at the first time, make the first user and workspace."""

    help = "Once for each new version, before it starts: migrate, collect static files, and make the first user."

    def add_arguments(self, parser: CommandParser) -> None:
        """The samples are for trying it out."""
        parser.add_argument("--samples", action="store_true", help="with a few sample photos, drawn by code")

    def handle(self, *_: Any, **options: Any) -> None:
        """Prepare; safe to run again."""
        call_command("migrate", verbosity=0, interactive=False)
        static.collect()
        firstrun.prepare(self._tell, with_samples=options["samples"])

    def _tell(self, text: str) -> None:
        self.stdout.write(text)
        self.stdout.flush()
