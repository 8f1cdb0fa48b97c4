"""Rows, files and queue held against each other: what doesn't fit is found, and mended if that is asked for."""

from __future__ import annotations

import io
import os
import time
import tracemalloc
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from django.core.files.storage import default_storage
from django.core.management import CommandError, call_command
from django.db.models.functions import Now

from photos import custom, reconcile, storage, strays
from photos.errors import StorageUnavailable
from photos.findings import GRACE, Kind, Report
from photos.models import CustomThumbnail, Orphan, Photo, ThrottleWindow
from photos.models.ids import uuid7
from photos.patience import Patience
from photos.sandbox import OWN
from photos.sizes import CustomBox
from tests.running import wait_until
from tests.workbench import Pause, completes, fails, lease_runs_out, lose_rings, orphans_fall_due, row, work

Files = Callable[[], set[str]]
Complete = Callable[..., Photo]

# None at all: S3 tells an age in whole seconds, and may round up.
NO_GRACE = timedelta(seconds=-2)
A_STRAY = f"originals/{UUID(int=7)}.jpg"


@pytest.fixture(autouse=True)
def real_rows(transactional_db: None) -> None:
    """Every test here has rows, with real commits."""


def look(*, fix: bool = False, grace: timedelta = NO_GRACE) -> Report:
    return reconcile.reconcile(fix=fix, grace=grace)


def told(*arguments: str) -> tuple[str, int]:
    """What the command says, and its exit status."""
    said, status = io.StringIO(), 0
    try:
        call_command("reconcile", *arguments, stdout=said)
    except SystemExit as ended:
        status = int(str(ended.code))
    return said.getvalue(), status


@pytest.fixture
def complete(take_in_complete: Complete) -> Photo:
    """A photo with its thumbnails."""
    return take_in_complete()


@pytest.fixture
def custom_thumbnail(complete: Photo) -> CustomThumbnail:
    """A thumbnail in a box of a client's own."""
    return custom.find_or_make(complete, CustomBox(40, None), OWN, Patience(1))


def test_where_all_fits_nothing_is_found_and_nothing_changes(
    complete: Photo, custom_thumbnail: CustomThumbnail, failed_photo: Photo, stored_files: Files
) -> None:
    before = stored_files(), row(complete), row(failed_photo)

    report = look(fix=True)

    assert (report.found.total(), report.all_fits) == (0, True)
    assert (stored_files(), row(complete), row(failed_photo)) == before


STRAYS = (
    A_STRAY,
    "originals/not one of ours.txt",
    f"thumbnails/{UUID(int=7)}/{UUID(int=8)}/small.webp",
    "thumbnails/loose",
    "thumbnails/deep/er/and/deeper/file",
)


@pytest.mark.parametrize("key", STRAYS)
def test_a_file_that_no_row_names_is_found_and_deleted_only_with_fix(
    key: str, complete: Photo, stored_files: Files
) -> None:
    storage.save_bytes(key, b"bytes")

    report = look()
    assert report.found == {Kind.UNNAMED: 1}
    assert report.examples[Kind.UNNAMED] == [key]
    assert not report.all_fits
    assert key in stored_files()

    report = look(fix=True)
    assert (report.mended, report.all_fits) == ({Kind.UNNAMED: 1}, True)
    assert stored_files() == set(complete.files())
    assert not Orphan.objects.exists()
    assert look().all_fits


def test_a_thumbnail_of_a_run_that_is_long_over_is_found_beside_the_published_ones(
    complete: Photo, stored_files: Files
) -> None:
    storage.save_bytes(storage.thumbnail_key(complete.pk, uuid7(), "small", "webp"), b"bytes")

    assert look(fix=True).mended == {Kind.UNNAMED: 1}

    assert stored_files() == set(complete.files())


def test_a_file_elsewhere_in_the_storage_is_nobodys_business_here(stored_files: Files) -> None:
    storage.save_bytes("backups/rows.sql", b"bytes")

    assert look(fix=True).all_fits

    assert stored_files() == {"backups/rows.sql"}


