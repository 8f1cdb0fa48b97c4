"""The queue, a nudge and nothing more: it may lose a ring, repeat it or bring it late. Alone imports django_q."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Sequence
from functools import cache
from typing import Any
from uuid import UUID, uuid4

from django.conf import settings
from django.utils import timezone
from django_q.brokers import Broker, get_broker, redis_broker
from django_q.brokers.orm import ORM
from django_q.signing import SignedPackage
from django_q.tasks import async_task

logger = logging.getLogger(__name__)

# The queue is a short window over the table of photos, so that a long backlog neither floods it nor goes stale in it.
RINGS_PER_WORKER = 20
BEAT_SECONDS = 5.0
BEAT = "photos.tasks.beat"

_failed = threading.Event()


class BeatingBroker(redis_broker.Redis if settings.REDIS_URL else ORM):  # type: ignore[misc]  # chosen at run time
    """Where a cluster gets its tasks: the shared queue, and each few seconds a beat of its own, which goes all the way.

    A cluster can hang and not know it, and on a shared queue others hide that by doing its work.
    """

    _beaten_at = float("-inf")

    def dequeue(self) -> list[tuple[Any, Any]]:
        """The next tasks, each with what acknowledges it; waits a moment for them."""
        if time.monotonic() - self._beaten_at < BEAT_SECONDS:
            return super().dequeue() or []
        self._beaten_at = time.monotonic()
        beat = {"id": uuid4().hex, "name": "beat", "func": BEAT, "args": (), "kwargs": {}, "started": timezone.now()}
        return [(None, SignedPackage.dumps(beat))]


@cache
def _broker() -> Broker:
    return get_broker()


def room() -> int:
    """How many more rings the queue should hold now; 0 when it can't be reached."""
    try:
        return max(0, RINGS_PER_WORKER * settings.WORKERS - int(_broker().queue_size()))
    except Exception as error:  # noqa: BLE001 - each broker has its own errors, and none may break an upload
        _report(error)
        return 0


def enqueue(photo_ids: Sequence[UUID]) -> int:
    """Ring for photos in this order; answers how many were taken before the queue failed."""
    for count, photo_id in enumerate(photo_ids):
        try:
            async_task("photos.tasks.generate_thumbnails", str(photo_id), broker=_broker())
        except Exception as error:  # noqa: BLE001 - as above
            _report(error)
            return count
    return len(photo_ids)


def was_unreachable() -> bool:
    """Whether it failed this process since this was asked last: what it held then it may have lost."""
    was = _failed.is_set()
    _failed.clear()
    return was


def _report(error: Exception) -> None:
    _failed.set()
    logger.warning("queue unreachable, the sweep will ring later", extra={"error": f"{type(error).__name__}: {error}"})
