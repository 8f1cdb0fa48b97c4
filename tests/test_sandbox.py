"""A job in the sandbox ends in a result or a named error, whatever it does to its process."""

from __future__ import annotations

import contextlib
import ctypes
import faulthandler
import gc
import logging
import os
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from photos import sandbox
from photos.errors import CorruptImage, InternalError, OutOfMemory, PhotoError, RenderTimeout, WorkerLost
from tests.running import wait_until

MIB = 2**20

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")


def run(job: Callable[[], Any], **options: Any) -> Any:
    limits = {"seconds": 20, "memory_bytes": 256 * MIB, "heartbeat": lambda: None, "every": 30}
    return sandbox.run(job, **{**limits, **options})


def fill_memory() -> None:
    blocks = []
    while True:
        blocks.append(bytearray(MIB))


def crash() -> None:
    faulthandler.disable()
    ctypes.string_at(0)


def loop() -> None:
    while True:
        pass


def sleep_in_c_with_the_interpreter_locked() -> None:
    ctypes.PyDLL(None).pause()


def refuse() -> None:
    raise CorruptImage("It is broken.", read_bytes=7)


def stumble() -> None:
    raise LookupError


def open_files() -> list[Path]:
    return sorted(Path("/proc/self/fd").iterdir())


def children() -> list[str]:
    return [pid for task in Path("/proc/self/task").iterdir() for pid in (task / "children").read_text().split()]


@pytest.fixture(autouse=True)
def nothing_is_left() -> Any:
    gc.collect()  # what earlier tests left open closes now, not in the middle
    files, before = open_files(), children()
    yield
    assert open_files() == files
    assert children() == before


def test_the_result_comes_back_from_another_process() -> None:
    assert run(lambda: {"pid": os.getpid()})["pid"] not in {None, os.getpid()}


def test_a_result_of_many_megabytes_comes_back() -> None:
    data = os.urandom(16 * MIB)
    assert run(lambda: data) == data


def test_a_named_error_comes_back_with_its_code_sentence_and_details() -> None:
    with pytest.raises(CorruptImage, match=r"^It is broken\.$") as caught:
        run(refuse)
    assert (caught.value.code, caught.value.details) == ("corrupt_image", {"read_bytes": 7})


@pytest.mark.parametrize("job", [stumble, lambda: sys.exit(3), lambda: lambda: None])
def test_an_unforeseen_error_is_internal_and_its_traceback_is_logged(
    job: Callable[[], Any], caplog: pytest.LogCaptureFixture
) -> None:
    with pytest.raises(InternalError) as caught:
        run(job)
    [logged] = [record.__dict__ for record in caplog.records if record.levelno == logging.ERROR]
    assert "Traceback" in logged["traceback"]
    assert "Traceback" not in str(caught.value)


@pytest.mark.parametrize("job", [loop, ctypes.CDLL(None).pause, sleep_in_c_with_the_interpreter_locked])
def test_an_endless_job_ends_with_its_time(job: Callable[[], Any]) -> None:
    start = time.monotonic()
    with pytest.raises(RenderTimeout):
        run(job, seconds=0.4)
    assert 0.4 <= time.monotonic() - start < 2


def test_a_job_that_ignores_signals_ends_with_its_time() -> None:
    def deaf() -> None:
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGALRM):
            signal.signal(number, signal.SIG_IGN)
        loop()

    with pytest.raises(RenderTimeout):
        run(deaf, seconds=0.3)


@pytest.mark.parametrize("job", [fill_memory, lambda: bytearray(2**40), lambda: bytearray(300 * MIB)])
def test_memory_past_the_ceiling_is_named(job: Callable[[], Any]) -> None:
    with pytest.raises(OutOfMemory) as caught:
        run(job)
    assert not caught.value.permanent


def test_memory_below_the_ceiling_is_there_however_large_this_process_is() -> None:
    mine = bytearray(300 * MIB)
    assert run(lambda: len(bytearray(150 * MIB))) == 150 * MIB
    assert mine


