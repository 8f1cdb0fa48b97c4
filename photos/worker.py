"""`manage.py runworker`: django-q2's cluster as a child, and the sweep beside it."""

from __future__ import annotations

import contextlib
import logging
import os
import signal
import subprocess
import sys
import threading
from functools import partial
from typing import Any

from django import db
from django.conf import settings

from photos import thumbnails
from photos.parentage import die_with_parent

logger = logging.getLogger(__name__)

SWEEP_SECONDS = 5.0
# While there is a backlog the queue's short window must be filled again before it runs dry.
BACKLOG_SWEEP_SECONDS = 1.0
GRACE_SECONDS = 30.0


class Supervisor:
    """Keeps one cluster running and sweeps, until SIGTERM or SIGINT; then drains."""

    def __init__(self) -> None:
        self._stopping = threading.Event()
        self._cluster: subprocess.Popen[bytes] | None = None

    def run(self) -> None:
        """Work until told to stop."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: self._stopping.set())
        try:
            while not self._stopping.is_set():
                self._keep_cluster()
                self._stopping.wait(self._sweep())
        finally:
            self._drain()

    def _keep_cluster(self) -> None:
        if self._cluster is not None and self._cluster.poll() is None:
            return
        if self._cluster is not None:
            logger.error("cluster died, starting another", extra={"exit_status": self._cluster.returncode})
            self._kill_group(self._cluster)
        # In a session of its own: a signal to our process group would kill its workers in mid-work.
        self._cluster = subprocess.Popen(
            [sys.executable, str(settings.BASE_DIR / "manage.py"), "qcluster"],
            env=os.environ | {"DATABASE_CONN_MAX_AGE": "600"},
            stdin=subprocess.DEVNULL,
            start_new_session=True,
            # Killed outright, this process can't drain its cluster, which then drains by itself.
            preexec_fn=partial(die_with_parent, signal.SIGTERM),
        )
        logger.info("cluster started", extra={"pid": self._cluster.pid, "workers": settings.WORKERS})

    def _sweep(self) -> float:
        try:
            report = thumbnails.sweep()
        except Exception:
            # Whatever it is, the next sweep may find it mended; a supervisor must outlive its database.
            logger.exception("sweep failed")
            db.connections.close_all()
            return SWEEP_SECONDS
        if any(report):
            logger.info("sweep", extra=dict[str, Any](report._asdict()))
        return BACKLOG_SWEEP_SECONDS if report.rung else SWEEP_SECONDS

    def _drain(self) -> None:
        if self._cluster is None:
            return
        # Only its parent may hear of it: that one lets running tasks end.
        self._cluster.terminate()
        try:
            self._cluster.wait(GRACE_SECONDS)
        except subprocess.TimeoutExpired:
            logger.warning("cluster did not end in time, killing it", extra={"pid": self._cluster.pid})
        self._kill_group(self._cluster)
        self._cluster.wait()
        logger.info("worker stopped")

    @staticmethod
    def _kill_group(cluster: subprocess.Popen[bytes]) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(cluster.pid, signal.SIGKILL)
