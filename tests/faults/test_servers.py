"""Servers that crash, hang or refuse while photos come, and a worker that has another time than they."""

from __future__ import annotations

import contextlib
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from random import Random

import pytest

from tests import servers
from tests.faults.arena import Arena
from tests.faults.clients import Clients
from tests.faults.conftest import SETUPS, THOROUGH, Run
from tests.running import wait_until
from tests.servers.faults import Fault, FaultyProxy, every
from tests.servers.process import MissingServer, Server, ServerProcess

Picture = Callable[..., bytes]

pytestmark = [
    pytest.mark.parametrize("setup", SETUPS[1:], indirect=True, scope="module"),
    pytest.mark.timeout(900 if THOROUGH else 240),
]

OUTAGE_SECONDS = 30 if THOROUGH else 4
HANG_SECONDS = 60 if THOROUGH else 8
# In an outage a photo may use up some of its attempts: after it comes the pause that follows on the last of them, or
# the minute after which a lost ring is repeated.
RECOVERY_SECONDS = 600 if THOROUGH else 100
SERVED_AGAIN_SECONDS = 20


@contextlib.contextmanager
def down(server: Server, number: int | None = None) -> Iterator[None]:
    """End a server by a signal (its own, if none), and start it again."""
    server.stop(number)
    try:
        yield
    finally:
        server.start()


@contextlib.contextmanager
def hanging(process: ServerProcess) -> Iterator[None]:
    """As a machine that hangs: it takes connections and bytes, and answers nothing; later it goes on with them."""
    process.signal(signal.SIGSTOP)
    try:
        yield
    finally:
        process.signal(signal.SIGCONT)


def all_complete(arena: Arena) -> bool:
    """Every accepted photo has its thumbnails: an outage as short as these uses up nobody's attempts."""
    photos = arena.rows.photos()
    return all(photos[photo_id].status == "complete" for photo_id in arena.accepted)


def test_the_queue_down_while_photos_come(run: Run, arena: Arena, picture: Picture, dice: Random) -> None:
    """Redis comes back empty: it keeps nothing on disk."""
    with Clients(arena, picture) as clients:
        time.sleep(dice.random())
        with down(servers.redis()):
            time.sleep(OUTAGE_SECONDS)
        clients.are_served_again(SERVED_AGAIN_SECONDS)

    assert not clients.refused()
    run.recovers(RECOVERY_SECONDS)
    assert all_complete(arena)


def test_the_queue_hanging_while_photos_come(run: Run, arena: Arena, picture: Picture, dice: Random) -> None:
    with Clients(arena, picture) as clients:
        time.sleep(dice.random())
        with hanging(servers.redis().processes[0]):
            time.sleep(HANG_SECONDS)
        clients.are_served_again(SERVED_AGAIN_SECONDS)

    assert not clients.refused()
    run.recovers(RECOVERY_SECONDS)
    assert all_complete(arena)


def test_the_database_crashed_while_photos_come(run: Run, arena: Arena, picture: Picture, dice: Random) -> None:
    with Clients(arena, picture) as clients:
        for _ in range(3 if THOROUGH else 1):
            time.sleep(1 + dice.random())
            with down(servers.postgresql(), signal.SIGQUIT):
                time.sleep(2 + dice.random() * OUTAGE_SECONDS / 2)
            clients.are_served_again(SERVED_AGAIN_SECONDS)

    assert set(clients.refused()) == {"internal_error"}
    run.recovers(RECOVERY_SECONDS)
    assert all_complete(arena)


def test_s3_answers_503_from_some_put_on(
    run: Run, arena: Arena, s3: FaultyProxy, picture: Picture, dice: Random
) -> None:
    first = dice.randint(1, 24)
    s3.behave(every(Fault.UNAVAILABLE, "PUT", first=first, last=first + 11))
    with Clients(arena, picture) as clients:
        wait_until(lambda: s3.requests("PUT") > first + 11, RECOVERY_SECONDS)

    assert set(clients.refused()) <= {"storage_unavailable"}
    run.recovers(RECOVERY_SECONDS)
    assert all_complete(arena)


