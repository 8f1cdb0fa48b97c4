"""A job in the sandbox ends in a result or a named error, whatever it does to its process."""

from __future__ import annotations

import contextlib
import gc
import logging
import multiprocessing
import os
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from photos import sandbox
from photos.errors import CorruptImage, InternalError, OutOfMemory, PhotoError, RenderTimeout, WorkerLost
from photos.sandbox import ROOT, Sandbox
from tests import misbehaving
from tests.misbehaving import MIB, Misbehaviour
from tests.running import wait_until

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")

Run = Callable[..., Any]
# A process that asks for what never ends.
ASK = """
import os, sys
from photos.sandbox import OWN
from tests.misbehaving import *
with open(os.devnull, "rb") as file:
    OWN(Misbehaviour(note_and_pause, (sys.argv[1],)), file, heartbeat=int, every=30)
"""


@pytest.fixture
def box() -> Iterator[Sandbox]:
    """A sandbox that has not begun; in the end nothing of it is left."""
    gc.collect()  # what earlier tests left open closes now, not in the middle
    files, before = open_files(), children()
    box = Sandbox()
    yield box
    box.end()
    assert open_files() == files
    assert children() == before


@pytest.fixture
def run(box: Sandbox, tmp_path: Path) -> Run:
    """Have a function called in the sandbox, beside a file; answers its result."""
    path = tmp_path / "file"
    path.write_bytes(b"the bytes of a file")

    def run(
        deed: Callable[..., object],
        *arguments: Any,
        heartbeat: Callable[[], None] = lambda: None,
        every: float = 30,
        **limits: Any,
    ) -> Any:
        with path.open("rb") as file:
            return box(Misbehaviour(deed, arguments, **limits), file, heartbeat=heartbeat, every=every)

    return run


def open_files() -> list[Path]:
    return sorted(Path("/proc/self/fd").iterdir())


def children() -> list[str]:
    return [pid for task in Path("/proc/self/task").iterdir() for pid in (task / "children").read_text().split()]


def test_results_come_back_from_one_other_process(run: Run) -> None:
    helper = run(os.getpid)

    assert helper != os.getpid()
    assert run(os.getpid) == helper


def test_a_result_of_many_megabytes_comes_back(run: Run) -> None:
    data = run(os.urandom, 16 * MIB)

    assert len(data) == 16 * MIB
    assert len(set(data)) == 256


def test_a_named_error_comes_back_with_its_code_sentence_and_details_and_the_helper_goes_on(run: Run) -> None:
    helper = run(os.getpid)
    with pytest.raises(CorruptImage, match=r"^It is broken\.$") as caught:
        run(misbehaving.refuse)
    assert (caught.value.code, caught.value.details) == ("corrupt_image", {"read_bytes": 7})
    assert run(os.getpid) == helper


@pytest.mark.parametrize(
    ("deed", "arguments"), [(misbehaving.stumble, ()), (sys.exit, (3,)), (misbehaving.unpicklable, ())]
)
def test_an_unforeseen_error_is_internal_and_its_traceback_is_logged(
    deed: Callable[..., Any], arguments: tuple[Any, ...], run: Run, caplog: pytest.LogCaptureFixture
) -> None:
    with pytest.raises(InternalError) as caught:
        run(deed, *arguments)
    [logged] = [record.__dict__ for record in caplog.records if record.levelno == logging.ERROR]
    assert "Traceback" in logged["traceback"]
    assert "Traceback" not in str(caught.value)


@pytest.mark.parametrize(
    ("deed", "arguments"),
    [
        (misbehaving.loop, ()),
        (misbehaving.loop_deaf_to_signals, ()),
        (misbehaving.pause, (False,)),
        (misbehaving.pause, (True,)),
    ],
)
def test_an_endless_job_ends_with_its_time(deed: Callable[..., Any], arguments: tuple[Any, ...], run: Run) -> None:
    run(os.getpid)  # its start does not count
    start = time.monotonic()
    with pytest.raises(RenderTimeout):
        run(deed, *arguments, seconds=0.4)
    assert 0.4 <= time.monotonic() - start < 2


@pytest.mark.parametrize(
    ("deed", "arguments"),
    [
        (misbehaving.fill_memory, ()),
        (misbehaving.allocate, (2**40,)),
        (misbehaving.allocate, (300 * MIB,)),
    ],
)
def test_memory_past_the_ceiling_is_named(deed: Callable[..., Any], arguments: tuple[Any, ...], run: Run) -> None:
    with pytest.raises(OutOfMemory) as caught:
        run(deed, *arguments)
    assert not caught.value.permanent


def test_memory_below_the_ceiling_is_there_for_each_job(run: Run) -> None:
    for _ in range(3):
        assert run(misbehaving.allocate, 150 * MIB) == 150 * MIB


def test_a_job_that_has_no_memory_left_to_answer_is_named_too(run: Run) -> None:
    with pytest.raises((OutOfMemory, WorkerLost)):
        run(misbehaving.fill_memory_to_the_last_byte, memory_bytes=64 * MIB)