def test_a_file_that_is_written_down_as_nobodys_is_accounted_for(stored_files: Files) -> None:
    storage.save_bytes(A_STRAY, b"bytes")
    Orphan.objects.create(key=A_STRAY, delete_after=Now() + timedelta(minutes=59))

    assert look(fix=True).all_fits

    assert stored_files() == {A_STRAY}


def test_a_file_younger_than_the_grace_period_is_left_alone(stored_files: Files) -> None:
    storage.save_bytes(A_STRAY, b"bytes")

    assert look(fix=True, grace=timedelta(minutes=1)).all_fits

    assert stored_files() == {A_STRAY}


def test_a_files_age_is_what_the_storage_says(media: Path, stored_files: Files) -> None:
    storage.save_bytes(A_STRAY, b"bytes")
    a_day_ago = time.time() - 86_400
    os.utime(media / A_STRAY, (a_day_ago - 60, a_day_ago - 60))
    young = f"originals/{UUID(int=9)}.jpg"
    storage.save_bytes(young, b"bytes")
    os.utime(media / young, (a_day_ago + 60, a_day_ago + 60))

    assert look(fix=True, grace=GRACE).mended == {Kind.UNNAMED: 1}

    assert stored_files() == {young}


def test_a_name_that_no_row_can_hold_is_told_and_left_to_people(media: Path, stored_files: Files) -> None:
    if not os.path.supports_unicode_filenames:
        (media / "originals").mkdir(parents=True)
        with open(os.fsencode(media / "originals") + b"/\xff.jpg", "wb") as odd:  # noqa: PTH123 - no text names it
            odd.write(b"bytes")
    storage.save_bytes("originals/" + "x" * 230, b"bytes")

    report = look(fix=True)

    assert (report.found, report.mended) == ({Kind.UNNAMED: 2}, {})
    assert len(stored_files()) == 2
    assert "originals/\\udcff.jpg" in told("--grace-hours=0")[0]


def test_a_missing_original_is_told_and_nobody_can_mend_it(complete: Photo) -> None:
    storage.delete(complete.original_path)
    before = row(complete)

    for _ in range(2):
        report = look(fix=True)
        assert (report.found, report.mended) == ({Kind.ORIGINAL_GONE: 1}, {})
        assert report.examples[Kind.ORIGINAL_GONE] == [complete.original_path]
    assert row(complete) == before, "its thumbnails are as good as ever"


@pytest.mark.parametrize("size", ["small", "medium", "large"])
def test_a_missing_thumbnail_is_made_again(complete: Photo, size: str, stored_files: Files) -> None:
    stored = complete.stored_thumbnail(size)
    assert stored is not None
    storage.delete(stored.path)
    before = row(complete)

    assert look().found == {Kind.THUMBNAIL_GONE: 1}
    assert row(complete) == before

    assert look(fix=True).mended == {Kind.THUMBNAIL_GONE: 1}
    work()
    complete.refresh_from_db()
    assert complete.thumbnail_status == "complete"
    assert stored.path not in complete.files()
    orphans_fall_due()
    call_command("sweep", stdout=io.StringIO())
    assert stored_files() == set(complete.files())
    assert look().all_fits


def test_several_missing_thumbnails_of_one_photo_are_one_finding(complete: Photo) -> None:
    for path in complete.thumbnail_paths():
        storage.delete(path)
    assert look().found == {Kind.THUMBNAIL_GONE: 1}


def test_thumbnails_that_can_not_be_made_again_are_left_as_they_are(complete: Photo) -> None:
    """Without its original the photo would lose the thumbnails that it still has."""
    storage.delete(complete.original_path)
    storage.delete(complete.thumbnail_paths()[0])
    before = row(complete)

    report = look(fix=True)

    assert (report.found, report.mended) == ({Kind.ORIGINAL_GONE: 1, Kind.THUMBNAIL_GONE: 1}, {})
    assert row(complete) == before


def test_a_photo_in_work_is_not_missed_its_old_thumbnails(complete: Photo) -> None:
    for path in complete.thumbnail_paths():
        storage.delete(path)
    complete.regenerate()
    assert look().all_fits
    complete.claim()
    assert look().all_fits


