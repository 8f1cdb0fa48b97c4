"""Whether the service is well, for those who watch it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from asgiref.sync import markcoroutinefunction, sync_to_async
from django.db.models import Count, Min
from django.http import HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.utils import timezone

LIVE = "/health/live"
WORKERS = "/health/workers"


class Probes:
    """Middleware before all others: answers how the service is, whatever name it is asked by.

    Probes call a machine by its address, which is no host name that the site would answer to.
    """

    async_capable = True
    sync_capable = False

    def __init__(self, get_response: Callable[[HttpRequest], Awaitable[HttpResponseBase]]) -> None:
        self.get_response = get_response
        markcoroutinefunction(self)

    async def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Answer a probe; pass on everything else."""
        if request.path == LIVE:
            return HttpResponse("ok\n", content_type="text/plain")
        if request.path == WORKERS:
            return await sync_to_async(workers)()
        return await self.get_response(request)


def workers() -> HttpResponse:
    """Who works and what waits, from our own rows; 503 when work waits and nobody works."""
    from photos.models import Photo, Worker  # the middleware is made before the models may be imported

    waiting = Photo.objects.due().aggregate(depth=Count("pk"), oldest=Min("thumbnail_next_attempt_at"))
    stalled = waiting["depth"] > 0 and not Worker.objects.alive().exists()
    last = Worker.objects.first()
    told = {
        "status": "stalled" if stalled else "ok",
        "last_heartbeat_at": last and last.seen_at,
        "queue_depth": waiting["depth"],
        "oldest_pending_seconds": waiting["oldest"] and (timezone.now() - waiting["oldest"]).total_seconds(),
        "workers": [
            {"name": worker.name, "processes": worker.processes, "replaced_clusters": worker.replaced_clusters}
            for worker in Worker.objects.alive()
        ],
    }
    return JsonResponse(told, status=503 if stalled else 200, headers={"Cache-Control": "no-store"})
