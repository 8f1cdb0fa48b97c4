"""What the supervisor does with rings that may be lost; its processes have fault runs of their own."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.db import OperationalError
from django.db.models.functions import Now
from django_q.brokers.redis_broker import Redis
from django_q.conf import Conf
from redis.backoff import NoBackoff
from redis.retry import Retry

from photos import queue, watchdog, worker
from photos.errors import WorkerLost
from photos.models import Photo, Worker
from photos.models.lifecycle import LEASE
from tests.servers.process import free_port
from tests.workbench import rings


class HealthyCluster:
    """One that runs; which processes it has doesn't matter here."""

    is_running = True

    def has(self, pid: int) -> bool:
        return True


def crash(*_: Any, **__: Any) -> None:
    raise OperationalError


@pytest.fixture
def supervisor(db: None) -> worker.Supervisor:
    supervisor = worker.Supervisor()
    supervisor._cluster = HealthyCluster()  # type: ignore[assignment]
    return supervisor


@pytest.fixture
def rung(photo: Photo) -> Photo:
    """A photo that the queue was told of, and of which it holds nothing any more."""
    queue._broker().purge_queue()
    Photo.objects.filter(pk=photo.pk).update(thumbnail_rung_at=Now())
    return photo


def test_a_round_does_not_repeat_rings_without_cause(supervisor: worker.Supervisor, rung: Photo) -> None:
    for _ in range(2):
        assert supervisor._round().rung == 0


def test_after_an_outage_of_the_database_photos_are_rung_for_at_once(
    supervisor: worker.Supervisor, rung: Photo, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as outage:
        outage.setattr(Worker.objects, "beat", crash)
        with pytest.raises(OperationalError):
            supervisor._round()

    assert supervisor._round().rung == 1
    assert rings() == 1
    assert supervisor._round().rung == 0


def test_after_an_outage_of_the_queue_photos_are_rung_for_at_once(
    supervisor: worker.Supervisor, rung: Photo, take_in: Callable[..., Photo], monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as outage:
        outage.setattr(Conf, "REDIS", {"host": "127.0.0.1", "port": free_port(), "retry": Retry(NoBackoff(), 0)})
        dead = Redis()  # type: ignore[no-untyped-call]
        outage.setattr(queue, "_broker", lambda: dead)
        assert supervisor._round().rung == 0

    assert supervisor._round().rung == 1
    assert supervisor._round().rung == 0


@pytest.fixture
def silent(transactional_db: None, settings: Any, monkeypatch: pytest.MonkeyPatch) -> watchdog.Watchdog:
    """What looks at a cluster of two processes that has taken up nothing for long."""
    settings.WORKERS, settings.WORKER_NAME = 2, "mine"
    Worker.objects.beat("mine", processes=2, replaced_clusters=0)
    Worker.objects.update(cluster_seen_at=Now() - 2 * watchdog.SILENCE)
    monkeypatch.setattr(watchdog, "START_SECONDS", 0.0)
    return watchdog.Watchdog("mine")


@pytest.mark.parametrize(("at_work", "hangs"), [(0, True), (1, True), (2, False)])
def test_a_silent_cluster_hangs_unless_all_its_processes_are_at_work(
    at_work: int, hangs: bool, take_in: Callable[..., Photo], silent: watchdog.Watchdog
) -> None:
    for _ in range(at_work):
        assert take_in().claim()

    assert silent.hangs() == hangs


def test_processes_that_renew_their_leases_no_more_are_not_at_work(
    take_in: Callable[..., Photo], silent: watchdog.Watchdog
) -> None:
    for _ in range(2):
        assert take_in().claim()
    Photo.objects.update(thumbnail_lease_expires_at=Now() + LEASE / 2)

    assert silent.hangs()


def test_silence_counts_anew_after_each_sign_of_work(take_in: Callable[..., Photo], silent: watchdog.Watchdog) -> None:
    photos = [take_in() for _ in range(2)]
    assert all(photo.claim() for photo in photos)
    assert not silent.hangs()

    photos[0].mark_failed(WorkerLost("lost"))

    assert not silent.hangs(), "it was at work a moment ago"


def test_a_cluster_is_trusted_from_its_start_and_after_an_outage(
    silent: watchdog.Watchdog, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert silent.hangs()
    silent.be_patient()
    assert not silent.hangs()
    monkeypatch.setattr(watchdog, "START_SECONDS", 30.0)
    assert not watchdog.Watchdog("mine").hangs()


def test_where_no_row_can_be_written_no_cluster_is_replaced(
    supervisor: worker.Supervisor, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nor may a beat be: its silence tells nothing."""
    supervisor._watchdog._trusted_until = 0.0
    Worker.objects.beat(supervisor.name, processes=2, replaced_clusters=0)
    Worker.objects.update(cluster_seen_at=Now() - 2 * watchdog.SILENCE)

    with monkeypatch.context() as outage:
        outage.setattr(Worker.objects, "beat", crash)
        with pytest.raises(OperationalError):
            supervisor._round()
    supervisor._round()

    assert Worker.objects.get().replaced_clusters == 0