def test_a_failed_photo_that_lost_its_old_thumbnails_is_told_and_waits_for_its_retry(complete: Photo) -> None:
    storage.delete(complete.thumbnail_paths()[0])
    fails(complete)

    report = look(fix=True)

    assert (report.found, report.mended) == ({Kind.THUMBNAIL_GONE: 1}, {})
    assert row(complete)["thumbnail_status"] == "failed"


def test_a_missing_custom_thumbnail_is_forgotten_and_made_again_when_asked_for(
    complete: Photo, custom_thumbnail: CustomThumbnail
) -> None:
    storage.delete(custom_thumbnail.path)

    assert look().found == {Kind.CUSTOM_GONE: 1}
    assert CustomThumbnail.objects.exists()

    assert look(fix=True).mended == {Kind.CUSTOM_GONE: 1}
    assert not CustomThumbnail.objects.exists()
    custom.find_or_make(complete, CustomBox(40, None), OWN, Patience(1))
    assert look().all_fits


def due_for(photo: Photo, time_past: timedelta) -> None:
    Photo.objects.filter(pk=photo.pk).update(thumbnail_next_attempt_at=Now() - time_past)


def test_a_pending_photo_that_no_queue_knows_of_is_found_and_rung(photo: Photo) -> None:
    lose_rings()
    assert look().all_fits, "the sweep has a while for it"
    due_for(photo, timedelta(minutes=11))

    report = look()
    assert (report.found, report.examples[Kind.UNRUNG]) == ({Kind.UNRUNG: 1}, [str(photo.pk)])
    assert look(fix=True).mended == {Kind.UNRUNG: 1}

    assert look().all_fits
    assert work() == 1


def test_a_backlog_that_the_queue_has_no_room_for_is_nothing_wrong(photo: Photo, settings: Any) -> None:
    due_for(photo, timedelta(minutes=11))
    Photo.objects.update(thumbnail_rung_at=None)
    settings.WORKERS = 0
    assert look().all_fits


def test_a_photo_whose_worker_is_long_lost_is_found_and_taken_up(photo: Photo) -> None:
    photo.claim()
    lease_runs_out(photo)
    assert look().all_fits, "the sweep has a while for it"
    Photo.objects.update(thumbnail_lease_expires_at=Now() - timedelta(minutes=11))

    assert look().found == {Kind.LOST: 1}
    assert look(fix=True).mended == {Kind.LOST: 1}

    assert row(photo)["thumbnail_status"] == "pending"
    assert look().all_fits


def test_a_file_that_is_just_being_taken_in_is_not_harmed(
    take_in: Callable[..., Photo], monkeypatch: pytest.MonkeyPatch, stored_files: Files
) -> None:
    written = Pause(storage.save)
    monkeypatch.setattr(storage, "save", written)

    photo = written.during(take_in, lambda: look(fix=True))

    assert stored_files() == {photo.original_path}


def test_thumbnails_that_are_just_being_published_are_not_harmed(
    photo: Photo, monkeypatch: pytest.MonkeyPatch, stored_files: Files
) -> None:
    written = Pause(storage.save_bytes)
    monkeypatch.setattr(storage, "save_bytes", written)

    assert written.during(work, lambda: look(fix=True)) == 1

    photo.refresh_from_db()
    assert photo.thumbnail_status == "complete"
    assert stored_files() == set(photo.files())


def test_a_row_that_comes_between_the_two_looks_is_seen(
    take_in: Callable[..., Photo], monkeypatch: pytest.MonkeyPatch, stored_files: Files
) -> None:
    """The files of the page were listed before; what names them now is asked for after."""
    take_in()
    listed = Pause(storage.stored_files)
    monkeypatch.setattr(storage, "stored_files", listed)

    report = listed.during(lambda: look(fix=True), lambda: (take_in(), work()))

    assert report.all_fits
    assert len(stored_files()) == 8


