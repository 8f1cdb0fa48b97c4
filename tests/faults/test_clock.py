"""A worker whose clock is wrong: who holds what, until when, is told by the database's clock alone."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable

import pytest

from tests.faults.arena import Arena
from tests.faults.conftest import THOROUGH, Run
from tests.running import wait_until
from tests.servers import or_skip
from tests.servers.process import MissingServer

pytestmark = pytest.mark.timeout(3000 if THOROUGH else 120)


def preloaded() -> str:
    """The library that lies about the time; alone, since its command would be a process in between."""
    if shutil.which("faketime") is None:
        raise MissingServer("faketime is missing: install Debian's faketime.")
    told = subprocess.run(
        ["faketime", "-f", "+0", "printenv", "LD_PRELOAD"], capture_output=True, text=True, check=True
    )
    return told.stdout.strip()


@pytest.mark.parametrize("offset", ["+1h", "-1h"])
def test_the_clock_of_one_worker_an_hour_off(
    offset: str, run: Run, arena: Arena, picture: Callable[..., bytes]
) -> None:
    lies = {"LD_PRELOAD": or_skip(preloaded), "FAKETIME": offset, "FAKETIME_DONT_FAKE_MONOTONIC": "1"}
    right = arena.workers.pop()
    right.terminate()
    right.wait()
    off = arena.start_worker(WORKER_NAME=offset, **lies)

    def it_works() -> bool:
        arena.take_in(picture())
        return any(worker.startswith(offset) for worker in arena.rows.attempt_workers())

    wait_until(it_works, 30, every=0.3)
    for _ in range(6):
        arena.take_in(picture())

    # S3 takes no signature of an hour ago or ahead: there this worker fails, and uses up attempts.
    run.recovers(2400 if arena.on_servers and THOROUGH else 60)

    photos = arena.rows.photos()
    errors = {photos[photo_id].error_code for photo_id in arena.accepted}
    assert errors <= ({"", "storage_unavailable"} if arena.on_servers else {""})
    off.terminate()
    assert off.wait(60) == 0
