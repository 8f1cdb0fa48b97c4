"""How often who may call what; counted in the database, so that it holds for all web processes together."""

from __future__ import annotations

import hashlib
import math
import unicodedata
from datetime import timedelta

from django.conf import settings

from photos.models import ThrottleWindow


def admit(scope: str, caller: str, count: int = 1) -> int | None:
    """Count ``count`` calls of a caller by the rate THROTTLE_… of the scope; None, or in how many seconds to call again."""
    rate = getattr(settings, f"THROTTLE_{scope.upper()}")
    # With the rate, so that a new one does not begin in an old one's window, which may be a day long.
    key = f"{scope}:{rate.calls}/{rate.seconds}:{caller}"
    wait = ThrottleWindow.objects.admit(key, rate.calls, timedelta(seconds=rate.seconds), count)
    return None if wait is None else max(1, math.ceil(wait.total_seconds()))


def admit_credentials(address: str, username: str) -> int | None:
    """Count a try to prove who one is, by page or API; answers as `admit`.

    By client and by user name, so that nobody can shut somebody else out.
    """
    # As the forms read it: otherwise each spelling of a name would have tries of its own.
    name = unicodedata.normalize("NFKC", username.strip())
    # A digest: names are as long as anybody likes, and addresses need not be kept.
    return admit("tokens", hashlib.sha256(f"{address} {name}".encode(errors="surrogatepass")).hexdigest())
