"""People who upload on and on, and what they were answered."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Self

import requests

from tests.faults.arena import Arena
from tests.running import wait_until

# No answer may take longer: an upload ends within half a minute, whatever the storage does.
ANSWER_SECONDS = 40


def new_client(arena: Arena) -> requests.Session:
    """A client with connections of its own."""
    client = requests.Session()
    client.headers.update(dict(arena.session.headers))
    return client


class Clients:
    """Some people who upload at a steady pace for as long as the block lasts; what is accepted is never lost."""

    def __init__(self, arena: Arena, picture: Callable[[], bytes], count: int = 3) -> None:
        self.arena = arena
        self.answers: list[requests.Response] = []
        self._picture = picture
        self._count = count
        self._enough = threading.Event()

    def __enter__(self) -> Self:
        self._pool = ThreadPoolExecutor(self._count)
        self._people = [self._pool.submit(self._upload_on_and_on) for _ in range(self._count)]
        return self

    def __exit__(self, *_: object) -> None:
        self._enough.set()
        self._pool.shutdown()
        for person in self._people:
            person.result()  # raises what broke an answer off

    def _upload_on_and_on(self) -> None:
        with new_client(self.arena) as client:
            while not self._enough.wait(0.2):
                files = {"file": ("photo.jpg", self._picture())}
                answer = client.post(f"{self.arena.url}/api/v1/photos/", files=files, timeout=ANSWER_SECONDS)
                if answer.ok:
                    self.arena.accepted.append(answer.json()["id"])
                self.answers.append(answer)

    def refused(self) -> Counter[str]:
        """How often each error was answered, in the contract's shape."""
        refused = [answer for answer in self.answers if not answer.ok]
        assert all(answer.headers["Retry-After"] for answer in refused if answer.status_code == 503)
        return Counter(answer.json()["error"]["code"] for answer in refused)

    def are_served_again(self, seconds: float) -> None:
        """Wait until an upload that was begun from now on is accepted."""
        before = len(self.arena.accepted)
        # Each has at most one upload under way.
        wait_until(lambda: len(self.arena.accepted) > before + self._count, seconds)
