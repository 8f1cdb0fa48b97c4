"""The live stream: one reader of the table of events for each event loop, and all who listen to it."""

from __future__ import annotations

import asyncio
import logging
from collections import defaultdict
from collections.abc import AsyncIterator, Hashable
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from functools import cache, partial
from typing import NamedTuple, Protocol
from uuid import UUID

from django.conf import settings
from django.db import connections

from photos import frames, threads
from photos.frames import Audience
from photos.models import PhotoEvent
from photos.tail import Tail

logger = logging.getLogger(__name__)

# What a client may be behind, in frames of some 500 bytes, beside what the system keeps for its connection.
QUEUE_FRAMES = 500
FAULT_PAUSE_SECONDS = 1.0
# Heartbeats from one check of the rights to the next: a minute at most.
BEATS_PER_CHECK = 2


class Permit(Hashable, Protocol):
    """What lets a client listen; equal ones are checked once."""

    def holds(self) -> bool:
        """Whether it still does; asks the database."""


class Told(NamedTuple):
    """A frame, and the id of its event; 0 for what is none."""

    id: int
    frame: bytes


class Subscription:
    """One client's end: a bounded queue of frames."""

    def __init__(self, audience: Audience, permit: Permit) -> None:
        self.audience, self.permit = audience, permit
        # The event that it was told of last; at first the one after which it will be told of all.
        self.position = 0
        self.is_over = False
        self._queue: asyncio.Queue[Told | None] = asyncio.Queue()

    async def next(self) -> Told | None:
        """The next frame; None at the end."""
        return await self._queue.get()

    def put(self, event_id: int, frame: bytes) -> None:
        """Send a frame; to a client that does not read, instead of all that waits, that it must start anew."""
        if self.is_over:
            return
        self.position = max(self.position, event_id)
        if self._queue.qsize() < QUEUE_FRAMES:
            self._queue.put_nowait(Told(event_id, frame))
            return
        while not self._queue.empty():
            self._queue.get_nowait()
        self._queue.put_nowait(Told(0, frames.reset(self.position)))
        self.end()

    def end(self) -> None:
        """Send nothing any more, once the queue is empty."""
        self.is_over = True
        self._queue.put_nowait(None)


class Hub:
    """Reads, as long as anybody listens, and hands on."""

    def __init__(self) -> None:
        self._of: defaultdict[UUID, set[Subscription]] = defaultdict(set)
        self._tasks: list[asyncio.Task[None]] = []
        self._thread = ThreadPoolExecutor(1, "events")
        self._position = 0
        self._ready = asyncio.Event()
        self.is_closed = False

    @property
    def is_idle(self) -> bool:
        """Whether nobody listens."""
        return not self._of

    async def add(self, subscription: Subscription) -> None:
        """Let a client listen; ready when its position is known."""
        if not self._tasks and not self.is_closed:
            self._tasks = [asyncio.create_task(self._read()), asyncio.create_task(self._watch())]
        self._of[subscription.audience.workspace_id].add(subscription)
        await self._ready.wait()
        subscription.position = self._position
        if self.is_closed:
            subscription.end()

    def remove(self, subscription: Subscription) -> None:
        """The client listens no more."""
        workspace_id = subscription.audience.workspace_id
        self._of[workspace_id].discard(subscription)
        if not self._of[workspace_id]:
            del self._of[workspace_id]

    def end(self) -> None:
        """Stop reading."""
        for task in self._tasks:
            task.cancel()
        self._thread.submit(connections.close_all)
        self._thread.shutdown(wait=False)

    def close(self) -> None:
        """End all streams, and from now on each at its start."""
        self.is_closed = True
        for subscription in self._all():
            subscription.end()
        self._ready.set()
        self.end()

    def _all(self) -> list[Subscription]:
        return [one for subscriptions in self._of.values() for one in subscriptions]

    async def _read(self) -> None:
        in_own_thread = partial(asyncio.get_running_loop().run_in_executor, self._thread)
        tail = Tail()
        while True:
            try:
                news = await in_own_thread(tail.read)
            except Exception as error:  # noqa: BLE001 - whatever it is, the next reading may find it mended
                logger.warning("events unreachable, will try again", extra={"error": str(error)})
                await in_own_thread(connections.close_all)
                await asyncio.sleep(FAULT_PAUSE_SECONDS)
                continue
            for event in news.events:
                self._deliver(event)
            if news.position is not None:
                self._position = news.position
                self._ready.set()

    def _deliver(self, event: PhotoEvent) -> None:
        frame = cache(partial(frames.of_event, event))
        try:
            for subscription in self._of.get(event.workspace_id, ()):
                subscription.put(event.pk, frame(subscription.audience))
        except Exception:
            # One that can't be told keeps nobody from the next.
            logger.exception("event could not be told", extra={"event": event.pk})

    async def _watch(self) -> None:
        while True:
            for _ in range(BEATS_PER_CHECK):
                await asyncio.sleep(settings.STREAM_HEARTBEAT_SECONDS)
                for subscription in self._all():
                    subscription.put(0, frames.HEARTBEAT)
            try:
                await self._check()
            except Exception:
                logger.exception("rights to listen could not be checked, will try again")

    async def _check(self) -> None:
        listening = self._all()
        permits = {subscription.permit for subscription in listening}
        held = await threads.in_thread(lambda: {permit for permit in permits if permit.holds()})
        for subscription in listening:
            if subscription.permit not in held:
                subscription.end()


_hubs: dict[asyncio.AbstractEventLoop, Hub] = {}


@asynccontextmanager
async def listening(audience: Audience, permit: Permit) -> AsyncIterator[Subscription]:
    """Listen to a workspace's events, as long as the permit holds."""
    loop = asyncio.get_running_loop()
    hub, subscription = _hubs.setdefault(loop, Hub()), Subscription(audience, permit)
    try:
        await hub.add(subscription)
        yield subscription
    finally:
        hub.remove(subscription)
        if hub.is_idle and not hub.is_closed and _hubs.get(loop) is hub:
            del _hubs[loop]
            hub.end()


def close_streams() -> None:
    """End all streams of this event loop for good: a web server that stops waits for its answers to end."""
    _hubs.setdefault(asyncio.get_running_loop(), Hub()).close()