@pytest.mark.parametrize(
    ("job", "exit_code"),
    [
        (crash, -signal.SIGSEGV),
        (lambda: os._exit(3), 3),
        (lambda: os._exit(0), 0),
        (lambda: os.kill(os.getpid(), signal.SIGKILL), -signal.SIGKILL),
        (os.abort, -signal.SIGABRT),
    ],
)
def test_a_job_that_kills_its_process_is_a_lost_worker(
    job: Callable[[], Any], exit_code: int, capfd: pytest.CaptureFixture[str]
) -> None:
    faulthandler.disable()
    try:
        with pytest.raises(WorkerLost, match=rf"\(exit code {exit_code}\)"):
            run(job)
    finally:
        faulthandler.enable()


def test_the_heart_beats_while_the_job_works() -> None:
    beats: list[float] = []
    run(lambda: time.sleep(0.5), heartbeat=lambda: beats.append(time.monotonic()), every=0.1)
    assert 3 <= len(beats) <= 5


def test_what_a_heartbeat_raises_ends_the_job(tmp_path: Path) -> None:
    pid_file = tmp_path / "pid"

    def work_for_ever() -> None:
        pid_file.write_text(str(os.getpid()))
        loop()

    def stop() -> None:
        if pid_file.exists():
            raise KeyError("claim")

    with pytest.raises(KeyError):
        run(work_for_ever, heartbeat=stop, every=0.05)
    assert not Path("/proc", pid_file.read_text()).exists()


def test_a_machine_without_room_for_a_process_leaves_nothing_open(monkeypatch: pytest.MonkeyPatch) -> None:
    def no_room() -> int:
        raise BlockingIOError

    monkeypatch.setattr(os, "fork", no_room)
    with pytest.raises(BlockingIOError):
        run(int)


def test_the_job_dies_with_the_process_that_asked_for_it(tmp_path: Path) -> None:
    pid_file = tmp_path / "pid"

    def work_for_ever() -> None:
        pid_file.write_text(str(os.getpid()))
        loop()

    worker = os.fork()
    if worker == 0:
        try:
            run(work_for_ever)
        finally:
            os._exit(1)
    job = wait_until(lambda: pid_file.exists() and pid_file.read_text(), 10)
    os.kill(worker, signal.SIGKILL)
    os.waitpid(worker, 0)

    wait_until(lambda: not Path("/proc", job).exists() or is_zombie(job), 5)


def is_zombie(pid: str) -> bool:
    """Dead, and waiting for a container's first process to take notice."""
    return Path("/proc", pid, "stat").read_text().rpartition(")")[2].split()[0] == "Z"


def test_a_job_that_starts_after_its_askers_death_does_not_go_on() -> None:
    """The kernel tells only of deaths after it was asked to."""
    child = os.fork()
    if child == 0:
        sandbox._restrain(MIB, parent=os.getppid() + 1)
        os._exit(1)
    assert os.waitpid(child, 0)[1] == 0


def test_every_error_of_the_sandbox_is_worth_another_try() -> None:
    for error in (RenderTimeout, OutOfMemory, WorkerLost, InternalError):
        assert issubclass(error, PhotoError)
        assert not error.permanent


def test_a_child_that_has_no_memory_left_to_answer_never_returns_into_the_parents_code(tmp_path: Path) -> None:
    kept: list[bytearray] = []

    def hog() -> None:
        for size in (2**20, 2**12, 2**6):
            with contextlib.suppress(MemoryError):
                while True:
                    kept.append(bytearray(size))
        raise MemoryError

    parent = os.getpid()
    try:
        with pytest.raises((OutOfMemory, WorkerLost)):
            run(hog, memory_bytes=64 * MIB)
    finally:
        if os.getpid() != parent:
            (tmp_path / "here").touch()
            os._exit(1)
    assert not list(tmp_path.iterdir())
