"""Jobs that do to their process what a bad picture may do. Imports little: a helper process imports it, too."""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from photos.errors import CorruptImage

MIB = 2**20


@dataclass(frozen=True)
class Misbehaviour:
    """A job that does this, whatever the file."""

    deed: Callable[..., object]
    arguments: tuple[Any, ...] = ()
    seconds: float = 20
    memory_bytes: int = 256 * MIB

    def run(self, _: BinaryIO) -> object:
        """What it does."""
        return self.deed(*self.arguments)


def misbehaving(deed: Callable[..., object], *arguments: Any) -> Callable[..., Any]:
    """A Renderer that does this in place of each job, with the job's limits."""
    from photos.sandbox import OWN

    def render(job: Any, original: BinaryIO, **beats: Any) -> Any:
        return OWN(Misbehaviour(deed, arguments, job.seconds, job.memory_bytes), original, **beats)

    return render


def fill_memory() -> None:
    """Ask for more and more."""
    blocks = []
    while True:
        blocks.append(bytearray(MIB))


def fill_memory_to_the_last_byte() -> None:
    """Ask for more and more, until there is none left to say so."""
    for size in (2**20, 2**12, 2**6):
        with contextlib.suppress(MemoryError):
            while True:
                _KEPT.append(bytearray(size))
    raise MemoryError


_KEPT: list[bytearray] = []


def allocate(count: int) -> int:
    """Ask for so many bytes at once; answers how many there are."""
    return len(bytearray(count))


def crash() -> None:
    """Read where nothing is."""
    ctypes.string_at(0)


def end(status: int) -> None:
    """End at once."""
    os._exit(status)


def kill() -> None:
    """As the kernel does when the machine has no memory left."""
    os.kill(os.getpid(), signal.SIGKILL)


def loop() -> None:
    """Work for ever."""
    while True:
        pass


def loop_deaf_to_signals() -> None:
    """Work for ever, whoever asks to end."""
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGALRM):
        signal.signal(number, signal.SIG_IGN)
    loop()


def pause(locked: bool) -> None:
    """Never come back from native code, which may keep the interpreter locked."""
    (ctypes.PyDLL if locked else ctypes.CDLL)(None).pause()


def note_and_pause(path: str) -> None:
    """Write down who does it, and never come back from native code."""
    Path(path).write_text(str(os.getpid()))
    pause(locked=True)


def refuse() -> None:
    """Say that the picture is bad."""
    raise CorruptImage("It is broken.", read_bytes=7)


def stumble() -> None:
    """Have a bug."""
    raise LookupError


def unpicklable() -> object:
    """Answer what can't cross a channel."""
    return lambda: None
