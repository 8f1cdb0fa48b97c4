"""How often who may call what; counted in the database, so that it holds for all web processes together."""

from __future__ import annotations

import hashlib
from abc import abstractmethod
from collections.abc import Mapping
from datetime import timedelta
from typing import ClassVar

from django.conf import settings
from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle
from rest_framework.views import APIView

from photos.models import ThrottleWindow


class RateThrottle(BaseThrottle):
    """So many calls in a window, by the rate in the setting THROTTLE_… of the scope."""

    scope: ClassVar[str]
    _wait: timedelta | None = None

    @abstractmethod
    def caller(self, request: Request) -> str:
        """Whose calls are counted together."""

    def calls_of(self, request: Request) -> int:
        """For how many calls the request counts."""
        return 1

    def allow_request(self, request: Request, view: APIView) -> bool:
        """Count the request, and tell whether it is within the rate."""
        rate = getattr(settings, f"THROTTLE_{self.scope.upper()}")
        # With the rate, so that a new one does not begin in an old one's window, which may be a day long.
        key = f"{self.scope}:{rate.calls}/{rate.seconds}:{self.caller(request)}"
        length = timedelta(seconds=rate.seconds)
        self._wait = ThrottleWindow.objects.admit(key, rate.calls, length, self.calls_of(request))
        return self._wait is None

    def wait(self) -> float | None:
        """Seconds until a call is let in again, after one that was not."""
        return None if self._wait is None else max(1.0, self._wait.total_seconds())


class UserThrottle(RateThrottle):
    """Each user's calls by themselves; the anonymous never get as far, since permissions are asked first."""

    def caller(self, request: Request) -> str:
        """The user's key."""
        return str(request.user.pk)


class UploadThrottle(UserThrottle):
    """Uploads."""

    scope = "uploads"


class RenderThrottle(UserThrottle):
    """Pictures whose thumbnails are made within the request."""

    scope = "renders"

    def calls_of(self, request: Request) -> int:
        """One for each file; a request without any is a call, too."""
        return max(1, len(request.FILES.getlist("file")))


class TokenThrottle(RateThrottle):
    """Tries to get a token: by client and by user name, so that nobody can shut somebody else out."""

    scope = "tokens"

    def caller(self, request: Request) -> str:
        """A digest of both: names are as long as anybody likes, and addresses need not be kept."""
        fields = request.data if isinstance(request.data, Mapping) else {}
        name = str(fields.get("username")).strip()  # as the serializer reads it
        # The web server has found out who is behind a trusted proxy; the header itself says what the client wants.
        client = f"{request.META['REMOTE_ADDR']} {name}"
        return hashlib.sha256(client.encode(errors="surrogatepass")).hexdigest()
