"""Renders for the web process, in a few helper processes; a bad file may take down one of them, never the web."""

from __future__ import annotations

import contextlib
import os
import select
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO

from photos import engine, renderhelper, sandbox
from photos.errors import PhotoError, WorkerLost
from photos.rendering import RenderJob

# Where the package photos is found.
ROOT = Path(__file__).resolve().parent.parent


class Busy(PhotoError):
    """All helpers are at work."""

    code = "busy"


class RenderPool:
    """At most ``size`` renders at once; helpers are started when first needed and kept."""

    def __init__(self, size: int) -> None:
        self._places = threading.BoundedSemaphore(size)
        self._idle: list[_Helper] = []

    @contextlib.contextmanager
    def place(self) -> Iterator[_Helper]:
        """A helper of one's own for a while; raises Busy at once when there is none."""
        if not self._places.acquire(blocking=False):
            raise Busy("All renderers are at work; try again in a moment.")
        try:
            helper = self._take()
            try:
                yield helper
            finally:
                if helper.is_alive:
                    self._idle.append(helper)
        finally:
            self._places.release()

    def _take(self) -> _Helper:
        while True:
            try:
                helper = self._idle.pop()  # asked for it beforehand, another thread could be quicker
            except IndexError:
                return _Helper()
            if helper.is_running:
                return helper
            helper.end()

    def close(self) -> None:
        """End the idle helpers."""
        while self._idle:
            self._idle.pop().end()


class _Helper:
    """This process's end of one helper; a Renderer."""

    def __init__(self) -> None:
        self._channel, other = socket.socketpair()
        with other:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "photos.renderhelper", str(other.fileno())],
                pass_fds=[other.fileno()],
                stdin=subprocess.DEVNULL,
                cwd=ROOT,
                env=sandbox.ENVIRONMENT | os.environ,
            )
        self.is_alive = True

    def __call__(
        self, job: RenderJob, original: BinaryIO, *, heartbeat: Callable[[], None], every: float
    ) -> engine.Rendering:
        """The rendering; ends itself when anything but a named error comes between."""
        try:
            renderhelper.send(self._channel, job, [original.fileno()])
            # The helper keeps the job's time itself; the rest is for its start.
            deadline = time.monotonic() + job.seconds + 30
            while not select.select([self._channel], [], [], every)[0] and time.monotonic() < deadline:
                heartbeat()
            self._channel.settimeout(max(1.0, deadline - time.monotonic()))
            (kind, value), _ = renderhelper.receive(self._channel)
        except (EOFError, OSError) as error:
            self.end()
            raise WorkerLost("The process that reads pictures died; try again.") from error
        except BaseException:
            self.end()
            raise
        if kind == "error":
            raise value
        rendering: engine.Rendering = value
        return rendering

    @property
    def is_running(self) -> bool:
        """Whether the process lives: the system may have killed it while it was idle."""
        return self._process.poll() is None

    def end(self) -> None:
        """Kill the process and forget it."""
        self.is_alive = False
        self._channel.close()
        self._process.kill()
        self._process.wait()
