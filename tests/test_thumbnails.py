"""From the upload's row to three published files, in one process."""

from __future__ import annotations

import io
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from django.core.files.storage import default_storage
from PIL import Image

from photos import engine, storage, thumbnails
from photos.errors import StorageUnavailable
from photos.models import Orphan, Photo, ThumbnailStatus
from photos.models.orphan import OrphanQuerySet
from photos.rendering import Renderer, RenderJob
from photos.sandbox import OWN
from tests import pictures
from tests.misbehaving import allocate, crash, misbehaving, pause
from tests.workbench import backoff_passes, fails, history, lose_rings, orphans_fall_due, rings, work


def test_an_upload_rings_the_queue_and_the_worker_publishes_three_files(
    take_in: Callable[..., Photo], stored_files: Callable[[], set[str]]
) -> None:
    photo = take_in(pictures.jpeg(1000, 500), "holiday.jpg")
    assert (photo.thumbnail_status, rings()) == (ThumbnailStatus.PENDING, 1)

    assert work() == 1

    photo.refresh_from_db()
    assert photo.thumbnail_status == ThumbnailStatus.COMPLETE
    assert stored_files() == set(photo.files())
    assert not Orphan.objects.exists()
    for size, expected in {"small": (150, 75), "medium": (400, 200), "large": (800, 400)}.items():
        stored = photo.stored_thumbnail(size)
        assert stored is not None
        with default_storage.open(stored.path) as file:
            data = file.read()
        assert Image.open(io.BytesIO(data)).size == expected == (stored.width, stored.height)
        assert len(data) == stored.bytes


def test_a_missing_original_is_tried_again_later(photo: Photo, media: Path) -> None:
    original = media / photo.original_path
    kept = original.read_bytes()
    original.unlink()

    assert thumbnails.generate(photo.pk) != "complete"

    photo.refresh_from_db()
    assert (photo.thumbnail_status, photo.thumbnail_error_code) == ("pending", "original_missing")
    assert photo.thumbnail_next_attempt_at > photo.updated_at
    assert thumbnails.generate(photo.pk) != "complete", "not before its time"
    original.parent.mkdir(exist_ok=True)
    original.write_bytes(kept)
    backoff_passes(photo)
    assert thumbnails.generate(photo.pk) == "complete"


