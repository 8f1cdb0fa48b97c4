"""One server process on loopback: started, waited for, ended by its pid."""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from abc import ABC, abstractmethod
from collections.abc import Sequence
from pathlib import Path
from typing import Self

START_SECONDS = 30
STOP_SECONDS = 15


class MissingServer(Exception):
    """The machine lacks a server; says what to install."""


def free_port() -> int:
    """A port that nobody listens on now.

    Below those that the kernel gives to clients (from 32768 on), one of which could take it before the server does, or while
    that is started again.
    """
    while True:
        port = secrets.choice(range(10_000, 32_000))  # which no seed of a test repeats
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port


def command_path(name: str, package: str, *folders: Path) -> str:
    """The path of a command, from PATH or else from one of the folders; raises MissingServer."""
    path = shutil.which(name) or shutil.which(name, path=os.pathsep.join(map(str, folders)))
    if path is None:
        raise MissingServer(f"{name} is missing: install {package}.")
    return path


class ServerProcess:
    """One process, which also ends when the test run is killed: the kernel then signals it."""

    def __init__(self, command: Sequence[str], log: Path, *, user: str = "", ended_by: signal.Signals) -> None:
        as_user = ["--reuid", user, "--regid", user_group(user), "--init-groups"] if user else []
        setpriv = command_path("setpriv", "Debian's util-linux")
        self.command = [setpriv, *as_user, "--pdeathsig", ended_by.name.removeprefix("SIG"), *command]
        self.log = log
        self.ended_by = ended_by
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it, out of reach of the terminal's Ctrl-C."""
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                self.command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True
            )

    def signal(self, number: int) -> None:
        """Send a signal: SIGSTOP for a server that hangs, SIGCONT for one that goes on."""
        assert self.process is not None
        self.process.send_signal(number)

    def stop(self, number: int | None = None) -> None:
        """End it, by the signal that is its own or by another, and wait for its end."""
        if self.process is None:
            return
        self.process.send_signal(self.ended_by if number is None else number)
        self.process.send_signal(signal.SIGCONT)
        try:
            self.process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.process = None

    def ended(self) -> bool:
        """It was started and has ended by itself."""
        return self.process is not None and self.process.poll() is not None


def user_group(user: str) -> str:
    """The number of a user's own group."""
    import pwd

    return str(pwd.getpwnam(user).pw_gid)


class Server(ABC):
    """A service of one or more processes, with a folder of its own and a port that it keeps when started again."""

    def __init__(self, parent: Path | None = None) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix=f"{type(self).__name__.lower()}-", dir=parent))
        self.log = self.folder / "log.txt"
        self.port = free_port()
        self.processes: list[ServerProcess] = []

    def start(self) -> None:
        """Start all processes and wait until they answer."""
        for process in self.processes:
            process.start()
        deadline = time.monotonic() + START_SECONDS
        while not self.answers():
            ended = any(process.ended() for process in self.processes)
            assert not ended and time.monotonic() < deadline, f"{self} did not start:\n{self.log.read_text()}"
            time.sleep(0.02)

    def stop(self, number: int | None = None) -> None:
        """End all processes, the last started first."""
        for process in reversed(self.processes):
            process.stop(number)

    @abstractmethod
    def prepare(self) -> list[ServerProcess]:
        """Write what the processes need into the folder; answers them, in the order of their start."""

    @abstractmethod
    def answers(self) -> bool:
        """It serves its clients."""

    def __enter__(self) -> Self:
        try:
            self.processes = self.prepare()
            self.start()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)
