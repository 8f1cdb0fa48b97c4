"""Run a job in a forked child with a time and a memory limit, so that its crash is an ordinary error here."""

from __future__ import annotations

import contextlib
import logging
import os
import pickle
import resource
import select
import signal
import sys
import time
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any, NoReturn, TypeVar

from photos.errors import InternalError, OutOfMemory, PhotoError, RenderTimeout, WorkerLost
from photos.parentage import die_with_parent

T = TypeVar("T")

logger = logging.getLogger(__name__)

STATM = Path("/proc/self/statm")
# Of a process that runs jobs: each child touches all its memory anew, in less than half as many page faults if that is
# one heap of huge pages. By glibc from 2.35 on, if the kernel has them to give; others take no notice.
ENVIRONMENT = {"GLIBC_TUNABLES": "glibc.malloc.hugetlb=1:glibc.malloc.mmap_threshold=1073741824"}


def run(job: Callable[[], T], *, seconds: float, memory_bytes: int, heartbeat: Callable[[], None], every: float) -> T:
    """The job's result, made in a child process that dies with this one.

    Raises what the job raises if that is a PhotoError; RenderTimeout after ``seconds`` of wall clock, also inside
    one long native call; OutOfMemory past ``memory_bytes`` on top of what this process holds; WorkerLost when the
    child crashed; InternalError for a bug. Calls ``heartbeat`` each ``every`` seconds; what that raises ends the job.
    """
    child, reader = _fork(job, memory_bytes)
    try:
        pickled = _receive(reader, seconds, heartbeat, every)
    finally:
        os.close(reader)
        os.kill(child, signal.SIGKILL)
        _, status = os.waitpid(child, 0)
    result: T = _unpack(pickled, os.waitstatus_to_exitcode(status))
    return result


def _fork(job: Callable[[], object], memory_bytes: int) -> tuple[int, int]:
    """Start the child; its pid, and the end of the pipe that its answer comes out of."""
    parent = os.getpid()
    reader, writer = os.pipe()
    try:
        child = os.fork()
    except OSError:
        os.close(reader)
        os.close(writer)
        raise
    if child == 0:
        os.close(reader)
        _work(job, writer, memory_bytes, parent)
    os.close(writer)
    return child, reader


def _receive(reader: int, seconds: float, heartbeat: Callable[[], None], every: float) -> bytes:
    deadline = time.monotonic() + seconds
    next_beat = time.monotonic() + every
    received = bytearray()
    while True:
        now = time.monotonic()
        if now >= deadline:
            raise RenderTimeout(f"The picture could not be worked through within {seconds:.0f} seconds.")
        if now >= next_beat:
            heartbeat()
            next_beat = now + every
        if select.select([reader], [], [], max(0.0, min(deadline, next_beat) - now))[0]:
            chunk = os.read(reader, 1 << 20)
            if not chunk:
                return bytes(received)
            received += chunk


def _unpack(pickled: bytes, exit_code: int) -> Any:
    try:
        kind, value = pickle.loads(pickled)  # noqa: S301 - written by our own child
    except (EOFError, pickle.UnpicklingError):
        raise WorkerLost(f"The process that read the picture died (exit code {exit_code}).") from None
    if kind == "result":
        return value
    if isinstance(value, PhotoError):
        raise value
    logger.error("render crashed", extra={"traceback": value})
    raise InternalError("The thumbnails could not be made because of a fault of the program; it was logged.")


def _work(job: Callable[[], object], writer: int, memory_bytes: int, parent: int) -> NoReturn:
    """The child's whole life; it must never return into the parent's code."""
    # Made while there is memory for it.
    answer = pickle.dumps(("error", OutOfMemory("The picture needs more memory than one photo may use.")))
    try:
        _restrain(memory_bytes, parent)
        with contextlib.suppress(MemoryError):
            answer = _answer(job)
        with os.fdopen(writer, "wb") as pipe:
            pipe.write(answer)
    finally:
        os._exit(0)


def _answer(job: Callable[[], object]) -> bytes:
    try:
        return pickle.dumps(("result", job()))
    except MemoryError:
        raise
    except PhotoError as error:
        return pickle.dumps(("error", error))
    except BaseException:  # noqa: BLE001 - it crosses the pipe as text
        return pickle.dumps(("error", traceback.format_exc()))


def _restrain(memory_bytes: int, parent: int) -> None:
    die_with_parent(parent)
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGALRM):
        signal.signal(number, signal.SIG_DFL)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if sys.platform == "linux":
        held = int(STATM.read_text().split()[0]) * resource.getpagesize()
        resource.setrlimit(resource.RLIMIT_AS, (held + memory_bytes, held + memory_bytes))
