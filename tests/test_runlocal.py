"""`make run`: one command from nothing to a working site, and Ctrl-C back to nothing."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import pictures
from tests.running import ROOT, RunningSite, wait_until


@pytest.fixture
def site(tmp_path: Path) -> Iterator[RunningSite]:
    """A site that has not been started."""
    running = RunningSite(tmp_path)
    yield running
    if running.process and running.process.poll() is None:
        running.stop()


def test_ctrl_c_ends_web_and_worker_cleanly_and_the_next_start_keeps_the_data(site: RunningSite) -> None:
    site.start()
    token = site.shown("API token")
    assert token
    assert site.shown("password")
    samples = site.api("GET", "photos/").json()["results"]
    assert len({photo["content_type"] for photo in samples}) > 3
    wait_until(lambda: len(site.processes()) >= 8, 20)  # runlocal, web, runworker, cluster and its five

    assert site.stop(signal.SIGINT) == 0

    assert site.processes() == []
    assert "Traceback" not in site.log.read_text()
    assert site.log.read_text().count("Shown this once") == 1

    site.start()
    assert site.shown("API token") == token
    assert len(site.api("GET", "photos/").json()["results"]) == len(samples)
    photo = site.upload(pictures.jpeg(), "second-day.jpg").json()
    assert site.finished(photo["id"])["thumbnail_status"] == "complete"


def test_when_one_part_dies_the_other_is_ended_and_it_says_so(site: RunningSite) -> None:
    site.start()
    web = site.web_pid()

    os.kill(web, signal.SIGKILL)

    assert site.process is not None
    assert site.process.wait(40) == 1
    assert "runweb ended by itself" in site.log.read_text()
    assert site.processes() == []


def test_a_taken_port_is_one_clear_line(site: RunningSite) -> None:
    with socket.create_server(("127.0.0.1", site.port)):
        answer = _run(site)

    assert answer.returncode == 1
    assert answer.stderr.count("\n") == 1
    assert f"127.0.0.1:{site.port}" in answer.stderr
    assert "PORT" in answer.stderr


@pytest.mark.parametrize("name", ["DATA_DIR", "MEDIA_ROOT"])
def test_a_folder_that_cannot_be_written_is_one_clear_line(site: RunningSite, tmp_path: Path, name: str) -> None:
    blocked = tmp_path / "a file, not a folder"
    blocked.touch()
    site.environment[name] = str(blocked / "data")

    answer = _run(site)

    assert answer.returncode == 1
    assert answer.stderr.count("\n") == 1
    assert name in answer.stderr


def test_killed_outright_it_takes_web_and_worker_with_it(site: RunningSite) -> None:
    site.start()
    assert site.process is not None

    site.process.kill()
    site.process.wait()

    wait_until(lambda: not site.processes(), 30)


@pytest.mark.parametrize("seconds", [0.3, 1.0, 1.7, 2.4])
def test_ctrl_c_during_the_first_start_leaves_no_traceback_and_no_lost_secret(
    site: RunningSite, seconds: float
) -> None:
    site.launch()
    time.sleep(seconds)

    assert site.stop(signal.SIGINT) in {0, -signal.SIGINT}

    assert "Traceback" not in site.log.read_text()
    site.start()
    assert site.log.read_text().count("Shown this once") >= 1
    assert site.api("GET", "photos/").status_code == 200
    assert site.api("GET", "workspaces/").json()["results"]


def test_a_site_that_is_prepared_by_itself_has_no_samples(site: RunningSite) -> None:
    command = [sys.executable, str(ROOT / "manage.py"), "prepare"]
    first = subprocess.run(command, env=site.environment, capture_output=True, text=True, timeout=60, check=True)
    again = subprocess.run(command, env=site.environment, capture_output=True, text=True, timeout=60, check=True)

    assert first.stdout.count("API token") == 1
    assert again.stdout == ""
    assert not (site.folder / "media").exists()


def _run(site: RunningSite) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(ROOT / "manage.py"), "runlocal"]
    return subprocess.run(command, env=site.environment, capture_output=True, text=True, timeout=60, check=False)
