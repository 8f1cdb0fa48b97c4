"""Many uploads at once: nobody is refused, nothing is locked, and all of them get their thumbnails."""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.faults.arena import Arena
from tests.faults.clients import ANSWER_SECONDS, new_client
from tests.faults.conftest import THOROUGH, Run

pytestmark = pytest.mark.timeout(1800 if THOROUGH else 300)

CLIENTS = 20
RECOVERY_SECONDS = 300


def test_uploads_from_twenty_clients_at_once(
    run: Run,
    arena: Arena,
    picture: Callable[..., bytes],
    request: pytest.FixtureRequest,
    capsys: pytest.CaptureFixture[str],
) -> None:
    # To look at each image afterwards takes S3 longer than the rest.
    count = 150 if arena.on_servers and not THOROUGH else 500
    files = [picture(64, 48) for _ in range(count)]
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
    assert len(set(arena.accepted)) == count
    took = uploaded - began + run.recovers(RECOVERY_SECONDS)
    log = arena.log.read_bytes()[logged:].decode()
    assert "database is locked" not in log
    assert "Traceback" not in log
    with capsys.disabled():
        request.config.get_terminal_writer().line(
            f"\n{run.setup}: {count} uploads, {count / (uploaded - began):.0f} a second,"
            f" all complete {took:.0f} s after the first began"
        )
