"""Sizes of clients' own: of all who ask for one at the same time, one makes it, whatever happens to it."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from django.conf import settings
from django.db import connections
from django.db.models.functions import Now

from photos import custom, storage, thumbnails
from photos.errors import Conflict, OutOfMemory, PhotoError
from photos.models import CustomClaim, CustomThumbnail, Orphan, Photo
from photos.patience import Patience
from photos.renderpool import Busy
from photos.sandbox import OWN
from photos.sizes import CustomBox
from tests.workbench import Pause, pause_method, together

Stored = Callable[[], set[str]]
BOX = CustomBox(20, None)
NAME = f"20x.{settings.THUMBNAIL_RECIPE.custom_fingerprint}"


class CountedRenderer:
    """Renders as a worker does; counts how often, and lets something happen each time."""

    def __init__(self, meanwhile: Callable[[Callable[[], None]], object] = lambda _: None) -> None:
        self.count = 0
        self._meanwhile = meanwhile

    def __call__(self, job: Any, original: Any, *, heartbeat: Callable[[], None], every: float) -> Any:
        self.count += 1
        self._meanwhile(heartbeat)
        return OWN(job, original, heartbeat=heartbeat, every=every)


def ask(photo: Photo, renderer: Any, seconds: float = 20) -> CustomThumbnail | PhotoError:
    """What a request gets: the thumbnail or an error."""
    try:
        return custom.find_or_make(photo, BOX, renderer, Patience(seconds))
    except PhotoError as error:
        return error


def maker_falls_silent() -> None:
    """The time of the maker's lease passes without a renewal."""
    assert CustomClaim.objects.update(lease_expires_at=Now() - timedelta(seconds=1))


def assert_made_once(photo: Photo, stored_files: Stored, *answers: Any) -> None:
    row = CustomThumbnail.objects.get()
    assert list(answers) == [row] * len(answers)
    assert stored_files() == {photo.original_path, row.path}
    assert not CustomClaim.objects.exists()
    assert not Orphan.objects.exists()


def test_a_size_that_eight_ask_for_at_once_is_rendered_once(photo: Photo, stored_files: Stored) -> None:
    renderer = CountedRenderer(lambda _: time.sleep(0.3))

    answers = together(*[partial(ask, photo, renderer)] * 8)

    assert renderer.count == 1
    assert_made_once(photo, stored_files, *answers)


def test_who_waits_looks_without_haste(photo: Photo) -> None:
    assert CustomClaim.objects.take(photo, NAME)
    begin, busy = time.monotonic(), time.thread_time()

    assert isinstance(ask(photo, CountedRenderer(), seconds=1), Busy)

    assert 1 <= time.monotonic() - begin < 2
    assert time.thread_time() - busy < 0.3


def test_if_the_maker_fails_one_of_those_who_wait_makes_it(photo: Photo, stored_files: Stored) -> None:
    def fail_the_first_time(_: object) -> None:
        if renderer.count == 1:
            time.sleep(0.3)
            raise OutOfMemory("Too little.")

    renderer = CountedRenderer(fail_the_first_time)

    answers = together(*[partial(ask, photo, renderer)] * 3)

    [error] = [answer for answer in answers if isinstance(answer, OutOfMemory)]
    answers.remove(error)
    assert renderer.count == 2
    assert_made_once(photo, stored_files, *answers)


def test_a_maker_that_died_is_replaced_when_its_lease_runs_out(photo: Photo, stored_files: Stored) -> None:
    assert CustomClaim.objects.take(photo, NAME)
    renderer = CountedRenderer()
    assert isinstance(ask(photo, renderer, seconds=0), Busy)
    maker_falls_silent()

    answers = together(*[partial(ask, photo, renderer)] * 4)

    assert renderer.count == 1
    assert_made_once(photo, stored_files, *answers)


def test_a_maker_that_is_late_while_it_writes_leaves_the_other_ones_file(
    photo: Photo, stored_files: Stored, monkeypatch: pytest.MonkeyPatch
) -> None:
    saved = Pause(storage.save_bytes)
    monkeypatch.setattr(storage, "save_bytes", saved)
    renderer, others = CountedRenderer(), []

    def another_takes_over() -> None:
        maker_falls_silent()
        others.append(ask(photo, renderer))

    late = saved.during(partial(ask, photo, renderer), another_takes_over)

    assert renderer.count == 2
    assert_made_once(photo, stored_files, late, *others)


def test_a_maker_that_is_late_while_it_renders_stops(photo: Photo, stored_files: Stored) -> None:
    winner, others = CountedRenderer(), []

    def another_takes_over(heartbeat: Callable[[], None]) -> None:
        heartbeat()
        maker_falls_silent()
        others.append(ask(photo, winner))
        heartbeat()
        pytest.fail("it should have been told")

    late = ask(photo, CountedRenderer(another_takes_over))

    assert_made_once(photo, stored_files, late, *others)


def test_a_claim_is_kept_as_long_as_its_maker_shows_signs_of_life(photo: Photo, stored_files: Stored) -> None:
    def renew(heartbeat: Callable[[], None]) -> None:
        maker_falls_silent()
        heartbeat()
        assert isinstance(ask(photo, CountedRenderer(), seconds=0), Busy)

    assert_made_once(photo, stored_files, ask(photo, CountedRenderer(renew)))


def test_a_maker_that_finishes_between_look_and_claim_is_heeded(
    photo: Photo, stored_files: Stored, monkeypatch: pytest.MonkeyPatch
) -> None:
    renderer, others, take = CountedRenderer(), [], CustomClaim.objects.take

    def take_after_another_has_finished(*args: Any) -> Any:
        monkeypatch.undo()
        others.append(ask(photo, renderer))
        return take(*args)

    monkeypatch.setattr(CustomClaim.objects, "take", take_after_another_has_finished)

    slow = ask(photo, renderer)

    assert renderer.count == 1
    assert_made_once(photo, stored_files, slow, *others)


def test_who_waits_for_a_photo_that_is_deleted_is_told(photo: Photo) -> None:
    assert CustomClaim.objects.take(photo, NAME)
    Photo.objects.get().delete()

    assert isinstance(ask(photo, CountedRenderer()), Conflict)


def test_a_deletion_at_the_moment_of_publication_leaves_nothing(
    photo: Photo, stored_files: Stored, monkeypatch: pytest.MonkeyPatch
) -> None:
    ending = pause_method(monkeypatch, CustomClaim, "end")

    def delete() -> None:
        Photo.objects.get().delete()
        connections.close_all()

    deletion = threading.Thread(target=delete)

    def deletion_begins() -> None:
        deletion.start()
        deletion.join(0.5)

    made = ending.during(partial(ask, photo, CountedRenderer()), deletion_begins)
    deletion.join()
    thumbnails.sweep()

    assert isinstance(made, CustomThumbnail)
    assert stored_files() == set()
    assert not CustomThumbnail.objects.exists()
    assert not CustomClaim.objects.exists()
    assert not Orphan.objects.exists()
