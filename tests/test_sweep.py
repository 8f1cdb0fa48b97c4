"""Whatever is left behind, the sweep finds it again, without anyone asking."""

from __future__ import annotations

import logging
import os
import shutil
import signal
import time
from collections.abc import Callable
from datetime import timedelta
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connection, connections
from django.db.models.functions import Now
from django_q.brokers.redis_broker import Redis
from django_q.conf import Conf
from redis.backoff import NoBackoff
from redis.retry import Retry

from photos import queue, storage, thumbnails
from photos.errors import WorkerLost
from photos.models import Orphan, Photo, ThumbnailStatus
from photos.thumbnails import SweepReport, sweep
from tests.running import wait_until
from tests.servers.process import free_port
from tests.workbench import (
    backoff_passes,
    completes,
    lease_runs_out,
    lose_rings,
    orphans_fall_due,
    rings,
    work,
)

Files = Callable[[], set[str]]


def rung_ago(photo: Photo, seconds: int) -> None:
    queue._broker().purge_queue()
    Photo.objects.filter(pk=photo.pk).update(thumbnail_rung_at=Now() - timedelta(seconds=seconds))


def test_nothing_left_behind_is_nothing_to_do(photo: Photo) -> None:
    work()
    assert sweep() == SweepReport(0, 0, 0, 0)


def test_a_pending_photo_that_no_queue_was_told_of_is_rung(photo: Photo) -> None:
    lose_rings()

    assert sweep() == SweepReport(given_up=0, rung=1, deleted_files=0, removed_photos=0)

    assert work() == 1
    photo.refresh_from_db()
    assert photo.thumbnail_status == ThumbnailStatus.COMPLETE


@pytest.mark.parametrize(("seconds", "rung"), [(50, 0), (70, 1)])
def test_a_photo_is_rung_again_a_minute_after_its_last_ring(photo: Photo, seconds: int, rung: int) -> None:
    rung_ago(photo, seconds)
    assert (sweep().rung, rings()) == (rung, rung)
    assert sweep().rung == 0


def test_a_photo_waiting_for_its_next_attempt_is_not_rung_before_it_is_due(photo: Photo) -> None:
    photo.claim()
    photo.release(WorkerLost("lost"))
    lose_rings()
    assert sweep().rung == 0

    backoff_passes(photo)
    assert sweep().rung == 1


@pytest.mark.parametrize("state", ["processing", "complete", "failed"])
def test_only_pending_photos_are_rung(photo: Photo, state: str) -> None:
    photo.claim()
    if state == "complete":
        completes(photo)
    if state == "failed":
        photo.mark_failed(WorkerLost("lost"))
    lose_rings()

    assert photo.thumbnail_status == state
    assert (sweep().rung, rings()) == (0, 0)


def test_a_photo_whose_lease_ran_out_is_tried_again_at_once_since_its_backoff_passed_meanwhile(photo: Photo) -> None:
    """Killed at its last sign of life, it is taken up within 90 s of lease and a round of 5 s."""
    photo.claim()
    assert sweep().given_up == 0
    lease_runs_out(photo)
    photo.refresh_from_db()
    last_sign_of_life = photo.thumbnail_lease_expires_at - timedelta(seconds=90)

    assert sweep() == SweepReport(given_up=1, rung=1, deleted_files=0, removed_photos=0)

    photo.refresh_from_db()
    assert (photo.thumbnail_status, photo.thumbnail_error_code) == ("pending", "worker_lost")
    assert photo.thumbnail_next_attempt_at - last_sign_of_life == timedelta(minutes=1)
    work()
    assert Photo.objects.get().thumbnail_status == ThumbnailStatus.COMPLETE


def test_a_photo_that_killed_all_its_workers_fails(photo: Photo) -> None:
    for _ in range(6):
        backoff_passes(photo)
        assert photo.claim()
        lease_runs_out(photo)
        assert sweep().given_up == 1

    photo.refresh_from_db()
    assert (photo.thumbnail_status, photo.thumbnail_error_code) == ("failed", "worker_lost")
    assert photo.thumbnail_error


def test_a_killed_workers_photo_is_taken_up_again(photo: Photo, stored_files: Files) -> None:
    connections.close_all()
    worker = os.fork()
    if worker == 0:
        try:
            thumbnails.generate(photo.pk, lambda *_, **__: time.sleep(60))  # type: ignore[arg-type]
        finally:
            os._exit(1)
    wait_until(lambda: Photo.objects.get().thumbnail_status == "processing", 10, 0.02)
    assert Photo.objects.get().thumbnail_attempts == 1, "counted before a byte is decoded"
    os.kill(worker, signal.SIGKILL)
    os.waitpid(worker, 0)
    lease_runs_out(photo)

    assert sweep().rung == 1
    work()

    photo.refresh_from_db()
    assert (photo.thumbnail_status, photo.thumbnail_attempts) == ("complete", 2)
    assert stored_files() == set(photo.files())


