"""Tells when a cluster hangs, which says of itself that it works: by the beats that go all the way through it."""

from __future__ import annotations

import time
from datetime import timedelta

from django.conf import settings

from photos.models import Photo, Worker

# Four beats.
SILENCE = timedelta(seconds=20)
# So long silent in sight of a database that answers: in an outage of that, no beat is seen either.
PATIENCE_SECONDS = 8.0


class Watchdog:
    """Looks at one supervisor's cluster, each few seconds."""

    def __init__(self, worker_name: str) -> None:
        self._worker_name = worker_name
        self._silent_since: float | None = None

    def hangs(self) -> bool:
        """Whether the cluster takes up no tasks, although a process of it should be free to.

        A beat waits only while all its processes are busy; so what counts as work is as many leases as there are
        processes, all of them being renewed.
        """
        if not Worker.objects.silent(SILENCE).filter(name=self._worker_name).exists():
            self._silent_since = None
        elif Photo.objects.held_by(self._worker_name).lively().count() < settings.WORKERS:
            self._silent_since = self._silent_since or time.monotonic()
            return time.monotonic() - self._silent_since >= PATIENCE_SECONDS
        return False
