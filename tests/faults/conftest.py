"""One site for each setup and module, seeded dice, and the table of what was seen."""

from __future__ import annotations

import os
import random
import time
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import pytest

from tests import pictures, servers
from tests.faults.arena import Arena
from tests.faults.table import Seen, remember
from tests.servers.faults import FaultyProxy

# `make faults`: each run several times, with the times of service; without it once, with times that suit a test.
THOROUGH = os.environ.get("FAULTS") == "thorough"
QUICK_TIMES = {"LEASE_SECONDS": "6", "RING_AGAIN_SECONDS": "10", "DRAIN_SECONDS": "8", "THUMBNAIL_BACKOFF_SECONDS": "1"}
SEED = int(os.environ.get("FAULTS_SEED") or random.SystemRandom().randrange(2**32))
os.environ["FAULTS_SEED"] = str(SEED)  # for the processes among which the tests are divided
SETUPS = ("one machine", "servers")


def pytest_report_header() -> str:
    """Say how to have the same again."""
    return f"fault runs: FAULTS_SEED={SEED}"


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Each run several times, if it is to be thorough."""
    if "turn" in metafunc.fixturenames:
        metafunc.parametrize("turn", range(int(os.environ.get("FAULTS_TURNS", "3")) if THOROUGH else 1))


@pytest.fixture(scope="module", params=SETUPS)
def setup(request: pytest.FixtureRequest) -> str:
    """Where rows, queue and files are."""
    return str(request.param)


@pytest.fixture(scope="module")
def s3(setup: str) -> Iterator[FaultyProxy | None]:
    """The proxy that stands before S3, which behaves until told otherwise."""
    if setup == "one machine":
        yield None
        return
    with FaultyProxy(servers.or_skip(servers.swift).port) as proxy:
        yield proxy


@pytest.fixture(scope="module")
def running(
    request: pytest.FixtureRequest, s3: FaultyProxy | None, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Arena]:
    """A site with one web server and two workers of two processes."""
    own = {"AWS_S3_ENDPOINT_URL": s3.url} if s3 else {}
    times = getattr(request.module, "TIMES", {} if THOROUGH else QUICK_TIMES)
    with Arena(tmp_path_factory.mktemp("arena"), s3 is not None, WORKERS="2", **own, **times) as arena:
        arena.start(workers=2)
        yield arena


@pytest.fixture
def dice(request: pytest.FixtureRequest) -> random.Random:
    """Random, but the same for the same seed, test and turn."""
    return random.Random(f"{SEED} {request.node.name}")


@pytest.fixture
def arena(running: Arena, turn: int, s3: FaultyProxy | None) -> Iterator[Arena]:
    """The site, at rest and with all its processes; what it holds is verified once the fault is over."""
    running.restore(workers=2)
    running.begin()
    yield running
    if s3:
        s3.behave()


class Run(NamedTuple):
    """One fault run under way."""

    name: str
    setup: str
    arena: Arena

    def recovers(self, seconds: float, **facts: Any) -> float:
        """From now on all is well again within so many seconds, and every promise holds; answers how many it took."""
        started = time.monotonic()
        self.arena.settle(seconds)
        recovery = time.monotonic() - started
        self.arena.restore(workers=2)
        attempts = self.arena.verify()
        remember(Seen(self.name, self.setup, recovery, attempts, len(self.arena.accepted)))
        return recovery


@pytest.fixture
def run(request: pytest.FixtureRequest, setup: str, arena: Arena) -> Run:
    """The run of this test, which it tells of when the fault is over."""
    return Run(request.node.originalname.removeprefix("test_").replace("_", " "), setup, arena)


@pytest.fixture
def picture(dice: random.Random) -> Callable[..., bytes]:
    """Makes a small picture, a new one each time."""

    def make(width: int = 160, height: int = 120) -> bytes:
        return pictures.jpeg(image=pictures.photo(width, height, dice.randrange(2**32)))

    return make
