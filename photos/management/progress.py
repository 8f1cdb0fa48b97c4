"""How far a long command is, on a terminal; nothing anywhere else."""

from __future__ import annotations

import time
from typing import Self

from django.core.management.base import OutputWrapper

WIDTH = 30
REDRAW_SECONDS = 0.1


class ProgressBar:
    """One line that is drawn over itself: share done, steps a second, time left. Used in a ``with`` block."""

    def __init__(self, total: int, terminal: OutputWrapper) -> None:
        self._total, self._done = max(total, 1), 0
        self._terminal = terminal if terminal.isatty() else None
        self._began = time.monotonic()
        self._drawn = 0.0

    def advance(self, steps: int) -> None:
        """So many steps more are done."""
        self._done += steps
        if time.monotonic() - self._drawn >= REDRAW_SECONDS:
            self._draw()

    def __enter__(self) -> Self:
        self._draw()
        return self

    def __exit__(self, failed: type[BaseException] | None, *_: object) -> None:
        if not failed:
            # The total was an estimate.
            self._done = self._total
        self._draw()
        if self._terminal:
            self._terminal.write()

    def _draw(self) -> None:
        if not self._terminal:
            return
        self._drawn = time.monotonic()
        share = min(self._done / self._total, 1)
        rate = self._done / max(self._drawn - self._began, 0.001)
        left = f"{(self._total - self._done) / rate:.0f} s left" if 0 < self._done < self._total else ""
        bar = "█" * round(share * WIDTH)
        # Of standard error the wrapper would make a red line.
        self._terminal.write(f"\r{bar:░<{WIDTH}} {share:4.0%} {rate:,.0f}/s {left:<20}", str, ending="")
        self._terminal.flush()
