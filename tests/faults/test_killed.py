"""Processes that are killed, at the worst moments and at random ones."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable
from random import Random

import pytest

from tests.faults.arena import Arena
from tests.faults.conftest import THOROUGH, Run
from tests.running import wait_until

Picture = Callable[..., bytes]
# The lease, a round of the supervisor's, and the work itself.
TAKEN_UP_AGAIN = 100 if THOROUGH else 60


@pytest.mark.parametrize("point", ["decode", "write.medium", "publish"])
def test_a_worker_killed_in_mid_work(point: str, run: Run, arena: Arena, picture: Picture) -> None:
    others = [arena.take_in(picture()) for _ in range(3)]
    arena.settle(30)
    arena.mark(point)
    arena.take_in(picture())
    process, parent = arena.reached(point)
    worker = parent if point == "decode" else process  # a decode is in a child of the worker

    os.kill(worker, signal.SIGKILL)
    arena.go_on(point)

    run.recovers(TAKEN_UP_AGAIN)
    assert all(arena.rows.photos()[photo_id].attempts == 1 for photo_id in others)


def test_a_cluster_killed_with_fifty_queued(run: Run, arena: Arena, picture: Picture, dice: Random) -> None:
    clusters = [arena.main_of(worker) for worker in arena.workers]
    with arena.paused_work():
        for _ in range(50):
            arena.take_in(picture())
    wait_until(lambda: arena.rows.unfinished() < 50, 60, 0.02)
    time.sleep(dice.random() / 4)

    assert arena.rows.unfinished(), "in the middle"
    for cluster in clusters:
        os.killpg(os.getsid(cluster), signal.SIGKILL)

    run.recovers(2 * TAKEN_UP_AGAIN)


def test_a_supervisor_killed_leaves_no_process_at_work(run: Run, arena: Arena, picture: Picture, dice: Random) -> None:
    worker = arena.workers[0]
    main = arena.main_of(worker)
    session = [pid for pid in arena.processes() if os.getsid(pid) == os.getsid(main)]
    arena.mark("write.medium")
    for _ in range(20):
        arena.take_in(picture())
    arena.reached("write.medium")
    arena.go_on("write.medium")

    worker.kill()
    worker.wait()

    wait_until(lambda: not set(session) & set(arena.processes()), 30)
    run.recovers(TAKEN_UP_AGAIN)


def test_a_web_server_killed_between_commit_and_enqueue(run: Run, arena: Arena, picture: Picture) -> None:
    before = len(arena.rows.photos())
    arena.mark("enqueue")
    with pytest.raises(Exception, match=r"."):
        arena.session.post(f"{arena.url}/api/v1/photos/", files={"file": ("x.jpg", picture())}, timeout=1)
    web, _ = arena.reached("enqueue")

    os.kill(web, signal.SIGKILL)
    arena.web.wait()
    arena.go_on("enqueue")

    assert len(arena.rows.photos()) == before + 1
    arena.start_web()
    run.recovers(90)


def test_anything_killed_at_random_moments(run: Run, arena: Arena, picture: Picture, dice: Random) -> None:
    for _ in range(3):
        for _ in range(4):
            arena.take_in(picture())
        # None for a moment, if both clusters have just died of the last one's death.
        os.kill(dice.choice(wait_until(lambda: arena.clusters() + arena.helpers(), 20)), signal.SIGKILL)
        time.sleep(dice.random())

    run.recovers(3 * TAKEN_UP_AGAIN)
