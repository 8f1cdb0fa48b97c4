"""Carry out jobs in a helper process with a time and a memory limit, so that its crash is an ordinary error here."""

from __future__ import annotations

import contextlib
import logging
import os
import select
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from multiprocessing.util import Finalize
from pathlib import Path
from typing import Any, BinaryIO

from photos import renderhelper
from photos.errors import InternalError, RenderTimeout, WorkerLost

logger = logging.getLogger(__name__)

# Where the package photos is found.
ROOT = Path(__file__).resolve().parent.parent
# A helper's memory is touched anew by each picture, in less than half as many page faults if it is one heap of huge
# pages. By glibc from 2.35 on, if the kernel has them to give; others take no notice.
ENVIRONMENT = {"GLIBC_TUNABLES": "glibc.malloc.hugetlb=1:glibc.malloc.mmap_threshold=1073741824"}
# Far more than a helper takes to start, or to say an answer that it has begun, on a busy machine too.
PATIENCE_SECONDS = 30.0
# After so many jobs a helper is replaced, as django-q2 does with its workers: what native code leaks comes to an end.
MAX_JOBS = 500


class Sandbox:
    """One helper process, started when first needed and again when it died; for one thread at a time."""

    def __init__(self) -> None:
        self._helper: _Helper | None = None
        self._jobs = 0

    def __call__(
        self, job: renderhelper.Job, original: BinaryIO, *, heartbeat: Callable[[], None], every: float
    ) -> Any:
        """The job's result.

        Raises what the job raises if that is a PhotoError; RenderTimeout after its seconds of wall clock, also inside
        one long native call; OutOfMemory past its bytes; WorkerLost when the helper died; InternalError for a bug.
        Calls ``heartbeat`` each ``every`` seconds; what that raises ends the job.
        """
        helper = self._running()
        try:
            kind, value = helper.ask(job, original, heartbeat, every)
        except BaseException:
            self.end()
            raise
        if kind == "result":
            return value
        if kind != "refusal":
            self.end()
        if kind != "fault":
            raise value
        logger.error("render crashed", extra={"traceback": value})
        raise InternalError("The thumbnails could not be made because of a fault of the program; it was logged.")

    def _running(self) -> _Helper:
        if self._helper is None or not self._helper.is_running or self._jobs == MAX_JOBS:
            self.end()
            self._helper, self._jobs = _Helper(), 0
        self._jobs += 1
        return self._helper

    def end(self) -> None:
        """Kill the helper, if there is one."""
        if self._helper is not None:
            self._helper.end()
            self._helper = None


class _Helper:
    """This process's end of a helper that runs, and that the kernel ends when this process is gone."""

    def __init__(self) -> None:
        self._channel, channel = socket.socketpair()
        self._channel.settimeout(PATIENCE_SECONDS)
        lifeline, ours = os.pipe()
        self._lifeline = os.fdopen(ours, "wb")
        try:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "photos.renderhelper", str(channel.fileno()), str(lifeline)],
                pass_fds=[channel.fileno(), lifeline],
                stdin=subprocess.DEVNULL,
                cwd=ROOT,
                env=ENVIRONMENT | os.environ,
            )
        except BaseException:
            self._close()
            raise
        finally:
            channel.close()
            os.close(lifeline)
        # A worker of django-q2's ends without `atexit`; whoever inherited the helper might never take notice of its death.
        self._end_in_order = Finalize(None, self.end, exitpriority=0)
        try:
            self._receive()
        except BaseException:
            self.end()
            raise

    @property
    def is_running(self) -> bool:
        """Whether the process lives: the system may have killed it while it was idle."""
        return self._process.poll() is None

    def ask(
        self, job: renderhelper.Job, file: BinaryIO, heartbeat: Callable[[], None], every: float
    ) -> tuple[str, Any]:
        """The helper's answer to a job."""
        deadline = time.monotonic() + job.seconds
        with contextlib.suppress(ConnectionError):  # its end is seen below
            renderhelper.send(self._channel, renderhelper.packed(job), file.fileno())
        while not self._has_answered(min(every, deadline - time.monotonic())):
            if time.monotonic() >= deadline:
                raise RenderTimeout(f"The picture could not be worked through within {job.seconds:.0f} seconds.")
            heartbeat()
        kind, value = self._receive()
        return kind, value

    def _has_answered(self, seconds: float) -> bool:
        poll = select.poll()  # `select` takes no descriptor over 1023, which a web server with many streams has
        poll.register(self._channel, select.POLLIN)
        return bool(poll.poll(max(0.0, seconds) * 1000))

    def _receive(self) -> Any:
        """What it says; raises WorkerLost."""
        try:
            value, _ = renderhelper.receive(self._channel)
        except (EOFError, OSError):
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(1)  # it is about to say itself what it died of
            raise WorkerLost(f"The process that reads pictures died (exit code {self.end()}).") from None
        return value

    def end(self) -> int:
        """Kill the process; answers its exit code."""
        self._end_in_order.cancel()
        self._close()
        self._process.kill()
        return self._process.wait()

    def _close(self) -> None:
        self._channel.close()
        self._lifeline.close()


# This process's own, for work that one thread does.
OWN = Sandbox()
