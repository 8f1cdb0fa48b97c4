"""A Redis that writes nothing to disk."""

from __future__ import annotations

import signal
from itertools import count

import redis

from tests.servers.process import Server, ServerProcess, command_path


class Redis(Server):
    """One `redis-server`."""

    DATABASES = 1000

    def __init__(self) -> None:
        self._binary = command_path("redis-server", "Debian's redis-server")
        super().__init__()
        self._numbers = count()

    def prepare(self) -> list[ServerProcess]:
        """Nothing to write."""
        options = {
            "bind": "127.0.0.1",
            "port": str(self.port),
            "dir": str(self.folder),
            "save": "",
            "appendonly": "no",
            "databases": str(self.DATABASES),
        }
        command = [self._binary, *(word for name, value in options.items() for word in (f"--{name}", value))]
        return [ServerProcess(command, self.log, ended_by=signal.SIGTERM)]

    def answers(self) -> bool:
        """It answers a ping."""
        try:
            with redis.Redis(port=self.port) as client:
                return bool(client.ping())
        except redis.ConnectionError:
            return False

    def new_database(self) -> str:
        """The URL of a database that nobody has used."""
        return f"redis://127.0.0.1:{self.port}/{next(self._numbers)}"
