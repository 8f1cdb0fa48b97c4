"""Photos that nothing helps: they end with their reason after their retries, and delay nobody else."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest

from tests.faults.arena import Arena
from tests.faults.conftest import QUICK_TIMES, SETUPS, THOROUGH, Run
from tests.running import wait_until

# All retries take half an hour by the times of service.
TIMES = QUICK_TIMES
# A cluster's start, and one that loses a process now and then.
DELAY_SECONDS = 40


@pytest.mark.parametrize("setup", SETUPS if THOROUGH else SETUPS[:1], indirect=True, scope="module")
def test_photos_that_kill_their_worker_each_time_or_whose_original_is_gone(
    run: Run, arena: Arena, picture: Callable[..., bytes]
) -> None:
    arena.stop_workers()
    killer, lost = arena.take_in(picture()), arena.take_in(picture())
    arena.mark(f"attempt.{killer}")
    arena.may_fail |= {killer, lost}
    arena.overwrite(arena.rows.photos()[lost].original, None)
    arena.restore(workers=2)

    def unfinished() -> set[str]:
        return {row.id for row in arena.rows.photos().values() if row.status in {"pending", "processing"}}

    while unfinished():
        other = arena.take_in(picture())
        wait_until(lambda other=other: other not in unfinished(), DELAY_SECONDS)
        time.sleep(2)

    run.recovers(40)
    rows = arena.rows.photos()
    assert (rows[killer].error_code, rows[killer].attempts) == ("worker_lost", 6)
    assert (rows[lost].error_code, rows[lost].attempts) == ("original_missing", 6)
