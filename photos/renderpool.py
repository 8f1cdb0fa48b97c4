"""Renders for the web process, in a few helper processes; a bad file may take down one of them, never the web."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator

from photos.errors import PhotoError
from photos.sandbox import Sandbox


class Busy(PhotoError):
    """All helpers are at work."""

    code = "busy"


class RenderPool:
    """At most ``size`` renders at once; helpers are started when first needed and kept."""

    def __init__(self, size: int) -> None:
        self._places = threading.BoundedSemaphore(size)
        self._idle: list[Sandbox] = []

    @contextlib.contextmanager
    def place(self) -> Iterator[Sandbox]:
        """A sandbox of one's own for a while; raises Busy at once when there is none."""
        if not self._places.acquire(blocking=False):
            raise Busy("All renderers are at work; try again in a moment.")
        try:
            try:
                sandbox = self._idle.pop()  # asked for it beforehand, another thread could be quicker
            except IndexError:
                sandbox = Sandbox()
            try:
                yield sandbox
            finally:
                self._idle.append(sandbox)
        finally:
            self._places.release()

    def close(self) -> None:
        """End the idle helpers."""
        while self._idle:
            self._idle.pop().end()
