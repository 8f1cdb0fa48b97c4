"""Two at the same photo: a ring twice, a worker that comes back from the dead, people who are quicker than work."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from random import Random

import pytest
import requests

from tests import pictures
from tests.faults.arena import Arena, frozen
from tests.faults.clients import Clients
from tests.faults.conftest import THOROUGH, Run
from tests.running import ROOT, wait_until

Picture = Callable[..., bytes]
LEASE_SECONDS = 90 if THOROUGH else 6
# What it is given, and what the end of all its processes takes.
GRACE_SECONDS = (30 if THOROUGH else 8) + 10


def ring(arena: Arena, *photo_ids: str) -> None:
    """Ring as another web server would that knows of nobody else."""
    code = f"from uuid import UUID\nfrom photos import queue\nqueue.enqueue([UUID(id) for id in {photo_ids}])"
    command = [sys.executable, str(ROOT / "manage.py"), "shell", "-v0", "-c", code]
    subprocess.run(command, env=arena.environment, check=True, timeout=60)


def test_the_same_ring_delivered_several_times_at_once(run: Run, arena: Arena, picture: Picture) -> None:
    arena.mark("decode")
    photo_id = arena.take_in(picture())
    arena.reached("decode")

    ring(arena, *[photo_id] * 6)
    wait_until(lambda: arena.rings() == 0, 40)
    arena.go_on("decode")

    run.recovers(40)
    assert arena.rows.photos()[photo_id].attempts == 1


def test_a_ring_that_the_queue_repeats_since_the_work_takes_long(run: Run, arena: Arena, picture: Picture) -> None:
    if arena.on_servers:
        pytest.skip("Redis repeats no ring")
    arena.mark("decode")
    photo_id = arena.take_in(picture())
    arena.reached("decode")
    time.sleep(0.5)

    # As when django-q2's `retry` has passed.
    arena.rows.write("UPDATE django_q_ormq SET lock = '2001-01-01 00:00:00'")
    wait_until(lambda: arena.rings() == 0, 40)
    arena.go_on("decode")

    run.recovers(40)
    assert arena.rows.photos()[photo_id].attempts == 1


@pytest.mark.parametrize("point", ["write.medium", "publish"])
def test_a_worker_frozen_past_its_lease_and_thawed(point: str, run: Run, arena: Arena, picture: Picture) -> None:
    arena.mark(point)
    photo_id = arena.take_in(picture())
    process, _ = arena.reached(point)

    with frozen(process):
        arena.go_on(point)
        arena.settle(2 * LEASE_SECONDS + 30)

    run.recovers(40)
    row = arena.rows.photos()[photo_id]
    assert (row.status, row.attempts) == ("complete", 2)


def test_a_photo_deleted_in_mid_work(run: Run, arena: Arena, picture: Picture) -> None:
    for point in ("decode", "write.medium", "publish"):
        arena.mark(point)
        photo_id = arena.take_in(picture())
        arena.reached(point)

        assert arena.api("DELETE", f"photos/{photo_id}/").status_code == 204

        arena.deleted.add(photo_id)
        arena.go_on(point)
    run.recovers(40)


def test_retry_pressed_twice(run: Run, arena: Arena, dice: Random) -> None:
    damaged = pictures.truncated(pictures.jpeg(image=pictures.photo(64, 48, dice.randrange(2**32))))
    photo_id = arena.take_in(damaged)
    arena.may_fail.add(photo_id)
    arena.settle(40)

    def press(_: int) -> int:
        return requests.post(
            f"{arena.url}/api/v1/photos/{photo_id}/retry/", headers=dict(arena.session.headers), timeout=30
        ).status_code

    with ThreadPoolExecutor(4) as people:
        answers = sorted(people.map(press, range(4)))

    assert answers[0] == 202
    run.recovers(40)
    told = arena.rows.history()[photo_id]
    assert told.count("photo.retried") == answers.count(202)


def test_an_original_that_was_overwritten_with_garbage(run: Run, arena: Arena, picture: Picture) -> None:
    arena.stop_workers()
    photo_id = arena.take_in(picture())
    arena.overwrite(arena.rows.photos()[photo_id].original, b"garbage")
    arena.may_fail.add(photo_id)

    arena.restore(workers=2)

    run.recovers(30)
    row = arena.rows.photos()[photo_id]
    assert (row.status, row.attempts) == ("failed", 1)
    assert row.error_code in {"corrupt_image", "unsupported_format"}


def test_a_rolling_restart_under_steady_uploads(run: Run, arena: Arena, picture: Picture) -> None:
    """As behind a proxy: the new servers are there before the old ones are told to go, in the middle of requests."""
    old_web, old_workers = arena.web, arena.workers
    # A kept connection may end just as a request is sent by it; proxies know, and send it again.
    arena.session.headers["Connection"] = "close"

    with Clients(arena, picture, 4) as clients:
        arena.mark("upload")
        assert arena.reached("upload")[0] == old_web.pid
        arena.move()
        old_web.terminate()
        time.sleep(0.5)
        assert old_web.poll() is None, "it has a request to answer"
        arena.go_on("upload")
        assert old_web.wait(30) in {0, -signal.SIGTERM}
        arena.workers = []
        arena.restore(workers=2)
        for worker in old_workers:
            worker.terminate()
        assert [worker.wait(GRACE_SECONDS) for worker in old_workers] == [0, 0]

    assert {answer.status_code for answer in clients.answers} == {201}
    run.recovers(60)
