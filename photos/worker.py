"""`manage.py runworker`: django-q2's cluster as a child, and beside it what nobody else would come back to."""

from __future__ import annotations

import logging
import os
import secrets
import signal
import threading
from collections.abc import Callable
from typing import Any

from django import db
from django.conf import settings

from photos import queue, strays, thumbnails
from photos.cluster import Cluster
from photos.errors import WorkerLost
from photos.models import Photo, Worker
from photos.thumbnails import SweepReport
from photos.watchdog import Watchdog

logger = logging.getLogger(__name__)

ROUND_SECONDS = 5.0
# While there is a backlog the queue's short window must be filled again before it runs dry.
BACKLOG_ROUND_SECONDS = 1.0
# How often it is asked whether the daily look at all files is due.
DAILY_LOOK_SECONDS = 600.0


class Supervisor:
    """Keeps one cluster at work until SIGTERM or SIGINT, then drains it."""

    def __init__(self) -> None:
        # Containers may share a name and count their processes alike.
        self.name = f"{settings.WORKER_NAME[:60]}:{os.getpid()}:{secrets.token_hex(2)}"
        self._stopping = threading.Event()
        self._watchdog = Watchdog(self.name)
        self._replaced = 0
        self._interrupted = False

    def run(self) -> None:
        """Work until told to stop."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: self._stopping.set())
        self._cluster = Cluster(self.name)
        # Beside the rounds: a storage that does not answer holds these up, and no photo shall wait for that.
        for beside in ([thumbnails.tidy, ROUND_SECONDS], [strays.daily, DAILY_LOOK_SECONDS]):
            threading.Thread(target=self._repeat, args=beside, daemon=True).start()
        try:
            self._repeat(self._round, ROUND_SECONDS)
        finally:
            self._cluster.drain()
            _survive(self._leave)
            logger.info("worker stopped")

    def _repeat(self, step: Callable[[], SweepReport | None], every: float) -> None:
        pause = 0.0
        while not self._stopping.wait(pause):
            report = _survive(step) or SweepReport()
            if any(report):
                logger.info("sweep", extra=dict[str, Any](report._asdict()))
            pause = BACKLOG_ROUND_SECONDS if report.rung or report.deleted_files else every

    def _round(self) -> SweepReport:
        # By its database, and what the cluster had taken up then is lost.
        interrupted, self._interrupted = self._interrupted, True
        # First, as nothing is known of a cluster while nobody's beats can be written.
        self._beat()
        if interrupted:
            self._watchdog.be_patient()
        if not self._cluster.is_running:
            self._replace_cluster("died")
        elif self._watchdog.hangs():
            self._replace_cluster("hangs")
        self._take_back(lambda pid: not self._cluster.has(pid))
        if queue.was_unreachable() or interrupted:
            Photo.objects.forget_rings()
        report = thumbnails.take_up()
        self._interrupted = False
        return report

    def _replace_cluster(self, why: str) -> None:
        self._replaced += 1
        logger.error("cluster replaced", extra={"why": why, "replaced": self._replaced})
        self._cluster.kill()
        self._cluster, self._watchdog = Cluster(self.name), Watchdog(self.name)
        self._beat()
        # Rings that it had taken may be lost with it; those that are not, are harmless twice.
        Photo.objects.forget_rings()

    def _beat(self) -> None:
        Worker.objects.beat(self.name, processes=settings.WORKERS, replaced_clusters=self._replaced)

    def _take_back(self, is_gone: Callable[[int], bool]) -> None:
        """Hand back what this worker's dead processes hold: sooner than by the end of their lease."""
        lost = WorkerLost("The process that worked on the photo died.")
        for photo in Photo.objects.held_by(self.name):
            if is_gone(photo.worker_pid):
                photo.give_up(lost, worker_is_gone=True)

    def _leave(self) -> None:
        self._take_back(lambda _: True)
        Worker.objects.filter(name=self.name).delete()


def _survive(step: Callable[[], Any]) -> Any:
    """What the step answers; None after an error, as the next time may find it mended."""
    try:
        return step()
    except Exception:
        # Whatever it is: a supervisor must outlive its database.
        logger.exception("worker's round failed")
        db.connections.close_all()
        return None
