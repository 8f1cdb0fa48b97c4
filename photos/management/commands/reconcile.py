"""`manage.py reconcile`."""

from __future__ import annotations

import argparse
import sys
from datetime import timedelta
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from photos import reconcile
from photos.errors import StorageUnavailable
from photos.findings import GRACE, Report
from photos.management.progress import ProgressBar


class Command(BaseCommand):
    """Say what doesn't fit together, and mend it if told to."""

    help = (
        "Compare rows, files and queue: files that no row names, rows whose file is gone, photos that nobody works on. "
        "Changes nothing without --fix. Its exit status is 1 when something is wrong, with --fix if it still is."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """Mend or only look; and from which age on."""
        parser.add_argument("--fix", action="store_true", help="mend what can be mended")
        parser.add_argument(
            "--grace-hours",
            type=_hours,
            default=GRACE,
            dest="grace",
            metavar="HOURS",
            help=f"leave files alone that are younger (default: {GRACE // timedelta(hours=1)})",
        )

    def handle(self, *_: Any, fix: bool, grace: timedelta, **__: Any) -> None:
        """Reconcile and report."""
        try:
            with ProgressBar(reconcile.size(), self.stderr) as bar:
                report = reconcile.reconcile(fix=fix, grace=grace, progress=bar.advance)
        except StorageUnavailable as error:
            raise CommandError(str(error)) from error
        self._tell(report, fix=fix)
        if not report.all_fits:
            sys.exit(1)

    def _tell(self, report: Report, *, fix: bool) -> None:
        for kind, number in report.found.items():
            self.stdout.write(f"{number} {kind}" + (f", {report.mended[kind]} mended" if fix else ""))
            for example in report.examples[kind]:
                # Somebody else's file may have a name that a terminal can't show.
                self.stdout.write(f"    {example if example.isprintable() else ascii(example)[1:-1]}")
        if not report.found:
            self.stdout.write("All fits.")
        elif not fix:
            self.stdout.write("Nothing was changed; --fix mends what can be mended.")


def _hours(text: str) -> timedelta:
    try:
        hours = timedelta(hours=float(text))
    except (ValueError, OverflowError):
        hours = timedelta(-1)
    if hours < timedelta(0):
        raise argparse.ArgumentTypeError("it must be a number of hours, 0 or more")
    return hours
