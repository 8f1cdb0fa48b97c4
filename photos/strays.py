"""Files that no row names, and their removal."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import timedelta
from itertools import islice

from django.db.models import Q
from django.utils import timezone

from photos import storage
from photos.errors import StorageUnavailable
from photos.findings import GRACE, PAGE, Kind, Progress, Report
from photos.models import CustomThumbnail, Orphan, Photo, PhotoEvent, ThrottleWindow

logger = logging.getLogger(__name__)

# Of the columns for keys.
KEY_LENGTH = 200


def daily() -> None:
    """Remove files that no row names, at most once a day however many machines call it; logs what it did.

    Only of photos that this database knows, or knew: the originals of others may be the only ones, and this the wrong
    database, or an old one that was restored.
    """
    if ThrottleWindow.objects.admit("reconcile", 1, timedelta(days=1)) is not None:
        return
    report = Report()
    try:
        look(report, lambda _: None, GRACE, _of_known_photos)
    except StorageUnavailable as error:
        logger.warning("the daily look for files that no row names was broken off", extra={"error": str(error)})
    if found := report.found[Kind.UNNAMED]:
        facts = {"found": found, "removed": report.mended[Kind.UNNAMED], "examples": report.examples[Kind.UNNAMED]}
        logger.warning("files that no row names were found", extra=facts)


def _of_known_photos(keys: list[str]) -> list[str]:
    photos = {key: storage.photo_of(key) for key in keys}
    known = set(PhotoEvent.objects.filter(photo_id__in=set(photos.values())).values_list("photo_id", flat=True))
    return [key for key, photo_id in photos.items() if photo_id in known]


def look(report: Report, progress: Progress, grace: timedelta, to_delete: Callable[[list[str]], list[str]]) -> None:
    """Report the files that no row names and delete those among them that ``to_delete`` picks."""
    young = timezone.now() - grace
    for folder in storage.FOLDERS:
        files = storage.stored_files(folder)
        while page := list(islice(files, PAGE)):
            # Twice, as between two questions of one look a file may change hands.
            unnamed = _unnamed(_unnamed([file.key for file in page if file.modified_at <= young]))
            report.add(Kind.UNNAMED, unnamed, mended=_delete(to_delete(unnamed)))
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
