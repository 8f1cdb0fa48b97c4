"""A PostgreSQL that forgets everything when its machine crashes, and is fast for it."""

from __future__ import annotations

import os
import pwd
import re
import shutil
import signal
import subprocess
from itertools import count
from pathlib import Path

import psycopg

from tests.servers.process import MissingServer, Server, ServerProcess, command_path, user_group

OPTIONS = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "fsync": "off",
    "full_page_writes": "off",
    "max_connections": "200",
}


class PostgreSQL(Server):
    """One `postgres` over a new cluster; its superuser needs no password on loopback."""

    def __init__(self) -> None:
        # Debian keeps each version's commands to itself; the newest is taken.
        versions = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=_version, reverse=True)
        package = "Debian's postgresql"
        self._initdb, self._postgres = (command_path(name, package, *versions) for name in ("initdb", "postgres"))
        self._user = _unprivileged_user()
        super().__init__()
        self._data = self.folder / "data"
        self._numbers = count(1)

    def prepare(self) -> list[ServerProcess]:
        """Make the cluster."""
        self._initialise()
        options = OPTIONS | {"port": str(self.port)}
        command = [self._postgres, "-D", str(self._data), *(f"--{name}={value}" for name, value in options.items())]
        # SIGQUIT is the immediate shutdown, as after a crash: there is nothing to keep.
        return [ServerProcess(command, self.log, user=self._user, ended_by=signal.SIGQUIT)]

    def _initialise(self) -> None:
        as_user = []
        if self._user:
            shutil.chown(self.folder, self._user)
            as_user = ["setpriv", "--reuid", self._user, "--regid", user_group(self._user), "--init-groups"]
        command = [self._initdb, "-D", str(self._data), "--username=thumbsite", "--auth=trust", "--no-sync"]
        made = subprocess.run(
            [*as_user, *command, "--encoding=UTF8", "--locale=C.UTF-8"],
            cwd=self.folder,
            capture_output=True,
            text=True,
            check=False,
        )
        assert made.returncode == 0, made.stderr

    def url(self, database: str) -> str:
        """The URL of one database."""
        return f"postgres://thumbsite@127.0.0.1:{self.port}/{database}"

    def answers(self) -> bool:
        """It takes connections."""
        try:
            psycopg.connect(self.url("postgres")).close()
        except psycopg.OperationalError:
            return False
        return True

    def new_database(self) -> str:
        """The URL of a new, empty database."""
        name = f"site{next(self._numbers)}"
        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            connection.execute(f'CREATE DATABASE "{name}"')
        return self.url(name)


def _version(folder: Path) -> tuple[int, ...]:
    return tuple(map(int, re.findall(r"\d+", folder.parent.name)))


def _unprivileged_user() -> str:
    """Whom to run it as: ourselves (empty), or somebody else when we are root, as whom it refuses to run."""
    if os.geteuid() != 0:
        return ""
    known = {entry.pw_name for entry in pwd.getpwall()}
    user = next((name for name in ("postgres", "nobody") if name in known), None)
    if user is None:
        raise MissingServer("PostgreSQL does not run as root: add a user named postgres.")
    return user