def test_files_that_were_announced_and_never_adopted_go_after_their_time(stored_files: Files, photo: Photo) -> None:
    """As a process leaves them that is killed between writing a file and naming it in a row."""
    forgotten = Orphan(key="originals/forgotten.jpg", delete_after=Now() + timedelta(minutes=59))
    forgotten.save()
    storage.save_bytes(forgotten.key, b"bytes")
    assert sweep().deleted_files == 0

    orphans_fall_due()
    assert sweep().deleted_files == 1

    assert stored_files() == {photo.original_path}
    assert not Orphan.objects.exists()


def test_photos_deleted_together_lose_their_files_with_the_next_sweep(
    take_in: Callable[..., Photo], stored_files: Files
) -> None:
    for _ in range(3):
        take_in()
    work()
    assert len(stored_files()) == 12

    Photo.objects.all().delete()

    assert sweep().deleted_files == 12
    assert stored_files() == set()


def test_a_file_that_could_not_be_deleted_is_found_again_and_keeps_no_other_from_its_turn(
    take_in: Callable[..., Photo], media: Path, stored_files: Files, caplog: pytest.LogCaptureFixture
) -> None:
    stubborn, others = take_in(), [take_in() for _ in range(3)]
    obstacle = media / stubborn.original_path
    obstacle.unlink()
    (obstacle / "in the way").mkdir(parents=True)

    stubborn.delete()
    assert "file not deleted, will try again" in caplog.messages
    orphans_fall_due()
    for other in others:
        Photo.objects.filter(pk=other.pk).delete()
    assert (sweep().deleted_files, sweep().deleted_files) == (0, 3)
    assert stored_files() == set()
    assert sweep().deleted_files == 0, "not again at once"

    shutil.rmtree(obstacle)
    storage.save_bytes(stubborn.original_path, b"back again")
    orphans_fall_due()
    assert sweep().deleted_files == 1
    assert stored_files() == set()


def test_a_deletion_that_is_rolled_back_keeps_row_and_files(photo: Photo, stored_files: Files) -> None:
    from django.db import transaction

    with pytest.raises(KeyError), transaction.atomic():
        Photo.objects.get(pk=photo.pk).delete()
        raise KeyError

    sweep()
    assert stored_files() == {Photo.objects.get().original_path}
    assert not Orphan.objects.exists()


def test_the_queue_is_a_short_window_over_the_backlog(
    take_in: Callable[..., Photo], settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.WORKERS = 1
    monkeypatch.setattr(queue, "RINGS_PER_WORKER", 2)
    photos = [take_in() for _ in range(5)]
    assert rings() == 2, "uploads keep to the window too"
    lose_rings()

    rung: list[Photo] = []
    while sweep().rung:
        assert rings() == min(2, 5 - len(rung))
        assert sweep().rung == 0, "full"
        waiting = Photo.objects.filter(thumbnail_status="pending", thumbnail_rung_at__isnull=False)
        rung += waiting.order_by("pk")
        work()

    assert rung == photos, "the longest waiting first"
    assert not Photo.objects.exclude(thumbnail_status="complete").exists()


def test_an_upload_succeeds_without_its_queue_and_is_rung_later(
    take_in: Callable[..., Photo], caplog: pytest.LogCaptureFixture
) -> None:
    with pytest.MonkeyPatch.context() as outage:
        address = {"host": "127.0.0.1", "port": free_port(), "retry": Retry(NoBackoff(), 0)}
        outage.setattr(Conf, "REDIS", address)
        dead = Redis()  # type: ignore[no-untyped-call]
        outage.setattr(queue, "_broker", lambda: dead)
        photo = take_in()
        assert sweep().rung == 0
    assert photo.thumbnail_status == ThumbnailStatus.PENDING
    assert "queue unreachable, the sweep will ring later" in caplog.messages
    assert not [record for record in caplog.records if record.levelno >= logging.ERROR]

    assert sweep().rung == 1
    assert work() == 1


def test_a_queue_that_dies_in_the_middle_leaves_the_rest_to_the_next_sweep(
    take_in: Callable[..., Photo], monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(4):
        take_in()
    lose_rings()
    broker = queue._broker()
    enqueue = broker.enqueue

    def die_after_two(task: Any) -> Any:
        if rings() == 2:
            raise ConnectionError
        return enqueue(task)  # type: ignore[no-untyped-call]

    with monkeypatch.context() as outage:
        outage.setattr(broker, "enqueue", die_after_two)
        assert sweep().rung == 2

    assert sweep().rung == 2
    assert rings() == 4


def test_the_command_says_what_it_did(take_in: Callable[..., Photo]) -> None:
    lost, _, gone = take_in(), take_in(), take_in()
    lose_rings()
    lost.claim()
    lease_runs_out(lost)
    Photo.objects.filter(pk=gone.pk).delete()
    said = StringIO()

    call_command("sweep", stdout=said)

    assert said.getvalue() == "1 taken from lost workers, 2 queued, 0 photos removed, 1 files deleted\n"


@pytest.mark.parametrize(("name", "index"), [("to_ring", "photo_waiting"), ("abandoned", "photo_held")])
def test_a_sweep_looks_only_at_unfinished_photos(photo: Photo, name: str, index: str) -> None:
    rows = getattr(Photo.objects, name)()[:500]
    if connection.vendor == "sqlite":
        assert index in rows.explain()
