"""Throw-away servers for the tests: PostgreSQL, Redis and S3, on loopback, each started once and at its first use."""

from __future__ import annotations

import atexit
import contextlib
import os
from collections.abc import Callable
from functools import cache
from typing import TypeVar

import pytest

from tests.servers.postgresql import PostgreSQL
from tests.servers.process import MissingServer
from tests.servers.redis import Redis
from tests.servers.swift import Swift

T = TypeVar("T")

_running = contextlib.ExitStack()
_owner = os.getpid()


@atexit.register
def _stop() -> None:
    if os.getpid() == _owner:  # not a fork that ends before us
        _running.close()


@cache
def postgresql() -> PostgreSQL:
    """The PostgreSQL of this test run; raises MissingServer."""
    return _running.enter_context(PostgreSQL())


@cache
def redis() -> Redis:
    """The Redis of this test run; raises MissingServer."""
    return _running.enter_context(Redis())


@cache
def swift() -> Swift:
    """The S3 service of this test run; raises MissingServer."""
    return _running.enter_context(Swift())


def environment() -> dict[str, str]:
    """What a site must be told to use the three: a new database, an empty queue, a new bucket. Raises MissingServer."""
    rows, queue, files = postgresql(), redis(), swift()
    own = {"DATABASE_URL": rows.new_database(), "REDIS_URL": queue.new_database()}
    return own | files.environment(files.new_bucket())


def or_skip(start: Callable[[], T]) -> T:
    """What ``start`` answers; skips the test that needs a server which this machine lacks, but fails it in CI."""
    try:
        return start()
    except MissingServer as missing:
        if os.environ.get("CI") == "true":
            pytest.fail(str(missing), pytrace=False)
        pytest.skip(str(missing))
