"""Tells when a cluster hangs, which says of itself that it works: by the beats that go all the way through it."""

from __future__ import annotations

import time
from datetime import timedelta

from django.conf import settings

from photos.models import Photo, Worker

# Four beats.
SILENCE = timedelta(seconds=20)
# So long silent in sight of a database that answers: in an outage of that, no beat is written either.
PATIENCE_SECONDS = 8.0
# What a cluster has from its start on.
START_SECONDS = 30.0


class Watchdog:
    """Looks at one cluster, the supervisor's of this name, each few seconds from its start on."""

    def __init__(self, worker_name: str) -> None:
        self._worker_name = worker_name
        self._trusted_until = time.monotonic() + START_SECONDS

    def be_patient(self) -> None:
        """Give it time to show that it works."""
        self._trusted_until = max(self._trusted_until, time.monotonic() + PATIENCE_SECONDS)

    def hangs(self) -> bool:
        """Whether the cluster has taken up no task for too long, although a process of it should have been free to."""
        if not self._is_silent():
            self.be_patient()
        return time.monotonic() >= self._trusted_until

    def _is_silent(self) -> bool:
        # A beat waits only while all processes are busy: then there are as many leases, all of them being renewed.
        return (
            Worker.objects.silent(SILENCE).filter(name=self._worker_name).exists()
            and Photo.objects.held_by(self._worker_name).lively().count() < settings.WORKERS
        )
