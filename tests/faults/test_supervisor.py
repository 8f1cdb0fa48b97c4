"""`runworker`: it ends in order, outlives its cluster, and finds out when that hangs."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import pictures
from tests.faults.arena import Arena
from tests.faults.conftest import SETUPS, THOROUGH
from tests.running import parent_of, wait_until


@pytest.fixture(params=SETUPS if THOROUGH else SETUPS[:1])
def arena(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Arena]:
    """A site with a web server, and no worker yet."""
    with Arena(tmp_path, request.param == "servers", WORKERS="1", DRAIN_SECONDS="1") as arena:
        arena.start_web()
        yield arena


def picture(number: int = 1) -> bytes:
    return pictures.jpeg(image=pictures.photo(64, 48, number))


def start_worker(arena: Arena) -> None:
    worker = arena.start_worker()
    wait_until(lambda: len(arena.clusters()) >= 5 and arena.main_of(worker), 40)


def test_work_that_waits_with_nobody_at_work_is_told(arena: Arena) -> None:
    assert arena.health()["status"] == "ok"

    arena.take_in(picture())

    told = arena.health()
    assert (told["status"], told["queue_depth"], told["workers"]) == ("stalled", 1, [])
    start_worker(arena)
    arena.settle(40)
    told = wait_until(lambda: arena.health()["workers"] and arena.health(), 10)
    assert (told["status"], told["queue_depth"], told["oldest_pending_seconds"]) == ("ok", 0, None)
    assert [worker["processes"] for worker in told["workers"]] == [1]


def test_after_its_grace_time_a_worker_hands_its_photos_back_and_leaves_nobody_behind(arena: Arena) -> None:
    start_worker(arena)
    arena.mark("write.medium")
    photo_id = arena.take_in(picture())
    arena.reached("write.medium")

    arena.workers[0].send_signal(signal.SIGTERM)

    assert arena.workers[0].wait(30) == 0
    assert arena.clusters() == []
    row = arena.rows.photos()[photo_id]
    assert (row.status, row.error_code, row.worker) == ("pending", "worker_lost", "")
    assert arena.health()["workers"] == []


def test_a_photo_of_a_killed_process_is_handed_back_long_before_its_lease_ends(arena: Arena) -> None:
    start_worker(arena)
    arena.mark("write.medium")
    photo_id = arena.take_in(picture())
    process, _ = arena.reached("write.medium")

    os.kill(process, signal.SIGKILL)

    wait_until(lambda: arena.rows.photos()[photo_id].status == "pending", 40)


def test_a_cluster_that_hangs_since_an_idle_process_of_its_was_killed_is_replaced_and_counted(arena: Arena) -> None:
    """Also when the queue is full, and nothing can be rung for again."""
    start_worker(arena)
    kill_idle(arena, arena.workers[0])

    for number in range(30):
        arena.take_in(picture(number))

    assert arena.settle(90) > 10, "it did hang"
    assert [worker["replaced_clusters"] for worker in arena.health()["workers"]] == [1]


def test_a_cluster_that_hangs_is_replaced_although_another_does_its_work(arena: Arena) -> None:
    start_worker(arena)
    arena.start_worker()
    wait_until(lambda: len(arena.health()["workers"]) == 2, 40)
    kill_idle(arena, arena.workers[0])

    def replaced() -> list[int]:
        arena.take_in(picture(next(numbers)))
        return sorted(worker["replaced_clusters"] for worker in arena.health()["workers"])

    numbers = iter(range(1000))
    wait_until(lambda: replaced() == [0, 1], 90, 1)
    arena.settle(40)


def test_a_cluster_that_hangs_is_replaced_although_one_of_its_processes_works_on(arena: Arena) -> None:
    arena.environment["WORKERS"] = "2"
    start_worker(arena)
    arena.mark("decode")
    photo_id = arena.take_in(picture())
    _, busy = arena.reached("decode")
    kill_idle(arena, arena.workers[0], busy)
    arena.take_in(picture(2))

    assert wait_until(lambda: [worker["replaced_clusters"] for worker in arena.health()["workers"]] == [1], 90)

    arena.go_on("decode")
    wait_until(lambda: arena.rows.unfinished() == 1, 40)
    row = arena.rows.photos()[photo_id]
    assert (row.status, row.error_code, row.attempts) == ("pending", "worker_lost", 1), "till its backoff has passed"


def kill_idle(arena: Arena, worker: subprocess.Popen[bytes], busy: int = 0) -> None:
    """Kill the one process of a cluster that waits for a task, while it holds the queue's lock; not the busy one."""
    sentinel = arena.sentinel_of(worker)
    time.sleep(1)  # it waits by now
    # The sentinel starts it before the two that fetch tasks and look after what came of them.
    os.kill(min(pid for pid in arena.clusters() if parent_of(pid) == sentinel and pid != busy), signal.SIGKILL)


def test_a_cluster_whose_keeper_is_stopped_is_replaced(arena: Arena) -> None:
    start_worker(arena)
    sentinel = arena.sentinel_of(arena.workers[0])
    children = [pid for pid in arena.clusters() if parent_of(pid) == sentinel]
    assert len(children) >= 3
    for pid in (sentinel, *children):
        os.kill(pid, signal.SIGSTOP)

    arena.take_in(picture())

    arena.settle(90)
    assert [worker["replaced_clusters"] for worker in arena.health()["workers"]] == [1]


def test_a_cluster_that_died_is_replaced_at_once(arena: Arena) -> None:
    start_worker(arena)
    os.killpg(os.getsid(arena.main_of(arena.workers[0])), signal.SIGKILL)

    arena.take_in(picture())

    arena.settle(40)
