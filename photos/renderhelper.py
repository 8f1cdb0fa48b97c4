"""The life of one helper process: take a job and an open file, render, answer; until the other end is closed.

A web process has threads, and a process with threads can't be forked safely; this one has none.
Run as ``python -m photos.renderhelper FD`` with one end of a socket pair. Imports without Django.
"""

from __future__ import annotations

import os
import pickle
import signal
import socket
import struct
import sys
from typing import Any

from photos.errors import InternalError, PhotoError
from photos.rendering import RenderJob, in_forked_child

LENGTH = struct.Struct("!Q")


def send(channel: socket.socket, value: object, files: list[int] | None = None) -> None:
    """Send one value, pickled, and open files beside it."""
    data = pickle.dumps(value)
    socket.send_fds(channel, [LENGTH.pack(len(data))], files or [])
    channel.sendall(data)


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


def serve(channel: socket.socket) -> None:
    """Answer each job with ``("rendering", …)`` or ``("error", …)``."""
    while True:
        try:
            job, (file,) = receive(channel)
        except EOFError:
            return
        assert isinstance(job, RenderJob)
        answer: tuple[str, object]
        try:
            with os.fdopen(file, "rb") as original:
                answer = ("rendering", in_forked_child(job, original, heartbeat=lambda: None, every=job.seconds))
        except PhotoError as error:
            answer = ("error", error)
        except Exception as error:  # noqa: BLE001 - it crosses the socket as a sentence
            answer = ("error", InternalError(f"The render failed ({type(error).__name__})."))
        send(channel, answer)


if __name__ == "__main__":
    # Ctrl-C is for the web process; this one ends with it.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    serve(socket.socket(fileno=int(sys.argv[1])))