def test_a_storage_that_fails_at_the_second_thumbnail_leaves_no_first(
    photo: Photo, stored_files: Callable[[], set[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    save, deletes = storage.save_bytes, storage.delete

    def fill_up(key: str, data: bytes) -> None:
        if key.endswith("medium.webp"):
            raise StorageUnavailable("The disk is full.")
        save(key, data)

    def fail(key: str) -> None:
        raise StorageUnavailable("The disk is away.")

    with monkeypatch.context() as outage:
        outage.setattr(storage, "save_bytes", fill_up)
        outage.setattr(storage, "delete", fail)
        assert thumbnails.generate(photo.pk) != "complete"
        assert len(stored_files()) == 2

    photo.refresh_from_db()
    assert (photo.thumbnail_status, photo.thumbnail_error_code) == ("pending", "storage_unavailable")
    assert not photo.thumbnail_paths()
    orphans_fall_due()
    thumbnails.sweep()
    assert stored_files() == {photo.original_path}
    assert storage.delete is deletes
    backoff_passes(photo)
    assert thumbnails.generate(photo.pk) == "complete"


def test_a_broken_picture_fails_at_once_and_is_not_tried_again(take_in: Callable[..., Photo]) -> None:
    photo = take_in(pictures.truncated(pictures.jpeg(600, 400)))

    assert work() == 1

    photo.refresh_from_db()
    assert (photo.thumbnail_status, photo.thumbnail_error_code) == (ThumbnailStatus.FAILED, "corrupt_image")
    assert photo.thumbnail_error
    assert photo.thumbnail_attempts == 1
    assert history(photo) == ["photo.created", "photo.thumbnail_failed"]
    lose_rings()
    assert thumbnails.sweep().rung == 0


@pytest.mark.parametrize(
    ("fault", "code"),
    [
        (misbehaving(pause, True), "timeout"),
        (misbehaving(allocate, 2**40), "out_of_memory"),
        (misbehaving(crash), "worker_lost"),
        (misbehaving(int, "a bug"), "internal_error"),
    ],
)
def test_whatever_happens_to_a_render_is_recorded_and_tried_again(
    photo: Photo, settings: Any, fault: Renderer, code: str
) -> None:
    settings.ATTEMPT_SECONDS = 0.3 if code == "timeout" else 20
    assert thumbnails.generate(photo.pk, fault) == code

    photo.refresh_from_db()
    assert (photo.thumbnail_status, photo.thumbnail_error_code) == ("pending", code)
    assert history(photo) == ["photo.created", "photo.attempt_failed"]
    settings.ATTEMPT_SECONDS = 20
    backoff_passes(photo)
    assert thumbnails.generate(photo.pk) == "complete"


def test_a_bug_between_row_and_pixels_is_recorded_too(
    photo: Photo, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(storage, "thumbnail_key", None)

    assert thumbnails.generate(photo.pk) != "complete"

    photo.refresh_from_db()
    assert (photo.thumbnail_status, photo.thumbnail_error_code) == ("pending", "internal_error")
    assert "TypeError" in caplog.text


def test_the_claim_is_kept_while_a_render_takes_long(photo: Photo, monkeypatch: pytest.MonkeyPatch) -> None:
    leases = []
    renew = Photo.renew_lease

    def renew_and_note(self: Photo) -> bool:
        leases.append(self.thumbnail_lease_expires_at)
        return renew(self)

    monkeypatch.setattr(thumbnails, "RENEWAL_SECONDS", 0.05)
    monkeypatch.setattr(Photo, "renew_lease", renew_and_note)

    def slow(job: RenderJob, original: Any, **beats: Any) -> engine.Rendering:
        misbehaving(time.sleep, 0.4)(job, original, **beats)
        return OWN(job, original, **beats)

    assert thumbnails.generate(photo.pk, slow) == "complete"
    assert len(set(leases)) == len(leases) >= 5


def test_a_run_that_lost_its_claim_stops_rendering(photo: Photo, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(thumbnails, "RENEWAL_SECONDS", 0.05)
    renewals = iter([True, True])
    monkeypatch.setattr(Photo, "renew_lease", lambda _: next(renewals, False))
    start = time.monotonic()

    assert thumbnails.generate(photo.pk, misbehaving(time.sleep, 60)) == "lost"

    assert time.monotonic() - start < 5
    assert history(photo) == ["photo.created"]


def test_an_attempt_is_one_line_in_the_log(photo: Photo, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level("INFO", "photos"):
        thumbnails.generate(photo.pk)

    [line] = [record.__dict__ for record in caplog.records if record.name.startswith("photos")]
    assert (line["photo"], line["outcome"]) == (photo.pk, "complete")
    assert line["run"]
    assert {"fetch_ms", "render_ms", "store_ms"} <= line.keys()


def test_a_task_for_a_photo_that_is_gone_or_done_is_nothing(photo: Photo) -> None:
    work()
    assert thumbnails.generate(photo.pk) != "complete"
    photo.delete()
    assert thumbnails.generate(uuid4()) != "complete"


def test_a_retry_rings_and_replaces_the_files(photo: Photo, stored_files: Callable[[], set[str]]) -> None:
    work()
    photo.refresh_from_db()
    before, address = photo.thumbnail_paths(), photo.thumbnail_url("small")
    fails(photo)
    complete = Photo.objects.get(pk=photo.pk)

    assert thumbnails.retry([complete, complete], by="edith") == 1
    assert work() == 1

    photo.refresh_from_db()
    assert photo.thumbnail_status == ThumbnailStatus.COMPLETE
    assert photo.thumbnail_url("small") != address
    assert set(before) < stored_files(), "until the sweep"
    assert thumbnails.sweep().deleted_files == 3
    assert stored_files() == set(photo.files())


def test_a_publication_that_fails_in_its_transaction_is_tried_again_for_its_true_reason(
    photo: Photo, monkeypatch: pytest.MonkeyPatch
) -> None:
    def too_late(*_: object) -> None:
        raise StorageUnavailable("The file storage took too long; try again.")

    monkeypatch.setattr(OrphanQuerySet, "adopt", too_late)
    work()

    photo.refresh_from_db()
    assert (photo.thumbnail_status, photo.thumbnail_error_code) == (ThumbnailStatus.PENDING, "storage_unavailable")
