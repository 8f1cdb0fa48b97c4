"""A client of the stream of events, as small as one can be that keeps what a browser's EventSource would."""

from __future__ import annotations

import contextlib
import json
import threading
from typing import Any, NamedTuple, Self

import requests

from tests.running import wait_until


class Event(NamedTuple):
    """One event, as it was sent."""

    id: int
    type: str
    data: dict[str, Any]


class Stream:
    """An open stream, read by a thread of its own."""

    def __init__(self, url: str, workspace: str, **headers: str) -> None:
        self.events: list[Event] = []
        self.comments, self.retry, self.last_event_id = 0, "", ""
        self.answer = requests.get(
            f"{url}/api/v1/events/", {"workspace": workspace}, headers=headers, stream=True, timeout=30
        )
        assert self.answer.status_code == 200, self.answer.text
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()
        wait_until(lambda: self.retry, 10, every=0.01)

    def _read(self) -> None:
        text = ""
        # What is read is given up at any moment, in the middle of a chunk too.
        with contextlib.suppress(requests.RequestException, AttributeError, ValueError, OSError):
            for chunk in self.answer.iter_content(None):
                *blocks, text = (text + chunk.decode()).split("\n\n")
                for block in blocks:
                    self._take(block)

    def _take(self, block: str) -> None:
        fields = dict(line.split(": ", 1) for line in block.splitlines() if not line.startswith(":"))
        self.comments += not fields
        self.retry = fields.get("retry", self.retry)
        self.last_event_id = fields.get("id", self.last_event_id)
        if "data" in fields:
            self.events.append(Event(int(fields["id"]), fields["event"], json.loads(fields["data"])))

    def told(self, count: int, seconds: float = 20) -> list[Event]:
        """The events so far, once there are so many."""
        wait_until(lambda: len(self.events) >= count, seconds, every=0.01)
        return self.events[:]

    def told_of(self, photo_id: str, *types: str, seconds: float = 20) -> list[Event]:
        """The photo's events, once these types have come in this order."""

        def of_photo() -> list[Event]:
            return [event for event in self.events[:] if event.data.get("photo_id") == photo_id]

        wait_until(lambda: [event.type for event in of_photo()] == list(types), seconds, every=0.01)
        return of_photo()

    @property
    def is_over(self) -> bool:
        """Whether the server has ended it."""
        return not self._thread.is_alive()

    def close(self) -> None:
        """Hang up."""
        self.answer.raw._fp.fp.raw._sock.shutdown(2)
        self._thread.join(10)
        self.answer.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if not self.is_over:
            self.close()
