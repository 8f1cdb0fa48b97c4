"""Whether the service is well, for those who watch it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from ipaddress import IPv4Network, IPv6Network, ip_address

from asgiref.sync import markcoroutinefunction, sync_to_async
from django.conf import settings
from django.db.models import Count, Min
from django.http import HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.utils import timezone
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4

LIVE = "/health/live"
READY = "/health/ready"
WORKERS = "/health/workers"
METRICS = "/metrics"
UNSTORED = {"Cache-Control": "no-store"}


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
        if answer := {READY: ready, WORKERS: workers, METRICS: metrics}.get(request.path):
            return await sync_to_async(answer)(request)
        return await self.get_response(request)


# What follows imports when it is called: the middleware is made before models may be imported.


def ready(_: HttpRequest) -> HttpResponse:
    """Whether database, migrations and storage work from here, looked at lately; 503 when not."""
    from photos.readiness import READINESS

    checks = READINESS.checks()
    is_ready = "failing" not in checks.values()
    told = {"status": "ok" if is_ready else "unready", "checks": checks}
    return JsonResponse(told, status=200 if is_ready else 503, headers=UNSTORED)


def metrics(request: HttpRequest) -> HttpResponse:
    """All figures in Prometheus's text format, for clients of the networks METRICS_FROM."""
    from photos.metrics import text

    if _is_from(request, settings.METRICS_FROM):
        return HttpResponse(text(), content_type=CONTENT_TYPE_PLAIN_0_0_4, headers=UNSTORED)
    return HttpResponse("METRICS_FROM does not name your network.\n", content_type="text/plain", status=403)


def _is_from(request: HttpRequest, networks: Iterable[IPv4Network | IPv6Network]) -> bool:
    try:
        client = ip_address(request.META.get("REMOTE_ADDR", ""))
    except ValueError:  # there is none where a socket is a file
        return False
    return any(client in network for network in networks)


def workers(_: HttpRequest) -> HttpResponse:
    """Who works and what waits, from our own rows; 503 when work waits and nobody works."""
    from photos.models import Photo, Worker

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
    return JsonResponse(told, status=503 if stalled else 200, headers=UNSTORED)
