"""A worker whose way to the storage is broken leaves photos to those that can do them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from photos import tasks
from photos.breaker import CircuitBreaker
from photos.models import Photo
from photos.thumbnails import sweep
from tests.workbench import rings, work

PAUSE_SECONDS = 60


@pytest.fixture
def breaker(monkeypatch: pytest.MonkeyPatch) -> CircuitBreaker:
    breaker = CircuitBreaker(failures=2, pause_seconds=PAUSE_SECONDS)
    monkeypatch.setattr(tasks, "_STORAGE", breaker)
    monkeypatch.setattr(tasks, "YIELD_SECONDS", 0.0)
    return breaker


def pause_passes(breaker: CircuitBreaker) -> None:
    breaker._next_try_at -= PAUSE_SECONDS


def attempts() -> list[int]:
    return list(Photo.objects.order_by("pk").values_list("thumbnail_attempts", flat=True))


def test_it_opens_after_failures_in_a_row_and_closes_with_the_first_success() -> None:
    breaker = CircuitBreaker(failures=2, pause_seconds=PAUSE_SECONDS)
    breaker.record(worked=False)
    breaker.record(worked=True)
    breaker.record(worked=False)
    assert not breaker.is_open

    breaker.record(worked=False)
    assert breaker.is_open
    pause_passes(breaker)
    assert not breaker.is_open, "one try"
    breaker.record(worked=False)
    assert breaker.is_open
    pause_passes(breaker)
    breaker.record(worked=True)
    assert not breaker.is_open


def test_a_storage_that_does_not_work_uses_up_no_more_attempts_than_it_takes_to_see_that(
    take_in: Callable[..., Photo], media: Path, breaker: CircuitBreaker
) -> None:
    for _ in range(4):
        take_in()
    (media / "thumbnails").write_text("no folder")

    work()
    assert attempts() == [1, 1, 0, 0]
    assert (sweep().rung, rings()) == (2, 2), "for others, who may do better"
    work()
    assert attempts() == [1, 1, 0, 0]

    (media / "thumbnails").unlink()
    pause_passes(breaker)
    sweep()
    work()
    assert list(Photo.objects.order_by("pk").values_list("thumbnail_status", flat=True)[2:]) == ["complete"] * 2


def test_bad_pictures_say_nothing_about_the_storage(
    take_in: Callable[..., Photo], media: Path, breaker: CircuitBreaker
) -> None:
    for number in range(3):
        photo = take_in()
        (media / photo.original_path).write_bytes(b"garbage" * (number + 1))

    work()

    assert set(Photo.objects.values_list("thumbnail_status", flat=True)) == {"failed"}
    assert not breaker.is_open
