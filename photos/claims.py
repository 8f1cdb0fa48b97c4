"""What one attempt holds: the claim on its photo, renewed while it goes on, and its time."""

from __future__ import annotations

import time
from collections.abc import Callable

from django.conf import settings

from photos.errors import RenderTimeout
from photos.models.lifecycle import RENEWAL_SECONDS


class ClaimLost(Exception):
    """Another run has the photo, or the photo is gone: whatever this run made is worthless."""


class KeptClaim:
    """A claim that has just been taken; ``renew`` keeps it for another lease, and answers False when it is lost."""

    def __init__(self, renew: Callable[[], bool]) -> None:
        self._renew = renew
        self._kept_at = time.monotonic()
        self._ends_at = self._kept_at + settings.ATTEMPT_SECONDS

    @property
    def seconds_left(self) -> float:
        """What is left of the attempt's time."""
        return self._ends_at - time.monotonic()

    def renew(self) -> None:
        """Keep it for another lease; raises ClaimLost."""
        if not self._renew():
            raise ClaimLost
        self._kept_at = time.monotonic()

    def keep(self) -> None:
        """Between two steps of slow work with files: renew if it is due, which it seldom is.

        Raises ClaimLost, or RenderTimeout when the attempt's time is over.
        """
        if time.monotonic() > self._ends_at:
            raise RenderTimeout("The file storage took too long.")
        # A slow storage may take most of a lease for one step; a quick one is not worth the renewals.
        if time.monotonic() - self._kept_at > RENEWAL_SECONDS / 3:
            self.renew()
