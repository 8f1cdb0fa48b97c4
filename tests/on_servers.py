"""`pytest -p tests.on_servers`: tests of rows, queue and files on PostgreSQL, Redis and S3 instead of SQLite and disk.

A plugin, since the settings are read from the environment before any conftest.
"""

from __future__ import annotations

import os

import pytest

from tests import servers
from tests.servers.process import MissingServer

missing: MissingServer | None = None
try:
    os.environ |= servers.environment()
except MissingServer as error:
    missing = error


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup() -> None:
    """Without the servers no test runs here: on the default setup they all ran before."""

    def start() -> None:
        if missing:
            raise missing

    servers.or_skip(start)
