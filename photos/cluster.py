"""django-q2's cluster, as a child process in a session of its own."""

from __future__ import annotations

import contextlib
import logging
import os
import signal
import subprocess
import sys

from django.conf import settings

from photos.parentage import start_kept

logger = logging.getLogger(__name__)


class Cluster:
    """One cluster, started when made."""

    def __init__(self, worker_name: str) -> None:
        # A signal to its whole session would kill its workers in mid-work: only its parent may hear of it.
        self._keeper = start_kept(
            [sys.executable, str(settings.BASE_DIR / "manage.py"), "qcluster", "--skip-checks"],  # done by its parent
            settings.DRAIN_SECONDS,
            os.environ | {"DATABASE_CONN_MAX_AGE": "600", "SQLITE_SYNCHRONOUS": "NORMAL", "WORKER_NAME": worker_name},
        )
        logger.info("cluster started", extra={"pid": self._keeper.pid, "workers": settings.WORKERS})

    @property
    def is_running(self) -> bool:
        """Whether it has not ended by itself."""
        return self._keeper.poll() is None

    def has(self, pid: int) -> bool:
        """Whether the process is one of the cluster's, and lives."""
        try:
            return os.getsid(pid) == self._keeper.pid
        except ProcessLookupError:
            return False

    def drain(self) -> None:
        """Let running tasks end, but no longer than DRAIN_SECONDS."""
        self._keeper.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            # It keeps that time itself, unless it is stopped.
            self._keeper.wait(settings.DRAIN_SECONDS + 5)
        self.kill()

    def kill(self) -> None:
        """End all its processes at once."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._keeper.pid, signal.SIGKILL)
        self._keeper.wait()
