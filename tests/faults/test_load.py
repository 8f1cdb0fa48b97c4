"""Many uploads at once: nobody is refused, nothing is locked, and all of them get their thumbnails."""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.faults.arena import Arena
from tests.faults.clients import ANSWER_SECONDS, new_client
from tests.faults.conftest import THOROUGH, Run

pytestmark = pytest.mark.timeout(900 if THOROUGH else 180)

CLIENTS = 20
UPLOADS = 500 if THOROUGH else 150
RECOVERY_SECONDS = 300


def test_five_hundred_uploads_from_twenty_clients_at_once(
    run: Run,
    arena: Arena,
    picture: Callable[..., bytes],
    request: pytest.FixtureRequest,
    capsys: pytest.CaptureFixture[str],
) -> None:
    files = [picture(64, 48) for _ in range(UPLOADS)]
    logged = arena.log.stat().st_size

    def upload(mine: list[bytes]) -> list[int]:
        statuses = []
        with new_client(arena) as client:
            for data in mine:
                answer = client.post(
                    f"{arena.url}/api/v1/photos/", files={"file": ("photo.jpg", data)}, timeout=ANSWER_SECONDS
                )
                statuses.append(answer.status_code)
                if answer.ok:
                    arena.accepted.append(answer.json()["id"])
        return statuses

    began = time.monotonic()
    with ThreadPoolExecutor(CLIENTS) as people:
        statuses = [
            status for some in people.map(upload, [files[i::CLIENTS] for i in range(CLIENTS)]) for status in some
        ]
    uploaded = time.monotonic()

    assert set(statuses) == {201}
    assert len(set(arena.accepted)) == UPLOADS
    arena.settle(RECOVERY_SECONDS)
    completed = time.monotonic()
    run.recovers(RECOVERY_SECONDS)
    verified = time.monotonic()
    log = arena.log.read_bytes()[logged:].decode()
    assert "database is locked" not in log
    assert "Traceback" not in log
    rate, took = UPLOADS / (uploaded - began), completed - began
    with capsys.disabled():
        request.config.get_terminal_writer().line(
            f"\n{run.setup}: {UPLOADS} uploads, {rate:.0f} a second, all complete after {took:.0f} s {verified - completed}"
        )