def test_a_photo_that_is_deleted_between_the_two_looks_has_lost_nothing(
    complete: Photo, monkeypatch: pytest.MonkeyPatch
) -> None:
    missing = storage.missing

    def deleted_first(keys: Any) -> set[str]:
        Photo.objects.all().first() and complete.delete()
        return missing(keys)

    monkeypatch.setattr(storage, "missing", deleted_first)
    assert look(fix=True).all_fits


def test_thumbnails_that_are_replaced_between_the_two_looks_are_not_missed(
    complete: Photo, monkeypatch: pytest.MonkeyPatch
) -> None:
    missing = storage.missing

    def replaced_first(keys: Any) -> set[str]:
        if complete.regenerate():
            work()
            orphans_fall_due()
            call_command("sweep", stdout=io.StringIO())
        return missing(keys)

    monkeypatch.setattr(storage, "missing", replaced_first)
    assert look(fix=True).all_fits


def test_many_are_gone_through_page_by_page(
    take_in: Callable[..., Photo], monkeypatch: pytest.MonkeyPatch, stored_files: Files
) -> None:
    for module in (reconcile, strays):
        monkeypatch.setattr(module, "PAGE", 2)
    monkeypatch.setattr("photos.s3.PAGE", 3)
    photos = [take_in() for _ in range(5)]
    work()
    for photo in photos:
        photo.refresh_from_db()
    unnamed = {f"originals/{UUID(int=n)}.jpg" for n in range(5)} | {f"thumbnails/{UUID(int=n)}/x" for n in range(5)}
    for key in unnamed:
        storage.save_bytes(key, b"bytes")
    for photo in photos[1:3]:
        storage.delete(photo.thumbnail_paths()[1])
    storage.delete(photos[4].original_path)

    expected = {Kind.UNNAMED: 10, Kind.THUMBNAIL_GONE: 2, Kind.ORIGINAL_GONE: 1}
    assert look().found == expected
    report = look(fix=True)
    assert report.found == expected
    assert report.mended == {Kind.UNNAMED: 10, Kind.THUMBNAIL_GONE: 2}
    assert not unnamed & stored_files()


def test_examples_are_a_few_of_each_kind() -> None:
    for n in range(15):
        storage.save_bytes(f"originals/{n}", b"bytes")
    report = look()
    assert (report.found[Kind.UNNAMED], len(report.examples[Kind.UNNAMED])) == (15, 10)


def test_memory_does_not_grow_with_the_number_of_files(media: Path) -> None:
    def peak_bytes(files: int) -> int:
        for n in range(files):
            (media / f"originals/{UUID(int=n)}.jpg").touch()
        tracemalloc.start()
        try:
            assert look().found == {Kind.UNNAMED: files}
            return tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()

    (media / "originals").mkdir(parents=True)
    peak_bytes(1)  # what is made once, such as connections
    few = peak_bytes(2_000)
    assert peak_bytes(12_000) < few * 1.2


