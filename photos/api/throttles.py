"""How often who may call what of the API; the counting is that of `photos.rates`."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from typing import ClassVar

from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle
from rest_framework.views import APIView

from photos import rates


class RateThrottle(BaseThrottle):
    """So many calls in a window."""

    _wait: int | None = None

    @abstractmethod
    def count(self, request: Request) -> int | None:
        """Count the request; None, or in how many seconds to call again."""

    def allow_request(self, request: Request, view: APIView) -> bool:
        """Count the request, and tell whether it is within the rate."""
        self._wait = self.count(request)
        return self._wait is None

    def wait(self) -> float | None:
        """Seconds until a call is let in again, after one that was not."""
        return self._wait


class UserThrottle(RateThrottle):
    """Each user's calls by themselves; the anonymous never get as far, since permissions are asked first."""

    scope: ClassVar[str]

    def calls_of(self, request: Request) -> int:
        """For how many calls the request counts."""
        return 1

    def count(self, request: Request) -> int | None:
        """By the user's key."""
        return rates.admit(self.scope, str(request.user.pk), self.calls_of(request))


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
    """Tries to get a token."""

    def count(self, request: Request) -> int | None:
        """By client and by user name."""
        fields = request.data if isinstance(request.data, Mapping) else {}
        # The web server has found out who is behind a trusted proxy; the header itself says what the client wants.
        return rates.admit_credentials(request.META["REMOTE_ADDR"], str(fields.get("username")))
