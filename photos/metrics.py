"""What there is and what waits, for Prometheus: from the rows, so that each web process tells of all."""

from __future__ import annotations

from collections.abc import Iterator

from django.db.models import Count, Min, Sum
from django.utils import timezone
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from photos.models import Orphan, Photo, ThumbnailStatus, Worker


class Rows(Collector):
    """All figures, read anew each time in a handful of queries."""

    def collect(self) -> Iterator[Metric]:
        """One family after the other; what nobody has is told as 0."""
        by_status = Photo.objects.order_by().values_list("thumbnail_status").annotate(Count("pk"))
        photos = GaugeMetricFamily("thumbsite_photos", "Photos by status.", labels=["status"])
        for status, count in (dict.fromkeys(ThumbnailStatus.values, 0) | dict(by_status)).items():
            photos.add_metric([status], count)
        yield photos

        failed = GaugeMetricFamily("thumbsite_failed_photos", "Failed photos by reason.", labels=["error_code"])
        reasons = Photo.objects.filter(thumbnail_status=ThumbnailStatus.FAILED).order_by()
        for code, count in reasons.values_list("thumbnail_error_code").annotate(Count("pk")):
            failed.add_metric([code], count)
        yield failed

        due = Photo.objects.due().aggregate(count=Count("pk"), oldest=Min("thumbnail_next_attempt_at"))
        waits = (timezone.now() - due["oldest"]).total_seconds() if due["oldest"] else 0
        workers = (
            Worker.objects.alive()
            .order_by()
            .aggregate(
                count=Count("pk"), processes=Sum("processes", default=0), replaced=Sum("replaced_clusters", default=0)
            )
        )
        for name, told, value in (
            ("queue_depth", "Photos that wait for nothing but a worker.", due["count"]),
            ("oldest_pending_seconds", "How long the first of them has waited.", waits),
            ("workers", "Workers that were seen within 30 seconds.", workers["count"]),
            ("worker_processes", "Their processes.", workers["processes"]),
            ("replaced_clusters", "Clusters of theirs that died or hung.", workers["replaced"]),
            ("orphaned_files", "Files that are announced, or to be deleted.", Orphan.objects.count()),
        ):
            yield GaugeMetricFamily(f"thumbsite_{name}", told, value)


REGISTRY = CollectorRegistry()
REGISTRY.register(Rows())


def text() -> bytes:
    """The figures in Prometheus's text format."""
    return generate_latest(REGISTRY)
