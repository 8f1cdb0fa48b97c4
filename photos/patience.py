"""How long one request waits for what others are making just now."""

from __future__ import annotations

import time

from photos.renderpool import Busy

LOOK_SECONDS = 0.2


class Patience:
    """So many seconds from now on, however often the request has to wait in them."""

    def __init__(self, seconds: float) -> None:
        self._deadline = time.monotonic() + seconds

    @property
    def is_over(self) -> bool:
        """Whether the time has passed."""
        return time.monotonic() > self._deadline

    def wait(self) -> None:
        """Let a moment pass before another look; raises Busy when the time is over."""
        if self.is_over:
            raise Busy("Somebody else is making this just now; ask again in a moment.")
        time.sleep(LOOK_SECONDS)
