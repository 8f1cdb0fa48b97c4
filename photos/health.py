"""Whether the service is well, for those who watch it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from asgiref.sync import markcoroutinefunction
from django.http import HttpRequest, HttpResponse, HttpResponseBase

LIVE = "/health/live"


class LiveProbe:
    """Middleware before all others: answers that the process lives, whatever name it is asked by, asking nobody else.

    Probes call a machine by its address, which is no host name that the site would answer to.
    """

    async_capable = True
    sync_capable = False

    def __init__(self, get_response: Callable[[HttpRequest], Awaitable[HttpResponseBase]]) -> None:
        self.get_response = get_response
        markcoroutinefunction(self)

    async def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Answer the probe; pass on everything else."""
        if request.path == LIVE:
            return HttpResponse("ok\n", content_type="text/plain")
        return await self.get_response(request)
