"""Doing in this process what the cluster and the clock would do."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any, TypeVar, cast

import pytest
from django.apps import apps
from django.db import connections, transaction
from django.db.models import DateTimeField, F
from django.db.models.functions import Now
from django_q.signing import SignedPackage

from photos import queue, tasks
from photos.models import Orphan, Photo, PhotoEvent, ThumbnailStatus
from photos.models.stored import StoredThumbnail
from photos.sizes import PRESETS

T = TypeVar("T")


def rings() -> int:
    """How many rings the queue holds."""
    return int(queue._broker().queue_size())


def work(carry_out: Callable[[str], object] = tasks.generate_thumbnails) -> int:
    """Run every ring in the queue, as the queue's task unless told otherwise; answers how many there were."""
    broker, done = queue._broker(), 0
    while rings():
        for ring_id, package in broker.dequeue() or ():
            task = cast(dict[str, Any], SignedPackage.loads(package))
            if task["func"] == queue.BEAT:
                continue
            assert task["func"] == "photos.tasks.generate_thumbnails"
            carry_out(*task["args"])
            broker.acknowledge(ring_id)
            done += 1
    return done


def lose_rings() -> None:
    """The queue forgets everything, as after a crash of its machine, and long ago."""
    queue._broker().purge_queue()
    Photo.objects.update(thumbnail_rung_at=None)


def lease_runs_out(photo: Photo) -> None:
    """The time of the photo's lease passes without a renewal."""
    Photo.objects.filter(pk=photo.pk).update(thumbnail_lease_expires_at=Now() - timedelta(seconds=1))


def backoff_passes(photo: Photo) -> None:
    """The photo's next attempt is due."""
    Photo.objects.filter(pk=photo.pk).update(thumbnail_next_attempt_at=Now() - timedelta(seconds=1))


def orphans_fall_due() -> None:
    """The time of all files that no row names is over."""
    Orphan.objects.update(delete_after=Now() - timedelta(seconds=1))


def time_passes(seconds: float) -> None:
    """All moments in all rows lie so much further back."""
    with transaction.atomic():
        for model in apps.get_app_config("photos").get_models():
            moments = [field.name for field in model._meta.fields if isinstance(field, DateTimeField)]
            if moments:
                rows = model._base_manager.all()
                rows.update(**{moment: F(moment) - timedelta(seconds=seconds) for moment in moments})


def fails(photo: Photo) -> None:
    """The photo has failed in the meantime, as a regeneration may; what was published stays."""
    reason = {"thumbnail_error_code": "timeout", "thumbnail_error": "It took too long."}
    columns = {"thumbnail_status": ThumbnailStatus.FAILED, "thumbnail_next_attempt_at": None}
    Photo.objects.filter(pk=photo.pk).update(**columns, **reason)


def completes(photo: Photo, folder: str = "run") -> bool:
    """`mark_complete` as a run that wrote its three files would call it."""
    files = {size: StoredThumbnail(f"thumbnails/{photo.pk}/{folder}/{size}.webp", 4, 3, 7) for size in PRESETS}
    with Orphan.objects.expected(file.path for file in files.values()):
        return photo.mark_complete(files, thumbnail_recipe="a recipe", placeholder="a placeholder")


def row(photo: Photo) -> dict[str, Any]:
    """All columns of the photo, as the database has them."""
    return dict(Photo.objects.filter(pk=photo.pk).values().get())


def history(photo: Photo) -> list[str]:
    """The types of the photo's events, oldest first."""
    return list(PhotoEvent.objects.filter(photo_id=photo.pk).values_list("type", flat=True))


def together(*jobs: Callable[[], T]) -> list[T]:
    """Run jobs in threads that start at the same moment, each with its own connections; their results in order."""
    start = threading.Barrier(len(jobs))

    def run(job: Callable[[], T]) -> T:
        try:
            start.wait()
            return job()
        finally:
            connections.close_all()

    with ThreadPoolExecutor(len(jobs)) as threads:
        return list(threads.map(run, jobs))


class Pause:
    """A function, wrapped so that its first call stops after its work until told to go on."""

    def __init__(self, function: Callable[..., Any]) -> None:
        self.function = function
        self.reached, self.go_on = threading.Event(), threading.Event()

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        first = not self.reached.is_set()
        result = self.function(*args, **kwargs)
        if first:
            self.reached.set()
            assert self.go_on.wait(20)
        return result

    def during(self, paused: Callable[[], T], meanwhile: Callable[[], object]) -> T:
        """Run a job up to the pause, do something else, let the job go on; answers the job's result."""

        def interrupt() -> object:
            try:
                assert self.reached.wait(20)
                return meanwhile()
            finally:
                self.go_on.set()

        jobs: tuple[Callable[[], Any], ...] = (paused, interrupt)
        result: T = together(*jobs)[0]
        return result


def pause_method(monkeypatch: pytest.MonkeyPatch, kind: type, name: str) -> Pause:
    """As Pause, for a method of all instances of a class."""
    pause = Pause(getattr(kind, name))

    def method(*args: Any, **options: Any) -> Any:
        return pause(*args, **options)

    monkeypatch.setattr(kind, name, method)
    return pause