@pytest.mark.parametrize(
    ("deed", "arguments", "exit_code"),
    [
        (misbehaving.crash, (), -signal.SIGSEGV),
        (misbehaving.end, (3,), 3),
        (misbehaving.end, (0,), 0),
        (misbehaving.kill, (), -signal.SIGKILL),
        (os.abort, (), -signal.SIGABRT),
    ],
)
def test_a_job_that_kills_its_process_is_a_lost_worker_and_the_next_goes_on(
    deed: Callable[..., Any], arguments: tuple[Any, ...], exit_code: int, run: Run
) -> None:
    with pytest.raises(WorkerLost, match=rf"\(exit code {exit_code}\)"):
        run(deed, *arguments)
    assert run(misbehaving.allocate, 1) == 1


@pytest.mark.parametrize(
    ("deed", "arguments"), [(misbehaving.allocate, (2**40,)), (misbehaving.stumble, ()), (misbehaving.crash, ())]
)
def test_a_helper_that_did_badly_is_replaced(deed: Callable[..., Any], arguments: tuple[Any, ...], run: Run) -> None:
    helper = run(os.getpid)
    with pytest.raises(PhotoError):
        run(deed, *arguments)
    assert run(os.getpid) != helper


def test_a_helper_that_did_much_is_replaced(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sandbox, "MAX_JOBS", 2)
    helpers = [run(os.getpid) for _ in range(5)]
    assert [helpers.count(helper) for helper in dict.fromkeys(helpers)] == [2, 2, 1]


def test_a_helper_that_is_killed_while_idle_is_replaced_unnoticed(run: Run) -> None:
    helper = run(os.getpid)
    os.kill(helper, signal.SIGKILL)
    wait_until(lambda: is_dead(helper), 5)

    assert run(os.getpid) != helper


def test_the_heart_beats_while_the_job_works(run: Run) -> None:
    beats: list[float] = []
    run(time.sleep, 0.5, heartbeat=lambda: beats.append(time.monotonic()), every=0.1)
    assert 3 <= len(beats) <= 5


def test_a_process_with_thousands_of_open_files_can_ask_too(run: Run, tmp_path: Path) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 4096), hard))
    with contextlib.ExitStack() as stack:
        for _ in range(1100):
            stack.enter_context((tmp_path / "open").open("a"))
        assert run(misbehaving.allocate, 1) == 1
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def test_what_a_heartbeat_raises_ends_the_job(run: Run, tmp_path: Path) -> None:
    pid_file = tmp_path / "pid"

    def stop() -> None:
        if pid_file.exists() and pid_file.read_text():
            raise KeyError("claim")

    with pytest.raises(KeyError):
        run(misbehaving.note_and_pause, str(pid_file), heartbeat=stop, every=0.05)
    assert not Path("/proc", pid_file.read_text()).exists()


def test_a_machine_without_room_for_a_process_leaves_nothing_open(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def no_room(*_: Any, **__: Any) -> None:
        raise BlockingIOError

    monkeypatch.setattr(subprocess, "Popen", no_room)
    with pytest.raises(BlockingIOError):
        run(int)


def test_a_helper_that_cant_start_is_a_lost_worker(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sandbox, "ROOT", Path("/"))
    with pytest.raises(WorkerLost):
        run(int)


def test_a_worker_that_ends_as_pythons_own_processes_do_leaves_no_helper_behind(box: Sandbox, tmp_path: Path) -> None:
    """They pass over `atexit`; and a dead helper whom nobody asks for its exit code counts as a process for ever."""
    note = tmp_path / "pid"

    def work() -> None:
        with Path(os.devnull).open("rb") as file:
            note.write_text(str(box(Misbehaviour(os.getpid), file, heartbeat=lambda: None, every=30)))

    worker = multiprocessing.get_context("fork").Process(target=work)
    worker.start()
    worker.join(20)

    assert worker.exitcode == 0
    assert not Path("/proc", note.read_text()).exists()


def test_where_a_process_may_have_less_memory_than_a_render_that_is_the_limit(tmp_path: Path) -> None:
    less = "import resource; resource.setrlimit(resource.RLIMIT_AS, (2**30, 2**30))"
    code = less + ASK.replace("note_and_pause, (sys.argv[1],)", "print, (sys.argv[1],), memory_bytes=2**31")
    told = subprocess.run(
        [sys.executable, "-c", code, "done"], cwd=ROOT, capture_output=True, text=True, check=True, timeout=60
    )
    assert told.stdout == "done\n"


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
@pytest.mark.parametrize("stopped", [False, True])
def test_the_job_dies_with_the_process_that_asked_for_it_also_in_native_code(
    tmp_path: Path, number: int, stopped: bool
) -> None:
    pid_file = tmp_path / "pid"
    asker = subprocess.Popen([sys.executable, "-c", ASK, str(pid_file)], cwd=ROOT)
    helper = int(wait_until(lambda: pid_file.exists() and pid_file.read_text(), 20))

    if stopped:
        os.kill(helper, signal.SIGSTOP)
    asker.send_signal(number)
    asker.wait()

    wait_until(lambda: is_dead(helper), 5)


def is_dead(pid: int) -> bool:
    """Gone, or waiting for its parent, or a container's first process, to take notice."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except FileNotFoundError:
        return True


def test_every_error_of_the_sandbox_is_worth_another_try() -> None:
    for error in (RenderTimeout, OutOfMemory, WorkerLost, InternalError):
        assert issubclass(error, PhotoError)
        assert not error.permanent
