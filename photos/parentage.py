"""Processes that must not outlive the one that started them. Imports without Django."""

from __future__ import annotations

import ctypes
import signal
import sys

PR_SET_PDEATHSIG = 1  # linux/prctl.h
# Looked up before any fork: loading a library in the child of a process with threads may dead-lock.
_libc = ctypes.CDLL(None) if sys.platform == "linux" else None


def die_with_parent(number: signal.Signals) -> None:
    """In a new child: be sent this signal when the thread that started it ends, however it ends. Linux only."""
    if _libc is not None:
        _libc.prctl(PR_SET_PDEATHSIG, number)
