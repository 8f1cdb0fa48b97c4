"""Tells when a cluster hangs, which says of itself that it works: by what becomes of the photos it was rung for."""

from __future__ import annotations

import time
from datetime import timedelta

from photos.models import Photo

# A ring is answered within a second, unless there is a backlog: then the cluster holds a photo nearly always.
OVERDUE = timedelta(seconds=5)
# So long idle, with photos overdue: rung for anew, since the first ring may wait in another machine's cluster.
PROBE_SECONDS = 8.0
# So long idle: it hangs. Together with a round of the supervisor's, found within half a minute.
HANG_SECONDS = 20.0


class Watchdog:
    """Looks at one supervisor's cluster, each few seconds."""

    def __init__(self, worker_name: str) -> None:
        self._worker_name = worker_name
        self._idle_since: float | None = None
        self._probed = False

    def hangs(self) -> bool:
        """Whether the cluster has taken up nothing for so long although photos were rung for."""
        overdue = Photo.objects.overdue(OVERDUE)
        if not overdue.exists() or Photo.objects.held_by(self._worker_name).exists():
            self._idle_since, self._probed = None, False
            return False
        now = time.monotonic()
        self._idle_since = self._idle_since or now
        idle_seconds = now - self._idle_since
        if idle_seconds >= PROBE_SECONDS and not self._probed:
            overdue.update(thumbnail_rung_at=None)
            self._probed = True
        if idle_seconds < HANG_SECONDS:
            return False
        self._idle_since, self._probed = None, False
        return True
