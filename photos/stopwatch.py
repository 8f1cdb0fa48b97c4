"""Milliseconds of a job's phases, for its one line in the log."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator


class Stopwatch:
    """Times named phases; a phase that raises is timed up to there."""

    def __init__(self) -> None:
        self._seconds: dict[str, float] = {}

    @contextlib.contextmanager
    def phase(self, name: str) -> Iterator[None]:
        """Time what happens inside."""
        start = time.perf_counter()
        try:
            yield
        finally:
            self._seconds[name] = time.perf_counter() - start

    def milliseconds(self) -> dict[str, int]:
        """Each phase's time, as ``<phase>_ms``."""
        return {f"{name}_ms": round(seconds * 1000) for name, seconds in self._seconds.items()}
