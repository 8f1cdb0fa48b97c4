"""`manage.py runlocal`: what `make run` runs."""

from __future__ import annotations

import os
import signal
import sys
import tempfile
import threading
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError

from photos.management.commands.runweb import listen
from photos.parentage import start_kept

ROLES = ("runweb", "runworker")
# More than they give to what they have under way.
GRACE_SECONDS = settings.DRAIN_SECONDS + 10


class Command(BaseCommand):
    """Prepare the site, then run its web server and its worker together."""

    help = "Prepare the site on this machine, then run web server and worker together until Ctrl-C."

    def handle(self, *_: Any, **__: Any) -> None:
        """Prepare, say how to get in, run."""
        for name in ("DATA_DIR", "MEDIA_ROOT"):
            require_writable(name, Path(getattr(settings, name)))
        listen().close()
        call_command("prepare", samples=True)
        self.stdout.write(f"\n  thumbsite answers at {settings.PUBLIC_BASE_URL}/ (Ctrl-C ends it)\n")
        self.stdout.flush()
        if failed := run_together():
            raise CommandError(f"{failed} ended by itself; its last lines above say why.")


def require_writable(name: str, folder: Path) -> None:
    """Make the folder if it is missing; raises CommandError when nothing can be written there."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        tempfile.TemporaryFile(dir=folder).close()
    except OSError as error:
        raise CommandError(f"{folder} can't be written ({error.strerror}): set {name} to a folder of yours.") from None


def run_together() -> str | None:
    """Run web server and worker until a signal comes or one of them ends; answers which one ended by itself."""
    stopping = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, lambda *_: stopping.set())
    manage = str(settings.BASE_DIR / "manage.py")
    # In sessions of their own, so that Ctrl-C reaches this process only, which then ends them in order.
    roles = {role: start_kept([sys.executable, manage, role], GRACE_SECONDS, dict(os.environ)) for role in ROLES}
    ended = None
    while not stopping.wait(0.2) and ended is None:
        ended = next((role for role, process in roles.items() if process.poll() is not None), None)
    for process in roles.values():
        process.terminate()
    for process in roles.values():
        process.wait()
    return ended
