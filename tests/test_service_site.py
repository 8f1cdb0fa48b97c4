"""The synchronous service on a running site: what a busy or a dying renderer means for the web process."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import requests

from tests import pictures
from tests.running import RunningSite, parent_of, wait_until

MEMORY_BYTES = 64 * 2**20


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningSite]:
    """One renderer, with little memory: too little for 36 megapixels."""
    folder = tmp_path_factory.mktemp("site")
    with RunningSite(folder, RENDERS="1", RENDER_MEMORY_BYTES=str(MEMORY_BYTES)) as running:
        yield running


def send(site: RunningSite, data: bytes, *, at: str = "", **fields: Any) -> requests.Response:
    """The answer of the site's web process, or of the one at another address."""
    files, headers = {"file": ("photo.png", data)}, {"Authorization": str(site.session.headers["Authorization"])}
    return requests.post(f"{at or site.url}/api/v1/thumbnails/", files=files, data=fields, headers=headers, timeout=60)


def renderers(site: RunningSite) -> list[int]:
    return [pid for pid in site.helpers() if parent_of(pid) == site.web_pid()]


def peak_bytes(pid: int) -> int:
    status = Path(f"/proc/{pid}/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0]) * 1024


@pytest.fixture
def stopped_renderer(site: RunningSite) -> Iterator[int]:
    """The pid of the web process's renderer, which stands still."""
    assert send(site, pictures.png(31, 30)).status_code == 201
    [pid] = renderers(site)
    os.kill(pid, signal.SIGSTOP)
    yield pid
    if pid in renderers(site):
        os.kill(pid, signal.SIGCONT)


def test_while_the_renderer_is_busy_more_is_refused_quickly_and_not_stored(
    site: RunningSite, stopped_renderer: int
) -> None:
    before = len(site.stored_keys())
    with ThreadPoolExecutor(1) as other:
        slow = other.submit(send, site, pictures.png(300, 200), preset="large")
        wait_until(lambda: len(site.stored_keys()) > before, 10)
        stored = site.stored_keys()

        begin = time.monotonic()
        refused = send(site, pictures.png(301, 201))
        seconds = time.monotonic() - begin

        assert (refused.status_code, refused.json()["error"]["code"]) == (503, "busy")
        assert int(refused.headers["Retry-After"]) > 0
        assert seconds < 2
        assert site.stored_keys() == stored
        os.kill(stopped_renderer, signal.SIGCONT)
        assert slow.result().status_code == 201
    assert send(site, pictures.png(301, 201)).status_code == 201


def test_a_size_that_two_web_processes_are_asked_for_is_made_once(site: RunningSite, stopped_renderer: int) -> None:
    data, before = pictures.png(307, 207), len(site.stored_keys())
    with site.another_web() as other, ThreadPoolExecutor(2) as clients:
        assert send(site, pictures.png(31, 30), at=other).status_code == 201, "it has a renderer at hand"
        maker = clients.submit(send, site, data, width=50)
        wait_until(lambda: len(site.stored_keys()) > before, 10)
        time.sleep(0.5)
        waiting = clients.submit(send, site, data, at=other, width=50)
        with pytest.raises(TimeoutError):
            waiting.result(1.5)
        os.kill(stopped_renderer, signal.SIGCONT)
        answers = [maker.result(), waiting.result()]

    assert [answer.status_code for answer in answers] == [201, 201]
    [mine], [same] = (answer.json()["results"][0]["thumbnails"] for answer in answers)
    assert same["id"] == mine["id"]
    assert len([key for key in site.stored_keys() if key.endswith("/50x34.webp")]) == 1


def test_a_renderer_that_dies_is_an_error_of_the_file_and_the_next_file_gets_another(
    site: RunningSite, stopped_renderer: int
) -> None:
    [web] = site.pids("runweb")
    before = len(site.stored_keys())
    with ThreadPoolExecutor(1) as other:
        doomed = other.submit(send, site, pictures.png(302, 202))
        wait_until(lambda: len(site.stored_keys()) > before, 10)
        time.sleep(0.5)
        os.kill(stopped_renderer, signal.SIGKILL)
        answer = doomed.result()

    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "worker_lost")
    assert send(site, pictures.png(303, 203)).status_code == 201
    assert site.pids("runweb") == [web]


def test_a_picture_that_needs_more_memory_than_there_is_does_not_swell_the_web_process(site: RunningSite) -> None:
    send(site, pictures.png(304, 204))
    [web] = site.pids("runweb")
    before = peak_bytes(web)
    large = pictures.png(6000, 6000)

    answers = [send(site, large, width=100 + n) for n in range(3)]

    assert {answer.json()["error"]["code"] for answer in answers} == {"out_of_memory"}
    assert site.pids("runweb") == [web]
    assert peak_bytes(web) - before < 20 * 2**20
    assert send(site, pictures.png(305, 205)).status_code == 201


def test_no_renderer_outlives_the_site(tmp_path: Path) -> None:
    site = RunningSite(tmp_path)
    site.start()
    assert send(site, pictures.png()).status_code == 201

    assert site.stop() == 0

    wait_until(lambda: not site.processes(), 10)
