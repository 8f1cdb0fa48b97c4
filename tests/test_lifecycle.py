"""The verbs that change a photo's state: who wins in which state, and what the row and its history say then."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest

from photos.errors import CorruptImage, StorageUnavailable, WorkerLost
from photos.models import Orphan, Photo, ThumbnailStatus
from photos.models.event import EventType, PhotoEvent, PhotoEventQuerySet
from tests.workbench import backoff_passes, completes, fails, history, lease_runs_out, row, work

PENDING, PROCESSING, COMPLETE, FAILED = ThumbnailStatus
WAITS = (60, 120, 240, 480, 960)


def other(photo: Photo) -> Photo:
    """The same photo, as another process has it."""
    return Photo.objects.get(pk=photo.pk)


def lose_to_another(photo: Photo) -> None:
    """Another run holds the photo, after this one lost it."""
    assert photo.claim()
    lease_runs_out(photo)
    assert other(photo).give_up(WorkerLost("lost"))
    backoff_passes(photo)
    assert other(photo).claim()


def claim_too_long(photo: Photo) -> None:
    """This run holds the photo, and has not renewed its lease in time."""
    assert photo.claim()
    lease_runs_out(photo)


STATES: dict[str, Callable[[Photo], Any]] = {
    "pending and due": lambda _: None,
    "pending, not yet due": lambda photo: photo.claim() and photo.release(StorageUnavailable("later")),
    "processing, own run": lambda photo: photo.claim(),
    "processing, own run, lease over": claim_too_long,
    "processing, another's run": lose_to_another,
    "complete": lambda photo: photo.claim() and completes(photo),
    "failed": lambda photo: photo.claim() and photo.mark_failed(CorruptImage("broken")),
}

VERBS: dict[str, Callable[[Photo], bool]] = {
    "claim": Photo.claim,
    "renew_lease": Photo.renew_lease,
    "mark_complete": completes,
    "mark_failed": lambda photo: photo.mark_failed(CorruptImage("broken")),
    "release": lambda photo: photo.release(StorageUnavailable("later")),
    "give_up": lambda photo: photo.give_up(WorkerLost("lost")),
    "retry": Photo.retry,
    "regenerate": Photo.regenerate,
    "hasten": Photo.hasten,
}

# Verb and state → the state after, and the event that tells of it. Whatever is not here changes nothing.
WINS: dict[tuple[str, str], tuple[ThumbnailStatus, EventType | None]] = {
    ("claim", "pending and due"): (PROCESSING, None),
    ("renew_lease", "processing, own run"): (PROCESSING, None),
    ("renew_lease", "processing, own run, lease over"): (PROCESSING, None),
    ("mark_complete", "processing, own run"): (COMPLETE, EventType.THUMBNAIL_READY),
    ("mark_complete", "processing, own run, lease over"): (COMPLETE, EventType.THUMBNAIL_READY),
    ("mark_failed", "processing, own run"): (FAILED, EventType.THUMBNAIL_FAILED),
    ("mark_failed", "processing, own run, lease over"): (FAILED, EventType.THUMBNAIL_FAILED),
    ("release", "processing, own run"): (PENDING, EventType.ATTEMPT_FAILED),
    ("release", "processing, own run, lease over"): (PENDING, EventType.ATTEMPT_FAILED),
    ("give_up", "processing, own run, lease over"): (PENDING, EventType.ATTEMPT_FAILED),
    ("retry", "failed"): (PENDING, EventType.RETRIED),
    ("regenerate", "complete"): (PENDING, EventType.RETRIED),
    ("hasten", "pending, not yet due"): (PENDING, None),
}


@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("verb", VERBS)
def test_a_verb_wins_in_its_states_and_changes_nothing_in_the_others(photo: Photo, verb: str, state: str) -> None:
    STATES[state](photo)
    before, told = row(photo), history(photo)

    won = VERBS[verb](photo)

    if (verb, state) in WINS:
        status, event = WINS[verb, state]
        assert won
        assert (row(photo)["thumbnail_status"], photo.thumbnail_status) == (status, status)
        assert history(photo) == [*told, *([event] if event else [])]
    else:
        assert not won
        assert row(photo) == before
        assert history(photo) == told
    assert not Orphan.objects.exists()


def test_a_verb_leaves_the_instance_as_the_row_is(photo: Photo) -> None:
    for step in (photo.claim, photo.renew_lease, lambda: completes(photo)):
        assert step()
        assert {field.attname: getattr(photo, field.attname) for field in Photo._meta.fields} == row(photo)


def test_a_claim_names_its_run_and_worker_and_counts_the_attempt(photo: Photo) -> None:
    photo.claim()

    claimed = other(photo)
    assert claimed.thumbnail_attempts == 1
    assert claimed.thumbnail_run
    assert claimed.thumbnail_worker
    assert claimed.thumbnail_claimed_at
    assert claimed.thumbnail_lease_expires_at
    assert claimed.thumbnail_lease_expires_at - claimed.thumbnail_claimed_at == timedelta(seconds=90)


def test_each_claim_is_a_new_run(photo: Photo) -> None:
    photo.claim()
    first = photo.thumbnail_run
    photo.release(StorageUnavailable("later"))
    backoff_passes(photo)

    assert photo.claim()
    assert photo.thumbnail_run != first


def test_a_renewed_lease_is_not_given_up(photo: Photo) -> None:
    photo.claim()
    lease_runs_out(photo)
    seen_by_sweep = other(photo)

    assert photo.renew_lease()

    assert not seen_by_sweep.give_up(WorkerLost("lost"))


@pytest.mark.parametrize("by_sweep", [False, True])
def test_a_passing_fault_is_tried_again_after_1_2_4_8_16_minutes_and_then_fails(photo: Photo, by_sweep: bool) -> None:
    def end_attempt() -> bool:
        assert photo.claim()
        if not by_sweep:
            return photo.release(WorkerLost("It died."))
        lease_runs_out(photo)
        return photo.give_up(WorkerLost("It died."))

    def last_sign_of_life() -> datetime:
        return photo.updated_at - (timedelta(seconds=91) if by_sweep else timedelta())

    for attempt, wait in enumerate(WAITS, 1):
        assert end_attempt()
        assert (photo.thumbnail_status, photo.thumbnail_attempts) == (PENDING, attempt)
        assert (photo.thumbnail_error_code, photo.thumbnail_error) == ("worker_lost", "It died.")
        late = photo.thumbnail_next_attempt_at - last_sign_of_life() - timedelta(seconds=wait)
        assert abs(late) < timedelta(seconds=1)
        assert photo.thumbnail_rung_at is None
        backoff_passes(photo)

    assert end_attempt()
    assert (photo.thumbnail_status, photo.thumbnail_attempts) == (FAILED, 6)
    assert (photo.thumbnail_error_code, photo.thumbnail_error) == ("worker_lost", "It died.")
    assert history(photo) == ["photo.created", *["photo.attempt_failed"] * 5, "photo.thumbnail_failed"]


def test_the_number_of_retries_is_a_setting(photo: Photo, settings: Any) -> None:
    settings.THUMBNAIL_RETRIES = 0
    photo.claim()
    assert photo.release(StorageUnavailable("later"))
    assert photo.thumbnail_status == FAILED


def test_an_attempts_event_tells_what_when_and_where(photo: Photo) -> None:
    photo.claim()
    started_at, worker = photo.thumbnail_claimed_at, photo.thumbnail_worker
    photo.mark_failed(CorruptImage("It is broken."))

    assert started_at is not None
    assert PhotoEvent.objects.get(photo_id=photo.pk, type=EventType.THUMBNAIL_FAILED).data == {
        "attempt": 1,
        "worker": worker,
        "started_at": started_at.isoformat(),
        "error_code": "corrupt_image",
        "error": "It is broken.",
        "kind": "",
        "version": "",
    }


@pytest.mark.parametrize(("verb", "state"), [key for key, (_, event) in WINS.items() if event])
def test_a_change_and_its_event_are_written_both_or_neither(
    photo: Photo, verb: str, state: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    STATES[state](photo)
    before, told = row(photo), history(photo)

    def disk_full(*_: Any, **__: Any) -> None:
        raise OSError

    monkeypatch.setattr(PhotoEventQuerySet, "record", disk_full)
    with pytest.raises(OSError):
        VERBS[verb](photo)

    assert row(photo) == before
    assert history(photo) == told
    assert not Orphan.objects.exists()


def test_success_after_a_failed_attempt_forgets_its_reason(photo: Photo) -> None:
    photo.claim()
    photo.release(StorageUnavailable("later"))
    backoff_passes(photo)
    photo.claim()

    assert completes(photo)
    assert (photo.thumbnail_error_code, photo.thumbnail_error) == ("", "")


def test_a_retry_starts_from_zero_at_once_and_keeps_what_was_published(
    photo: Photo, stored_files: Callable[[], set[str]]
) -> None:
    work()
    fails(photo)
    photo.refresh_from_db()
    published, version = photo.thumbnail_paths(), photo.thumbnail_version

    assert photo.retry(by="edith")

    assert (photo.thumbnail_attempts, photo.thumbnail_error_code, photo.thumbnail_error) == (0, "", "")
    assert (photo.thumbnail_paths(), photo.thumbnail_version) == (published, version)
    assert photo.thumbnail_url("small")
    assert set(published) <= stored_files()
    assert PhotoEvent.objects.get(photo_id=photo.pk, type=EventType.RETRIED).data == {"by": "edith"}
    assert photo.claim()


def test_new_files_replace_old_ones_also_when_the_instance_was_loaded_before_those_were_published(
    photo: Photo,
) -> None:
    early = other(photo)
    work()
    fails(photo)
    other(photo).retry()
    replaced = other(photo).thumbnail_paths()

    assert early.claim()
    assert completes(early)

    assert len(replaced) == 3
    assert set(Orphan.objects.due().values_list("key", flat=True)) == set(replaced)


def test_a_regeneration_starts_from_zero_and_keeps_what_was_published_until_there_is_better(
    photo: Photo, stored_files: Callable[[], set[str]]
) -> None:
    work()
    photo.refresh_from_db()
    published = photo.thumbnail_paths()

    assert photo.regenerate(by="edith")

    assert (photo.thumbnail_status, photo.thumbnail_attempts) == (PENDING, 0)
    assert photo.thumbnail_paths() == published
    assert set(published) <= stored_files()
    assert PhotoEvent.objects.get(photo_id=photo.pk, type=EventType.RETRIED).data == {"by": "edith"}
    assert photo.claim()
    assert completes(photo)
    assert set(Orphan.objects.due().values_list("key", flat=True)) == set(published)


def test_what_was_regenerated_since_it_was_loaded_is_not_regenerated_again(photo: Photo) -> None:
    work()
    early = other(photo)
    assert other(photo).regenerate()
    work_again = other(photo)
    assert work_again.claim()
    assert completes(work_again)

    assert not early.regenerate()

    assert other(photo).thumbnail_status == COMPLETE


def test_an_attempt_that_somebody_asked_for_uses_up_no_retry(photo: Photo, settings: Any) -> None:
    settings.THUMBNAIL_RETRIES = 1
    photo.claim()
    photo.release(StorageUnavailable("later"))
    assert not photo.claim()

    for _ in range(3):
        assert photo.hasten()
        assert photo.claim()
        assert photo.thumbnail_attempts == 1
        assert photo.release(StorageUnavailable("later"))
        assert photo.thumbnail_status == PENDING
    backoff_passes(photo)
    assert photo.claim()
    photo.release(StorageUnavailable("later"))
    assert photo.thumbnail_status == FAILED


@pytest.mark.parametrize("verb", ["renew_lease", "mark_complete", "mark_failed", "release", "give_up"])
@pytest.mark.parametrize("end", ["given up", "failed and retried", "gone"])
def test_a_late_run_changes_nothing(photo: Photo, verb: str, end: str, settings: Any) -> None:
    photo.claim()
    lease_runs_out(photo)
    late = other(photo)
    if end == "gone":
        other(photo).delete()
    else:
        settings.THUMBNAIL_RETRIES = 5 if end == "given up" else 0
        other(photo).give_up(WorkerLost("lost"))
        assert other(photo).retry() == (end == "failed and retried")
    before, told = Photo.objects.filter(pk=photo.pk).values().first(), history(photo)

    assert not VERBS[verb](late)

    assert Photo.objects.filter(pk=photo.pk).values().first() == before
    assert history(photo) == told


def test_saving_an_instance_never_undoes_what_a_worker_published(photo: Photo) -> None:
    early = other(photo)
    work()
    early.title = "A new title"
    early.save()

    saved = other(photo)
    assert (saved.title, saved.thumbnail_status) == ("A new title", COMPLETE)
    assert len(saved.thumbnail_paths()) == 3
    assert saved.updated_at > photo.updated_at
