"""A site whose processes are started, stopped and killed one by one, and the promises that hold whatever happens."""

from __future__ import annotations

import contextlib
import io
import os
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Self

import redis
import requests
from PIL import Image

from tests import servers
from tests.faults.rows import PhotoRow, Rows
from tests.running import ROOT, START_SECONDS, RunningSite, parent_of, wait_until
from tests.servers.process import free_port

POINTS = Path(__file__).with_name("points")
TERMINAL = {"photo.thumbnail_ready", "photo.thumbnail_failed"}


class Arena(RunningSite):
    """Web servers and workers as processes of their own, on one machine's setup or on the servers."""

    def __init__(self, folder: Path, on_servers: bool = False, **environment: str) -> None:
        own = servers.or_skip(servers.environment) if on_servers else {}
        self.points = folder / "points"
        paths = {"PYTHONPATH": os.pathsep.join([str(POINTS), str(ROOT)]), "FAULT_POINTS": str(self.points)}
        super().__init__(folder, **own | paths | {"THROTTLE_UPLOADS": "100000/second"} | environment)
        self.points.mkdir()
        self.rows = Rows(own.get("DATABASE_URL") or folder / "db.sqlite3")
        self.on_servers = on_servers
        self.web: subprocess.Popen[bytes]
        self.accepted: list[str] = []
        self.deleted: set[str] = set()
        # What a test expects to fail, and the originals that it took away.
        self.may_fail: set[str] = set()
        self.removed: set[str] = set()
        self._seen: set[str] = set()

    def __enter__(self) -> Self:
        assert self._manage("prepare").wait(60) == 0, self.log.read_text()
        self.session.headers["Authorization"] = f"Token {self.shown('API token')}"
        return self

    def __exit__(self, *_: object) -> None:
        for pid in self.processes():
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        for process in self.started:
            process.wait()

    def start(self, workers: int = 1) -> None:
        """Start a web server and so many workers, and wait until they answer."""
        self.start_web()
        for _ in range(workers):
            self.start_worker()
        wait_until(lambda: len(self.clusters()) >= workers, 20)

    @property
    def started(self) -> list[subprocess.Popen[bytes]]:
        """The processes that were started here."""
        return [process for process in (getattr(self, "web", None), *self.workers) if process is not None]

    def restore(self, workers: int) -> None:
        """Start again what has died."""
        if self.web.poll() is not None:
            self.start_web()
        self.workers = [worker for worker in self.workers if worker.poll() is None]
        while len(self.workers) < workers:
            self.start_worker()

    def stop_workers(self) -> None:
        """Have all workers end in order."""
        for worker in self.workers:
            worker.terminate()
        for worker in self.workers:
            worker.wait(60)

    def stored(self, key: str) -> bytes:
        """The bytes of a stored file."""
        if not self.on_servers:
            return (self.folder / "media" / key).read_bytes()
        bucket = self.environment["AWS_STORAGE_BUCKET_NAME"]
        data: bytes = servers.swift().client().get_object(Bucket=bucket, Key=key)["Body"].read()
        return data

    def overwrite(self, key: str, data: bytes | None) -> None:
        """Put other bytes in the place of a stored file; None: take it away."""
        if data is None:
            self.removed.add(key)
        if not self.on_servers:
            file = self.folder / "media" / key
            file.unlink() if data is None else file.write_bytes(data)
            return
        where = {"Bucket": self.environment["AWS_STORAGE_BUCKET_NAME"], "Key": key}
        client = servers.swift().client()
        client.delete_object(**where) if data is None else client.put_object(**where, Body=data)

    def begin(self) -> None:
        """From now on accepted uploads are counted."""
        self._seen |= set(self.rows.photos())
        self.accepted, self.deleted = [], set()

    def start_web(self) -> None:
        """Start a web server."""
        self.process = self.web = self._manage("runweb")
        wait_until(lambda: self._answers(self.web, self.url), START_SECONDS)

    def move(self) -> None:
        """Start another web server, at another address, which is the site's from now on."""
        port = free_port()
        web = self._manage("runweb", PORT=str(port))
        wait_until(lambda: self._answers(web, f"http://127.0.0.1:{port}"), START_SECONDS)
        self.process = self.web = web
        self.port, self.url = port, f"http://127.0.0.1:{port}"
        self.environment["PORT"] = str(port)

    def start_worker(self, **environment: str) -> subprocess.Popen[bytes]:
        """Start one `runworker`, with an environment that differs by this."""
        self.workers.append(self._manage("runworker", **environment))
        return self.workers[-1]

    def clusters(self) -> list[int]:
        """The pids of the processes of all clusters: their main process, sentinel, workers and the rest."""
        return self.pids("qcluster")

    def left_helpers(self) -> list[int]:
        """The pids of helpers that render though the process that asked them is gone."""
        asking = {*self.clusters(), *self.pids("runweb")}
        return [pid for pid in self.helpers() if parent_of(pid) not in asking]

    def main_of(self, worker: subprocess.Popen[bytes]) -> int:
        """The main process of a worker's cluster, once it is there."""
        pid: int = wait_until(
            lambda: next((pid for pid in self.clusters() if parent_of(parent_of(pid)) == worker.pid), 0), START_SECONDS
        )
        return pid

    def sentinel_of(self, worker: subprocess.Popen[bytes]) -> int:
        """The process of the cluster that keeps its others."""
        main = self.main_of(worker)
        pid: int = wait_until(
            lambda: next((pid for pid in self.clusters() if parent_of(pid) == main), 0), START_SECONDS
        )
        return pid

    def take_in(self, data: bytes, name: str = "photo.jpg") -> str:
        """Upload a photo; answers its id, and remembers that it was accepted."""
        answer = self.upload(data, name)
        assert answer.status_code in {200, 201}, answer.text
        self.accepted.append(answer.json()["id"])
        return self.accepted[-1]

    def mark(self, point: str) -> None:
        """Have the next process that comes to a point stop there."""
        (self.points / point).touch()

    def reached(self, point: str, seconds: float = 30) -> tuple[int, int]:
        """The pids of the process that stopped at the point and of its parent, once it has."""
        note = self.points / f"{point}.reached"
        pid, parent = wait_until(lambda: note.exists() and note.read_text().split(), seconds, 0.02)
        return int(pid), int(parent)

    def go_on(self, point: str) -> None:
        """Let the process that stopped at the point go on."""
        (self.points / f"{point}.reached").unlink()

    def settle(self, seconds: float) -> float:
        """Wait until every photo is complete or failed; answers how many seconds that took."""
        started = time.monotonic()
        wait_until(lambda: self.rows.unfinished() == 0, seconds)
        return time.monotonic() - started

    def sweep_after_all_times(self) -> None:
        """What the sweep does when every file that was announced and never adopted has had its time."""
        self.rows.write("UPDATE photos_orphan SET delete_after = '2001-01-01 00:00:00+00'")
        assert self._manage("sweep").wait(60) == 0, self.log.read_text()

    def verify(self) -> int:
        """Hold every promise against what is there, while nothing is under way; answers the most attempts of a photo."""
        photos, history = self.rows.photos(), self.rows.history()
        assert set(self.accepted) - self.deleted <= set(photos), "an accepted upload is lost"
        named = set(self.rows.custom_paths())
        for photo in photos.values():
            assert photo.status == "complete" or (photo.status == "failed" and photo.id in self.may_fail), photo
            assert 1 <= photo.attempts <= 6, photo
            assert photo.status != "failed" or (photo.error_code and photo.error), photo
            terminal = [kind for kind in history[photo.id] if kind in TERMINAL]
            assert len(terminal) == 1 + history[photo.id].count("photo.retried"), history[photo.id]
            named |= {photo.original, *filter(None, photo.thumbnails)}
            if photo.status == "complete" and photo.id not in self._seen:
                self._verify_images(photo)
        for photo_id in self.deleted:
            assert history[photo_id].count("photo.deleted") == 1, history[photo_id]
            assert history[photo_id][-1] == "photo.deleted", history[photo_id]
        wait_until(lambda: self.rings() == 0, 20)
        wait_until(lambda: not self.left_helpers(), 20)
        wait_until(lambda: self.stored_keys() - named <= self.rows.orphans(), 10)
        self.sweep_after_all_times()
        assert self.stored_keys() == named - self.removed
        assert not self.rows.orphans()
        return max((photo.attempts for photo in photos.values() if photo.id not in self._seen), default=0)

    def _verify_images(self, photo: PhotoRow) -> None:
        for key, size in zip(photo.thumbnails, photo.sizes, strict=True):
            image = Image.open(io.BytesIO(self.stored(key)))
            image.load()
            assert image.size == size, key

    def rings(self) -> int:
        """How many rings the queue holds."""
        if not (url := self.environment.get("REDIS_URL")):
            return self.rows.rings()
        with redis.Redis.from_url(url) as client:
            return sum(int(client.llen(key)) for key in client.scan_iter() if client.type(key) == b"list")

    def health(self) -> dict[str, Any]:
        """What the service says of its workers."""
        told: dict[str, Any] = requests.get(f"{self.url}/health/workers", timeout=10).json()
        return told


@contextlib.contextmanager
def frozen(pid: int) -> Iterator[None]:
    """Stop a process for a while."""
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGCONT)
