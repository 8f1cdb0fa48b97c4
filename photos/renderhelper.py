"""The life of one helper process: take a job and an open file, carry it out, answer; until the other end is closed.

Whatever a picture does to a process, it does to this one alone. Run as ``python -m photos.renderhelper CHANNEL LIFELINE``
with one end of a socket pair, and the end of a pipe whose other end its asker holds. Imports without Django.
"""

from __future__ import annotations

import fcntl
import os
import pickle
import resource
import signal
import socket
import struct
import sys
import traceback
from pathlib import Path
from typing import Any, BinaryIO, Protocol

import photos.rendering  # noqa: F401 - loads what a job needs before its memory is limited
from photos.errors import OutOfMemory, PhotoError

LENGTH = struct.Struct("!Q")
STATM = Path("/proc/self/statm")


class Job(Protocol):
    """Work on a file; it crosses the channel pickled, as its result does."""

    @property
    def seconds(self) -> float:
        """The wall clock that it may take."""
        ...

    @property
    def memory_bytes(self) -> int:
        """The memory that it may take, on top of what the helper holds."""
        ...

    def run(self, file: BinaryIO) -> object:
        """The result; raises PhotoError."""
        ...


def packed(*value: object) -> bytes:
    """A value as it crosses the channel."""
    data = pickle.dumps(value)
    return LENGTH.pack(len(data)) + data


def send(channel: socket.socket, data: bytes, file: int) -> None:
    """Send a packed value, and an open file beside it."""
    sent = socket.send_fds(channel, [data], [file])
    channel.sendall(data[sent:])


def receive(channel: socket.socket) -> tuple[Any, list[int]]:
    """One value and the files beside it; raises EOFError when the other end is gone."""
    head, files, _, _ = socket.recv_fds(channel, LENGTH.size, maxfds=1)
    data = bytearray()
    if len(head) == LENGTH.size:
        (size,) = LENGTH.unpack(head)
        while len(data) < size and (chunk := channel.recv(min(1 << 20, size - len(data)))):
            data += chunk
        if len(data) == size:
            return pickle.loads(data), list(files)  # noqa: S301 - written by our own other end
    raise EOFError


# Made while there is memory for it.
EXHAUSTED = packed("exhausted", OutOfMemory("The picture needs more memory than one photo may use."))


def serve(channel: socket.socket) -> None:
    """Say that it is ready; then answer each job with its "result", its "refusal", that it "exhausted" memory, or a "fault"."""
    held = int(STATM.read_text().split()[0]) * resource.getpagesize() if sys.platform == "linux" else None
    channel.sendall(packed("ready"))
    while True:
        try:
            (job,), (file,) = receive(channel)
        except EOFError:
            return
        if held is not None:
            _limit_memory(held + job.memory_bytes)
        with os.fdopen(file, "rb") as original:
            answer = _answer(job, original)
        channel.sendall(answer)


def _limit_memory(count: int) -> None:
    _, most = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (count if most == resource.RLIM_INFINITY else min(count, most), most))


def _answer(job: Job, file: BinaryIO) -> bytes:
    try:
        return packed("result", job.run(file))
    except (MemoryError, OutOfMemory):
        return EXHAUSTED
    except PhotoError as error:
        return packed("refusal", error)
    except BaseException:  # noqa: BLE001 - it crosses the channel as text
        return packed("fault", traceback.format_exc())


def _end_with(lifeline: int) -> None:
    """Have the kernel end this process when the pipe's other end is closed, also in the midst of native code."""
    if sys.platform == "linux":
        fcntl.fcntl(lifeline, fcntl.F_SETSIG, signal.SIGKILL)  # SIGIO would wait for a process that is stopped to go on
    fcntl.fcntl(lifeline, fcntl.F_SETOWN, os.getpid())
    fcntl.fcntl(lifeline, fcntl.F_SETFL, fcntl.fcntl(lifeline, fcntl.F_GETFL) | os.O_ASYNC)


if __name__ == "__main__":
    # Ctrl-C is for its asker, with which it ends.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    _end_with(int(sys.argv[2]))
    serve(socket.socket(fileno=int(sys.argv[1])))
