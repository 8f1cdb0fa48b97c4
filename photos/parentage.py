"""Processes that must not outlive the one that started them. Imports without Django, and runs without it."""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import subprocess
import sys
import threading
from functools import partial
from pathlib import Path

PR_SET_PDEATHSIG = 1  # linux/prctl.h
LOOK_SECONDS = 0.2
# Looked up before any fork: loading a library in the child of a process with threads may dead-lock.
_libc = ctypes.CDLL(None) if sys.platform == "linux" else None


def _die_with_parent(parent: int) -> None:
    """In a new child of ``parent``: be killed when the thread that started it ends, however it ends. Linux only."""
    if _libc is not None:
        _libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        os._exit(0)  # it died before it could take us with it


def start_kept(command: list[str], grace_seconds: float, environment: dict[str, str]) -> subprocess.Popen[bytes]:
    """Start a command below a keeper, in a session of their own; answers the keeper.

    On SIGTERM, or when the calling process is gone, the keeper sends the command SIGTERM. When that has ended, at the
    latest after so many seconds, it kills whatever is left of the session, itself included.
    """
    keeper = [sys.executable, "-P", str(Path(__file__).resolve()), str(os.getpid()), str(grace_seconds)]
    return subprocess.Popen([*keeper, *command], env=environment, stdin=subprocess.DEVNULL, start_new_session=True)


def _keep(parent: int, grace_seconds: float, command: list[str]) -> None:
    told = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: told.set())
    child = subprocess.Popen(command, preexec_fn=partial(_die_with_parent, os.getpid()))
    while child.poll() is None and os.getppid() == parent and not told.wait(LOOK_SECONDS):
        pass
    child.terminate()
    with contextlib.suppress(subprocess.TimeoutExpired):
        child.wait(grace_seconds)
    os.killpg(0, signal.SIGKILL)


if __name__ == "__main__":
    _keep(int(sys.argv[1]), float(sys.argv[2]), sys.argv[3:])
