"""Rows, files and queue held against each other, both ways, in pages: a million photos take no more memory than one.

Nothing is locked meanwhile. A file is looked for in the rows after it was listed, and a row's file in the storage after
the row was read; whatever then seems wrong is asked for once more.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import TypeVar

from django.db.models import Model, QuerySet
from django.db.models.functions import Now

from photos import queue, storage, strays, thumbnails
from photos.findings import EXAMPLES, GRACE, PAGE, Kind, Progress, Report
from photos.models import CustomThumbnail, Photo, ThumbnailStatus

M = TypeVar("M", bound=Model)

# What the sweep, which comes every few seconds, has not taken up by then, it won't.
OVERDUE = timedelta(minutes=10)
# In all other states new thumbnails come anyway.
SETTLED = (ThumbnailStatus.COMPLETE, ThumbnailStatus.FAILED)


def size() -> int:
    """About how many steps `reconcile` tells its ``progress`` of: each file is looked at from both sides."""
    with_thumbnails = Photo.objects.exclude(thumbnail_version="").count()
    return 2 * (Photo.objects.count() + 3 * with_thumbnails + CustomThumbnail.objects.count())


def reconcile(*, fix: bool, grace: timedelta = GRACE, progress: Progress = lambda _: None) -> Report:
    """Look for all that is wrong, and mend what can be mended if ``fix``; raises StorageUnavailable.

    ``progress`` hears of every step or page of them. No file younger than ``grace``, by the storage's clock, counts.
    """
    report = Report()
    strays.look(report, progress, grace, lambda keys: keys if fix else [])
    _missing_originals(report, progress)
    _missing_thumbnails(report, progress, fix=fix)
    _missing_custom_thumbnails(report, progress, fix=fix)
    _stuck_photos(report, fix=fix)
    return report


def _pages(rows: QuerySet[M], by: str, progress: Progress) -> Iterator[list[M]]:
    """All rows, in the order of a unique column, which must be that of their files' keys to save listings."""
    rows = rows.order_by(by)
    page = list(rows[:PAGE])
    while page:
        yield page
        progress(len(page))
        page = list(rows.filter(**{f"{by}__gt": getattr(page[-1], by)})[:PAGE])


def _missing_originals(report: Report, progress: Progress) -> None:
    for page in _pages(Photo.objects.all(), "pk", progress):
        gone = storage.missing([photo.original_path for photo in page])
        still_named = Photo.objects.filter(original_path__in=gone).order_by("pk")
        report.add(Kind.ORIGINAL_GONE, list(still_named.values_list("original_path", flat=True)))


def _missing_thumbnails(report: Report, progress: Progress, *, fix: bool) -> None:
    settled = Photo.objects.filter(thumbnail_status__in=SETTLED).exclude(thumbnail_version="")
    for page in _pages(settled, "pk", lambda photos: progress(3 * photos)):
        gone = storage.missing([path for photo in page for path in photo.thumbnail_paths()])
        for photo in page:
            same = settled.filter(pk=photo.pk, thumbnail_version=photo.thumbnail_version)
            paths = [path for path in photo.thumbnail_paths() if path in gone]
            if paths and same.exists():
                mended = fix and _can_be_made_again(photo) and photo.regenerate()
                report.add(Kind.THUMBNAIL_GONE, paths[:1], mended=int(mended))


def _missing_custom_thumbnails(report: Report, progress: Progress, *, fix: bool) -> None:
    for page in _pages(CustomThumbnail.objects.select_related("photo"), "path", progress):
        gone = storage.missing([custom.path for custom in page])
        for custom in CustomThumbnail.objects.filter(path__in=gone).select_related("photo"):
            # Made again when it is asked for.
            mended = fix and _can_be_made_again(custom.photo) and custom.delete()[0]
            report.add(Kind.CUSTOM_GONE, [custom.path], mended=int(mended))


def _can_be_made_again(photo: Photo) -> bool:
    # Also keeps a storage that is not mounted from being taken for one that lost everything.
    return not storage.missing([photo.original_path])


def _stuck_photos(report: Report, *, fix: bool) -> None:
    found = {
        kind: (rows.count(), list(map(str, rows.values_list("pk", flat=True)[:EXAMPLES]))) for kind, rows in _stuck()
    }
    # As long as it goes on taking back; what it would ring for beyond that is the backlog.
    while fix and thumbnails.take_up().given_up:
        pass
    for kind, rows in _stuck():
        count, examples = found[kind]
        report.add(kind, examples, found=count, mended=max(0, count - rows.count()) if fix else 0)


def _stuck() -> list[tuple[Kind, QuerySet[Photo]]]:
    # With no room in the queue it is only a backlog.
    unrung = Photo.objects.to_ring() if queue.room() else Photo.objects.none()
    return [
        (Kind.UNRUNG, unrung.filter(thumbnail_next_attempt_at__lt=Now() - OVERDUE)),
        (Kind.LOST, Photo.objects.abandoned().filter(thumbnail_lease_expires_at__lt=Now() - OVERDUE)),
    ]
