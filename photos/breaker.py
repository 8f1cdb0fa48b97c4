"""A circuit breaker: whoever meets one failure after the other stops trying for a while."""

from __future__ import annotations

import time


class CircuitBreaker:
    """Closed until so many failures in a row; from then on open, but for one try after each pause, until one works."""

    def __init__(self, failures: int, pause_seconds: float) -> None:
        self._threshold = failures
        self._pause = pause_seconds
        self._failures = 0
        self._next_try_at = float("-inf")

    def record(self, *, worked: bool) -> None:
        """Tell how a try ended."""
        self._failures = 0 if worked else self._failures + 1
        self._next_try_at = time.monotonic() + self._pause

    @property
    def is_open(self) -> bool:
        """Whether now is no time to try."""
        return self._failures >= self._threshold and time.monotonic() < self._next_try_at
