"""Rows, files and queue held against each other, both ways, in pages: a million photos take no more memory than one.

Nothing is locked meanwhile. A file is looked for in the rows after it was listed, and a row's file in the storage after
the row was read; whatever then seems wrong is asked for once more.
"""

from __future__ import annotations

import logging
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from datetime import timedelta
from enum import StrEnum
from itertools import islice
from typing import TypeVar

from django.db.models import Model, Q, QuerySet
from django.db.models.functions import Now
from django.utils import timezone

from photos import queue, storage, thumbnails
from photos.errors import StorageUnavailable
from photos.models import CustomThumbnail, Orphan, Photo, ThrottleWindow, ThumbnailStatus

logger = logging.getLogger(__name__)

M = TypeVar("M", bound=Model)
Progress = Callable[[int], None]

# No file younger than this is touched, unless a shorter time is asked for.
GRACE = timedelta(days=1)
# What the sweep, which comes every few seconds, has not taken up by then, it won't.
OVERDUE = timedelta(minutes=10)
PAGE = 1000
EXAMPLES = 10
# Of the columns for keys.
KEY_LENGTH = 200
# In all other states new thumbnails come anyway.
SETTLED = (ThumbnailStatus.COMPLETE, ThumbnailStatus.FAILED)


class Kind(StrEnum):
    """What can be wrong."""

    UNNAMED = "files that no row names"
    ORIGINAL_GONE = "photos whose original is gone"
    THUMBNAIL_GONE = "photos whose thumbnails are gone"
    CUSTOM_GONE = "custom thumbnails whose file is gone"
    UNRUNG = "pending photos that the queue was not told of"
    LOST = "photos in work whose worker is lost"


class Report:
    """How much is wrong and how much of it was mended, by kind, with a few examples."""

    def __init__(self) -> None:
        self.found, self.mended = Counter[Kind](), Counter[Kind]()
        self.examples: defaultdict[Kind, list[str]] = defaultdict(list)

    def add(self, kind: Kind, examples: Sequence[str], *, found: int | None = None, mended: int = 0) -> None:
        """Tell of findings, as many as there are examples unless said otherwise, and how many of them were mended."""
        self.found += Counter({kind: len(examples) if found is None else found})
        self.mended += Counter({kind: mended})
        self.examples[kind] += examples[: EXAMPLES - len(self.examples[kind])]

    @property
    def all_fits(self) -> bool:
        """Whether nothing is wrong now."""
        return self.found == self.mended


def size() -> int:
    """About how many steps `reconcile` tells its ``progress`` of: each file is looked at from both sides."""
    with_thumbnails = Photo.objects.exclude(thumbnail_version="").count()
    return 2 * (Photo.objects.count() + 3 * with_thumbnails + CustomThumbnail.objects.count())


def reconcile(*, fix: bool, grace: timedelta = GRACE, progress: Progress = lambda _: None) -> Report:
    """Look for all that is wrong, and mend what can be mended if ``fix``; raises StorageUnavailable.

    ``progress`` hears of every step or page of them. No file younger than ``grace``, by the storage's clock, counts.
    """
    report = Report()
    _unnamed_files(report, progress, fix=fix, grace=grace)
    _missing_originals(report, progress)
    _missing_thumbnails(report, progress, fix=fix)
    _missing_custom_thumbnails(report, progress, fix=fix)
    _stuck_photos(report, fix=fix)
    return report


def daily() -> None:
    """Remove files that no row names, at most once a day however many machines call it; logs what it did."""
    if ThrottleWindow.objects.admit("reconcile", 1, timedelta(days=1)) is not None:
        return
    report = Report()
    try:
        _unnamed_files(report, lambda _: None, fix=True, grace=GRACE)
    except StorageUnavailable as error:
        logger.warning("the daily look for files that no row names was broken off", extra={"error": str(error)})
    if found := report.found[Kind.UNNAMED]:
        facts = {"found": found, "removed": report.mended[Kind.UNNAMED], "examples": report.examples[Kind.UNNAMED]}
        logger.warning("files that no row names were removed", extra=facts)


def _unnamed_files(report: Report, progress: Progress, *, fix: bool, grace: timedelta) -> None:
    young = timezone.now() - grace
    for folder in storage.FOLDERS:
        files = storage.stored_files(folder)
        while page := list(islice(files, PAGE)):
            # Twice, as between two questions of one look a file may change hands.
            unnamed = _unnamed(_unnamed([file.key for file in page if file.modified_at <= young]))
            report.add(Kind.UNNAMED, unnamed, mended=_delete(unnamed) if fix else 0)
            progress(len(page))


def _unnamed(keys: list[str]) -> list[str]:
    ours = [key for key in keys if _fits_a_row(key)]
    # Announced before they are named, so asked for in this order.
    known = set(Orphan.objects.filter(key__in=ours).values_list("key", flat=True))
    photos = Photo.objects.filter(Q(pk__in=set(map(storage.photo_of, ours))) | Q(original_path__in=ours))
    for photo in photos if ours else ():
        known |= {photo.original_path, *photo.thumbnail_paths()}
    known.update(CustomThumbnail.objects.filter(path__in=ours).values_list("path", flat=True))
    return [key for key in keys if key not in known]


def _fits_a_row(key: str) -> bool:
    # The name of a file that somebody else put there may be anything, even no text.
    return len(key) <= KEY_LENGTH and key.isprintable()


def _delete(keys: list[str]) -> int:
    ours = [key for key in keys if _fits_a_row(key)]
    Orphan.objects.doom(ours)
    return Orphan.objects.filter(key__in=ours).delete_files()


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
