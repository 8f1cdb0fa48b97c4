"""A whole site in processes of its own, started as `make run` starts it, on a free port and in a folder of its own."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import requests

ROOT = Path(__file__).resolve().parent.parent


def free_port() -> int:
    """A port that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_until(condition: Callable[[], Any], seconds: float, every: float = 0.1) -> Any:
    """The condition's first true value; fails when none comes in time."""
    deadline = time.monotonic() + seconds
    while not (value := condition()):
        assert time.monotonic() < deadline, f"not within {seconds} s"
        time.sleep(every)
    return value


class RunningSite:
    """`manage.py runlocal`; speaks to it as a client would."""

    def __init__(self, folder: Path, **environment: str) -> None:
        self.folder = folder
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.environment = os.environ | {"DATA_DIR": str(folder), "PORT": str(self.port)} | environment
        self.log = folder / "log.txt"
        self.process: subprocess.Popen[bytes] | None = None
        self.session = requests.Session()

    def start(self) -> None:
        """Start it and wait until it answers."""
        with self.log.open("ab") as log:
            command = [sys.executable, str(ROOT / "manage.py"), "runlocal"]
            self.process = subprocess.Popen(
                command, env=self.environment, stdout=log, stderr=log, start_new_session=True
            )
        wait_until(self._answers, 30)
        if token := self.shown("API token"):
            self.session.headers["Authorization"] = f"Token {token}"

    def stop(self, number: int = signal.SIGINT) -> int:
        """Signal it, as Ctrl-C does, and wait; answers its exit status."""
        assert self.process is not None
        self.process.send_signal(number)
        return self.process.wait(40)

    def shown(self, label: str) -> str | None:
        """A secret that the first start printed."""
        found = re.search(rf"^ +{label} +(\S+)$", self.log.read_text(), re.MULTILINE)
        return found and found[1]

    def api(self, method: str, path: str, **options: Any) -> requests.Response:
        """One call of the API."""
        return self.session.request(method, f"{self.url}/api/v1/{path}", timeout=30, **options)

    def upload(self, data: bytes, name: str, **fields: str) -> requests.Response:
        """One upload."""
        return self.api("POST", "photos/", files={"file": (name, data)}, data=fields)

    def finished(self, photo_id: str, seconds: float = 30) -> dict[str, Any]:
        """The photo's JSON once it is complete or failed."""

        def ended() -> dict[str, Any] | None:
            photo: dict[str, Any] = self.api("GET", f"photos/{photo_id}/").json()
            return photo if photo["thumbnail_status"] in {"complete", "failed"} else None

        photo: dict[str, Any] = wait_until(ended, seconds)
        return photo

    def processes(self) -> list[int]:
        """Pids of all processes that carry this site's folder in their environment."""
        mark = f"DATA_DIR={self.folder}".encode()
        found = []
        for environment in Path("/proc").glob("[0-9]*/environ"):
            try:
                if mark in environment.read_bytes().split(b"\0"):
                    found.append(int(environment.parent.name))
            except OSError:  # gone in the meantime, or not ours
                continue
        return found

    def _answers(self) -> bool:
        assert self.process is not None
        assert self.process.poll() is None, self.log.read_text()
        try:
            return requests.get(f"{self.url}/health/live", timeout=5).ok
        except requests.ConnectionError:
            return False