def test_what_is_missing_is_found_by_listing_not_by_asking_for_each(
    complete: Photo, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = []
    exists = type(default_storage._wrapped).exists  # type: ignore[attr-defined]
    monkeypatch.setattr(
        type(default_storage._wrapped),  # type: ignore[attr-defined]
        "exists",
        lambda self, name: (asked.append(name), exists(self, name))[1],
    )
    gone = [f"originals/{UUID(int=1)}.jpg", "thumbnails/z"]

    assert storage.missing([*complete.files(), *gone]) == set(gone)

    if settings.STORAGE == "s3":
        assert sorted(asked) == gone, "to be sure, since some services list late"


def test_the_command_says_what_it_found_and_fails_until_it_is_mended(complete: Photo) -> None:
    assert told("--grace-hours=0") == ("All fits.\n", 0)
    storage.save_bytes(A_STRAY, b"bytes")

    assert told() == ("All fits.\n", 0), "the grace period"
    text = wait_until(lambda: (found := told("--grace-hours=0"))[1] == 1 and found[0], 3)
    assert text == f"1 files that no row names\n    {A_STRAY}\nNothing was changed; --fix mends what can be mended.\n"

    assert told("--grace-hours=0", "--fix") == (f"1 files that no row names, 1 mended\n    {A_STRAY}\n", 0)
    assert told("--grace-hours=0") == ("All fits.\n", 0)


def test_what_can_not_be_mended_fails_with_fix_too(complete: Photo) -> None:
    storage.delete(complete.original_path)

    text, status = told("--fix")

    assert (text, status) == (f"1 photos whose original is gone, 0 mended\n    {complete.original_path}\n", 1)


@pytest.mark.parametrize("hours", ["-1", "soon", "nan"])
def test_a_grace_period_that_is_none_is_refused(hours: str) -> None:
    with pytest.raises(CommandError, match="--grace-hours"):
        call_command("reconcile", f"--grace-hours={hours}")


def test_a_storage_that_does_not_answer_is_one_plain_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise StorageUnavailable("The file storage does not work (OSError); try again later.")

    monkeypatch.setattr(storage, "stored_files", refuse)
    with pytest.raises(CommandError, match="does not work"):
        call_command("reconcile")


def test_progress_is_for_terminals(complete: Photo) -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    terminal, pipe = Terminal(), io.StringIO()
    call_command("reconcile", stdout=io.StringIO(), stderr=terminal)
    call_command("reconcile", stdout=io.StringIO(), stderr=pipe)

    assert "100%" in terminal.getvalue()
    assert pipe.getvalue() == ""


@pytest.fixture
def stray(media: Path) -> Callable[[str, int], str]:
    """Makes a file that no row names, so many hours old; answers its key."""

    def make(key: str, hours: int = 25) -> str:
        storage.save_bytes(key, b"bytes")
        then = time.time() - hours * 3600
        os.utime(media / key, (then, then))
        return key

    return make


def test_once_a_day_old_files_that_no_row_names_are_removed(
    stray: Callable[..., str], photo: Photo, stored_files: Files, caplog: pytest.LogCaptureFixture
) -> None:
    named = {photo.original_path}
    old, young = f"thumbnails/{photo.pk}/run/small.webp", f"thumbnails/{photo.pk}/run/large.webp"
    stray(old)
    stray(young, 23)

    with caplog.at_level("INFO", "photos"):
        strays.daily()

    assert stored_files() == named | {young}
    assert "files that no row names were found" in caplog.messages
    stray(old)
    strays.daily()
    assert old in stored_files(), "not twice a day"
    ThrottleWindow.objects.update(ends_at=Now() - timedelta(seconds=1))
    strays.daily()
    assert old not in stored_files()


def test_what_a_deleted_photo_left_is_removed_and_what_this_database_never_knew_is_not(
    stray: Callable[..., str], photo: Photo, stored_files: Files, caplog: pytest.LogCaptureFixture
) -> None:
    """A worker with the wrong database, or with an old one that was restored, would else delete what others need."""
    left = photo.original_path
    photo.delete()
    stray(left)
    unknown = {stray(A_STRAY), stray(f"thumbnails/{UUID(int=7)}/run/small.webp"), stray("originals/no photo's")}

    with caplog.at_level("INFO", "photos"):
        strays.daily()

    assert stored_files() == unknown
    told = next(record for record in caplog.records if record.msg == "files that no row names were found")
    assert (told.found, told.removed) == (4, 1)  # type: ignore[attr-defined]
    assert look().found == {Kind.UNNAMED: 3}
    assert look(fix=True, grace=timedelta(0)).all_fits, "who asks for it has looked"
    assert not stored_files()


def test_a_daily_run_that_the_storage_breaks_off_is_logged(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def refuse(*_: object) -> None:
        raise StorageUnavailable("The file storage does not work (OSError); try again later.")

    monkeypatch.setattr(storage, "stored_files", refuse)
    strays.daily()
    assert "the daily look for files that no row names was broken off" in caplog.messages


def test_published_files_that_never_were_are_found(photo: Photo) -> None:
    """As after a restore of a database that is newer than the files."""
    photo.claim()
    completes(photo)
    assert look().found == {Kind.THUMBNAIL_GONE: 1}
