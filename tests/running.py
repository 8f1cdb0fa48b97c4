"""A whole site in processes of its own, started as `make run` starts it, on a free port and in a folder of its own."""

from __future__ import annotations

import os
import re
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from functools import cache
from pathlib import Path
from typing import Any, Self

import requests

from tests import own_folder, servers
from tests.servers.process import free_port

ROOT = Path(__file__).resolve().parent.parent
# Far more than a start takes where tests are alone on the machine.
START_SECONDS = 90
# What says where rows, queue and files are: a site that is started here is told, or has its own.
SETUP = {"DATABASE_URL", "REDIS_URL", "STORAGE", "MEDIA_ROOT"}


def wait_until(condition: Callable[[], Any], seconds: float, every: float = 0.1) -> Any:
    """The condition's first true value; fails when none comes in time."""
    deadline = time.monotonic() + seconds
    while not (value := condition()):
        assert time.monotonic() < deadline, f"not within {seconds} s"
        time.sleep(every)
    return value


def files_below(folder: Path) -> set[str]:
    """The paths of all files in a folder, relative to it."""
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}


def command(pid: int) -> list[str]:
    """How a process was called; nothing when it is gone."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().decode().split("\0")
    except OSError:
        return []


def parent_of(pid: int) -> int:
    """The pid of a process's parent; 0 when it is gone."""
    try:
        return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])
    except OSError:
        return 0


def _signal(pids: list[int], number: int) -> None:
    for pid in pids:
        os.kill(pid, number)


class RunningSite:
    """`manage.py runlocal`, and as many workers more as wanted; speaks to it as a client would."""

    def __init__(self, folder: Path, *, more_workers: int = 0, **environment: str) -> None:
        self.folder = folder
        self.more_workers = more_workers
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        inherited = {name: value for name, value in os.environ.items() if name not in SETUP}
        self.environment = inherited | {"DATA_DIR": str(folder), "PORT": str(self.port)} | environment
        self.log = folder / "log.txt"
        self.process: subprocess.Popen[bytes] | None = None
        self.workers: list[subprocess.Popen[bytes]] = []
        self.session = requests.Session()

    def __enter__(self) -> Self:
        if not SETUP & self.environment.keys():
            shutil.copytree(_first_start(), self.folder, dirs_exist_ok=True)
        try:
            self.start()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self) -> None:
        """Start it and wait until it answers."""
        self.launch()
        wait_until(lambda: self._answers(self.process, self.url), START_SECONDS)
        self.workers = [self._manage("runworker") for _ in range(self.more_workers)]
        if token := self.shown("API token"):
            self.session.headers["Authorization"] = f"Token {token}"

    def launch(self) -> None:
        """Start it."""
        self.process = self._manage("runlocal")

    @contextmanager
    def another_web(self, port: int | None = None, **environment: str) -> Iterator[str]:
        """A second web process for a while, on this port or a free one, whose environment differs by this; its address."""
        port = port or free_port()
        process, url = self._manage("runweb", PORT=str(port), **environment), f"http://127.0.0.1:{port}"
        try:
            wait_until(lambda: self._answers(process, url), START_SECONDS)
            yield url
        finally:
            process.terminate()
            process.wait(30)

    def stop(self, number: int = signal.SIGINT) -> int:
        """Signal it, as Ctrl-C does, and wait; answers its exit status."""
        assert self.process is not None
        for process in (self.process, *self.workers):
            process.send_signal(number)
        return max(process.wait(40) for process in (self.process, *self.workers))

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

    def unfinished(self) -> list[Any]:
        """The photos that are still to be worked on."""
        return [
            photo
            for status in ("pending", "processing")
            for photo in self.api("GET", f"photos/?status={status}").json()["results"]
        ]

    def stored_keys(self) -> set[str]:
        """The keys of all files in its storage."""
        if self.environment.get("STORAGE") == "s3":
            return set(servers.swift().keys(self.environment["AWS_STORAGE_BUCKET_NAME"]))
        return files_below(self.folder / "media")

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

    def pids(self, role: str) -> list[int]:
        """Pids of the processes that run `manage.py <role>`, without the keepers that started them."""
        return [pid for pid in self.processes() if command(pid)[1:3] == [str(ROOT / "manage.py"), role]]

    def helpers(self) -> list[int]:
        """Pids of the helper processes that render."""
        return [pid for pid in self.processes() if "photos.renderhelper" in command(pid)]

    def web_pid(self) -> int:
        """The web server's process."""
        (pid,) = self.pids("runweb")
        return pid

    @contextmanager
    def paused_work(self) -> Iterator[None]:
        """The worker stands still for a while."""
        stopped = self._stop_work()
        # Within a transaction it would keep all others from writing.
        while not self._can_be_written():
            _signal(stopped, signal.SIGCONT)
            time.sleep(0.1)
            stopped = self._stop_work()
        try:
            yield
        finally:
            _signal(stopped, signal.SIGCONT)

    def _stop_work(self) -> list[int]:
        # Its supervisor first, so that it misses nobody.
        pids = [*self.pids("runworker"), *self.pids("qcluster")]
        _signal(pids, signal.SIGSTOP)
        return pids[::-1]

    def _can_be_written(self) -> bool:
        """Whether nobody holds SQLite's one lock for writers."""
        if self.environment.get("DATABASE_URL"):
            return True
        with closing(sqlite3.connect(self.folder / "db.sqlite3", timeout=0.2, isolation_level=None)) as database:
            try:
                database.execute("BEGIN IMMEDIATE")
            except sqlite3.OperationalError:
                return False
        return True

    def _manage(self, command: str, **environment: str) -> subprocess.Popen[bytes]:
        with self.log.open("ab") as log:
            return subprocess.Popen(
                [sys.executable, str(ROOT / "manage.py"), command],
                env=self.environment | environment,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def _answers(self, process: subprocess.Popen[bytes] | None, url: str) -> bool:
        assert process is not None
        assert process.poll() is None, self.log.read_text()
        try:
            return requests.get(f"{url}/health/live", timeout=5).ok
        except requests.ConnectionError:
            return False


@cache
def _first_start() -> Path:
    """What a first start leaves, with the sample photos complete: each site's own would take seconds of work."""
    folder = own_folder.FOLDER / "first start"
    folder.mkdir()
    site = RunningSite(folder)
    site.start()
    try:
        wait_until(lambda: not site.unfinished(), 60)
    finally:
        site.stop()
    return folder