def test_s3_hanging_while_photos_come(run: Run, arena: Arena, s3: FaultyProxy, picture: Picture, dice: Random) -> None:
    with Clients(arena, picture) as clients:
        time.sleep(1 + dice.random())
        with hanging(servers.swift().proxy):
            time.sleep(HANG_SECONDS)
        clients.are_served_again(2 * SERVED_AGAIN_SECONDS)

    assert set(clients.refused()) <= {"storage_unavailable"}
    # What was sent to it meanwhile it does now, if anybody waits for that or not.
    wait_until(lambda: s3.under_way == 0, 30)
    run.recovers(RECOVERY_SECONDS)
    assert all_complete(arena)


def test_s3_refusing_connections_while_photos_come(
    run: Run, arena: Arena, s3: FaultyProxy, picture: Picture, dice: Random
) -> None:
    with Clients(arena, picture) as clients:
        time.sleep(1 + dice.random())
        s3.stop()
        time.sleep(OUTAGE_SECONDS)
        s3.start()
        clients.are_served_again(SERVED_AGAIN_SECONDS)

    assert set(clients.refused()) == {"storage_unavailable"}
    run.recovers(RECOVERY_SECONDS)
    assert all_complete(arena)


def test_s3_deleting_nothing(run: Run, arena: Arena, s3: FaultyProxy, picture: Picture, dice: Random) -> None:
    photo_ids = [arena.take_in(picture()) for _ in range(6)]
    arena.settle(RECOVERY_SECONDS)
    s3.behave(every(dice.choice([Fault.UNAVAILABLE, Fault.LOST]), "DELETE"))
    doomed = dice.sample(photo_ids, 3)
    photos = arena.rows.photos()
    keys = {key for photo_id in doomed for key in (photos[photo_id].original, *photos[photo_id].thumbnails)}

    for photo_id in doomed:
        assert arena.api("DELETE", f"photos/{photo_id}/").status_code == 204
        assert arena.api("GET", f"photos/{photo_id}/").status_code == 404
    arena.deleted |= set(doomed)
    assert keys <= arena.rows.orphans() | (keys - arena.stored_keys())

    s3.behave()
    run.recovers(RECOVERY_SECONDS)


def lying_clock() -> str:
    """The library that lies about the time; alone, since its command would be a process in between."""
    if shutil.which("faketime") is None:
        raise MissingServer("faketime is missing: install Debian's faketime.")
    told = subprocess.run(
        ["faketime", "-f", "+0", "printenv", "LD_PRELOAD"], capture_output=True, text=True, check=True
    )
    return told.stdout.strip()


def test_the_clock_of_one_worker_an_hour_off(run: Run, arena: Arena, picture: Picture, dice: Random) -> None:
    """Leases are not lost by it, as they go by the database's clock; but S3 takes no signature of another hour."""
    offset = dice.choice(["+1h", "-1h"])
    lies = {"LD_PRELOAD": servers.or_skip(lying_clock), "FAKETIME": offset, "FAKETIME_DONT_FAKE_MONOTONIC": "1"}
    right = arena.workers.pop()
    right.terminate()
    right.wait()
    off = arena.start_worker(WORKER_NAME="off", **lies)

    def it_works() -> bool:
        arena.take_in(picture())
        return any(worker.startswith("off:") for worker in arena.rows.attempt_workers()[ended:])

    ended = len(arena.rows.attempt_workers())
    wait_until(it_works, 90, every=0.3)

    # Each of its processes sees after two photos that it can do none, and leaves them to others, but for one now and then.
    run.recovers(RECOVERY_SECONDS)
    assert all_complete(arena)
    off.terminate()
    off.wait(60)  # with what status means nothing: sleeping until a moment fails under a faked clock
