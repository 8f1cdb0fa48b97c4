"""What happens at the same time: real threads with connections of their own, on one database and one storage."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from django.core.files.base import ContentFile
from django.db import OperationalError

from photos import queue, storage, thumbnails, uploads
from photos.errors import StorageUnavailable
from photos.models import Orphan, Photo, PhotoEvent, ThumbnailStatus, Workspace
from photos.models.orphan import LAST_MINUTE
from tests import pictures
from tests.workbench import (
    Pause,
    backoff_passes,
    fails,
    history,
    lease_runs_out,
    lose_rings,
    orphans_fall_due,
    rings,
    together,
    work,
)

Files = Callable[[], set[str]]


def test_of_eight_claims_one_wins(photo: Photo) -> None:
    workers = [Photo.objects.get(pk=photo.pk) for _ in range(8)]

    won = together(*(worker.claim for worker in workers))

    assert sorted(won) == [False] * 7 + [True]
    winner = workers[won.index(True)]
    photo.refresh_from_db()
    assert (photo.thumbnail_run, photo.thumbnail_attempts) == (winner.thumbnail_run, 1)


def test_of_four_deliveries_of_one_task_one_makes_the_thumbnails(photo: Photo, stored_files: Files) -> None:
    made = together(*[partial(thumbnails.generate, photo.pk)] * 4)

    assert sorted(made) == ["", "", "", "complete"]
    photo.refresh_from_db()
    assert stored_files() == set(photo.files())
    assert history(photo) == ["photo.created", "photo.thumbnail_ready"]


def test_parallel_uploads_of_the_same_bytes_make_one_row_and_one_file(
    workspace: Workspace, stored_files: Files, monkeypatch: pytest.MonkeyPatch
) -> None:
    data, save = pictures.jpeg(), Pause(storage.save)
    monkeypatch.setattr(storage, "save", save)

    def upload() -> uploads.Ingested:
        return uploads.ingest(ContentFile(data, "a.jpg"), workspace)

    others: list[uploads.Ingested] = []
    slow = save.during(upload, lambda: others.append(upload()))

    photo = Photo.objects.get()
    assert (others, slow) == ([(photo, True)], (photo, False))
    assert stored_files() == {photo.original_path}
    assert not Orphan.objects.exists()
    assert history(photo) == ["photo.created"]


def test_a_late_run_is_fenced_off_and_leaves_no_file(
    photo: Photo, stored_files: Files, monkeypatch: pytest.MonkeyPatch
) -> None:
    first_file_written = Pause(storage.save_bytes)
    monkeypatch.setattr(storage, "save_bytes", first_file_written)
    winners: list[str] = []

    def another_worker_takes_over() -> None:
        lease_runs_out(photo)
        assert thumbnails.sweep().given_up == 1
        backoff_passes(photo)
        winners.append(thumbnails.generate(photo.pk))

    late = first_file_written.during(partial(thumbnails.generate, photo.pk), another_worker_takes_over)

    assert (winners, late) == (["complete"], "lost")
    photo.refresh_from_db()
    assert photo.thumbnail_status == ThumbnailStatus.COMPLETE
    assert len(photo.thumbnail_paths()) == 3
    assert stored_files() == set(photo.files())
    assert not Orphan.objects.exists()
    assert history(photo) == ["photo.created", "photo.attempt_failed", "photo.thumbnail_ready"]


def test_a_photo_deleted_while_its_thumbnails_are_written_leaves_nothing(
    photo: Photo, stored_files: Files, monkeypatch: pytest.MonkeyPatch
) -> None:
    first_file_written = Pause(storage.save_bytes)
    monkeypatch.setattr(storage, "save_bytes", first_file_written)

    made = first_file_written.during(partial(thumbnails.generate, photo.pk), Photo.objects.get().delete)

    assert made == "lost"
    assert not Photo.objects.exists()
    assert stored_files() == set()
    assert not Orphan.objects.exists()
    assert list(PhotoEvent.objects.values_list("type", flat=True)) == ["photo.created", "photo.deleted"]


def test_a_photo_deleted_while_its_original_is_read_is_not_rendered(
    photo: Photo, stored_files: Files, monkeypatch: pytest.MonkeyPatch
) -> None:
    read = Pause(storage.local_copy)
    rendered: list[Any] = []
    monkeypatch.setattr(storage, "local_copy", read)

    def render(job: Any, _: Any, **__: Any) -> Any:
        rendered.append(job)

    assert read.during(partial(thumbnails.generate, photo.pk, render), Photo.objects.get().delete) == "lost"

    assert not rendered
    assert stored_files() == set()


@pytest.mark.parametrize("delete", [lambda photo: photo.delete(), lambda photo: photo.workspace.delete()])
def test_a_photo_loaded_before_its_thumbnails_were_published_takes_them_along(
    photo: Photo, stored_files: Files, delete: Callable[[Photo], Any]
) -> None:
    assert not photo.thumbnail_paths()
    work()
    assert len(stored_files()) == 4

    delete(photo)
    thumbnails.sweep()

    assert not Photo.objects.exists()
    assert stored_files() == set()
    assert not Orphan.objects.exists()


def test_two_deletions_of_one_photo_are_told_of_once(photo: Photo, stored_files: Files) -> None:
    together(*(Photo.objects.get(pk=photo.pk).delete for _ in range(4)))

    assert history(photo) == ["photo.created", "photo.deleted"]
    assert stored_files() == set()


def test_a_sweep_does_not_ring_for_what_another_rang_for_meanwhile(
    take_in: Callable[..., Photo], monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(3):
        take_in()
    lose_rings()
    looked = Pause(queue.room)
    monkeypatch.setattr(queue, "room", looked)

    late = looked.during(thumbnails.sweep, thumbnails.sweep)

    assert (late.rung, rings()) == (0, 3)


def test_sweeps_at_the_same_time_ring_once(take_in: Callable[..., Photo]) -> None:
    for _ in range(6):
        take_in()
    lose_rings()

    reports = together(*[thumbnails.sweep] * 3)

    assert rings() == 6
    assert sum(report.rung for report in reports) == 6


def test_sweeps_at_the_same_time_release_a_lost_photo_once(photo: Photo) -> None:
    photo.claim()
    lease_runs_out(photo)

    reports = together(*[thumbnails.sweep] * 4)

    assert sum(report.given_up for report in reports) == 1
    assert history(photo) == ["photo.created", "photo.attempt_failed"]


def test_an_upload_slower_than_the_sweep_is_patient_is_refused_whole(
    workspace: Workspace, stored_files: Files, monkeypatch: pytest.MonkeyPatch
) -> None:
    save = Pause(storage.save)
    monkeypatch.setattr(storage, "save", save)

    def sweep_much_later() -> None:
        orphans_fall_due()
        assert thumbnails.sweep().deleted_files == 1

    with pytest.raises(StorageUnavailable):
        save.during(
            lambda: uploads.ingest(ContentFile(pictures.jpeg(), "a.jpg"), workspace),
            sweep_much_later,
        )

    assert not Photo.objects.exists()
    assert stored_files() == set()
    orphans_fall_due()
    thumbnails.sweep()
    assert not Orphan.objects.exists()


def test_a_file_is_not_adopted_in_its_last_minute(transactional_db: None) -> None:
    """Else a sweep could see it as due while its adoption is being committed."""
    from django.db.models.functions import Now

    with Orphan.objects.expected(["a key"]):
        Orphan.objects.update(delete_after=Now() + LAST_MINUTE / 2)
        with pytest.raises(StorageUnavailable):
            Orphan.objects.adopt(["a key"])
        Orphan.objects.update(delete_after=Now() + LAST_MINUTE * 2)
        Orphan.objects.adopt(["a key"])


def test_a_file_that_is_written_after_the_sweep_looked_for_it_is_not_left_behind(
    workspace: Workspace, stored_files: Files, monkeypatch: pytest.MonkeyPatch
) -> None:
    save = storage.save

    def late(*args: Any) -> None:
        orphans_fall_due()
        thumbnails.sweep()
        save(*args)

    monkeypatch.setattr(storage, "save", late)
    with pytest.raises(StorageUnavailable):
        uploads.ingest(ContentFile(pictures.jpeg(), "late.jpg"), workspace)

    orphans_fall_due()
    thumbnails.sweep()
    assert stored_files() == set()
    assert not Orphan.objects.exists()


def test_what_a_run_writes_after_it_was_given_up_and_its_files_looked_for_is_not_left_behind(
    photo: Photo, stored_files: Files, monkeypatch: pytest.MonkeyPatch
) -> None:
    save = storage.save_bytes

    def much_too_late(key: str, data: bytes) -> None:
        if "small" in key:
            lease_runs_out(photo)
            orphans_fall_due()
            thumbnails.sweep()
        save(key, data)

    with monkeypatch.context() as slow:
        slow.setattr(storage, "save_bytes", much_too_late)
        assert thumbnails.generate(photo.pk) != "complete"

    orphans_fall_due()
    thumbnails.sweep()
    work()
    assert stored_files() == set(Photo.objects.get().files())
    assert not Orphan.objects.exists()


def test_an_upload_whose_commit_is_not_heard_of_keeps_its_file(
    workspace: Workspace, stored_files: Files, monkeypatch: pytest.MonkeyPatch
) -> None:
    insert = uploads._insert

    def commit_and_lose_the_connection(photo: Photo) -> None:
        insert(photo)
        raise OperationalError

    monkeypatch.setattr(uploads, "_insert", commit_and_lose_the_connection)
    with pytest.raises(OperationalError):
        uploads.ingest(ContentFile(pictures.jpeg(), "a.jpg"), workspace)

    assert stored_files() == {Photo.objects.get().original_path}


def test_a_publication_whose_commit_is_not_heard_of_keeps_its_files(
    photo: Photo, stored_files: Files, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish = Photo.mark_complete

    def commit_and_lose_the_connection(*args: Any, **facts: Any) -> None:
        publish(*args, **facts)
        raise OperationalError

    monkeypatch.setattr(Photo, "mark_complete", commit_and_lose_the_connection)
    assert thumbnails.generate(photo.pk) != "complete"
    orphans_fall_due()
    thumbnails.sweep()

    photo.refresh_from_db()
    assert photo.thumbnail_status == ThumbnailStatus.COMPLETE
    assert len(stored_files()) == 4
    assert stored_files() == set(photo.files())


def test_files_may_come_while_their_neighbours_go(media: Path) -> None:
    """A folder goes with its last file; another file that was just about to enter it must not be lost."""

    def come_and_go(name: str) -> None:
        for number in range(1000):
            key = f"thumbnails/same/{name}{number}"
            storage.save_bytes(key, b"bytes")
            storage.delete(key)

    together(*(partial(come_and_go, name) for name in "ab"))

    assert [path.name for path in media.rglob("*")] == ["thumbnails"]


def test_a_regeneration_that_loses_keeps_the_files_published_before(photo: Photo, stored_files: Files) -> None:
    work()
    fails(photo)
    photo.refresh_from_db()
    photo.retry()
    before = stored_files()
    photo.claim()
    lease_runs_out(photo)
    thumbnails.sweep()

    assert stored_files() == before == set(photo.files())
