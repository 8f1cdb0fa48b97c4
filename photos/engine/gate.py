"""The one gate through which every read of a foreign picture passes, so that only named errors come out of it."""

from __future__ import annotations

import errno
import io
import textwrap
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import BinaryIO, ClassVar

from photos.errors import CorruptImage, OutOfMemory, PhotoError, StorageUnavailable

# Codecs raise OSError without a number for bad data, and systems with EINVAL for a seek to where bad data points.
BAD_DATA = (None, errno.EINVAL)

# What decoders raise with a sentence of their own; others, such as IndexError, only speak of Python.
WORDED = (OSError, SyntaxError, ValueError, EOFError)

# JPEG, PNG, GIF: their decoders read as they go, so that the file's position tells how far they came.
READ_AS_NEEDED = (b"\xff\xd8", b"\x89PNG", b"GIF8")


class _QuietWarnings:
    """Keeps Pillow's warnings about damaged metadata silent while at least one thread is inside.

    ``warnings.catch_warnings`` alone would put back the wrong filters when threads overlap.
    """

    _lock: ClassVar[threading.Lock] = threading.Lock()
    _inside: ClassVar[int] = 0
    _saved: ClassVar[warnings.catch_warnings[None]]

    def __enter__(self) -> None:
        cls = type(self)
        with cls._lock:
            if cls._inside == 0:
                cls._saved = warnings.catch_warnings()
                cls._saved.__enter__()
                warnings.simplefilter("ignore")
            cls._inside += 1

    def __exit__(self, *_: object) -> None:
        cls = type(self)
        with cls._lock:
            cls._inside -= 1
            if cls._inside == 0:
                cls._saved.__exit__(None, None, None)


@contextmanager
def enough_memory() -> Iterator[None]:
    """Raises OutOfMemory for a MemoryError."""
    try:
        yield
    except MemoryError as error:
        msg = "The picture needs more memory than one attempt may use; make it smaller and send it again."
        raise OutOfMemory(msg) from error


@contextmanager
def gate(file: BinaryIO) -> Iterator[None]:
    """Turns whatever a broken file makes a decoder raise into CorruptImage, which says how far it could be read.

    Trouble with the file itself, such as a disk's I/O error, is StorageUnavailable: the picture may be good.
    """
    with enough_memory(), _QuietWarnings():
        try:
            yield
        except (PhotoError, MemoryError):
            raise
        except OSError as error:
            if error.errno == errno.ENOMEM:
                raise MemoryError from error
            if error.errno not in BAD_DATA:
                msg = "The original can't be read from the file storage; try again later."
                raise StorageUnavailable(msg) from error
            raise _corrupt(file, error) from error
        except Exception as error:
            raise _corrupt(file, error) from error


def _corrupt(file: BinaryIO, error: Exception) -> CorruptImage:
    position = file.tell()
    file.seek(0, io.SEEK_END)
    size = file.tell()
    file.seek(0)
    advice = "export it again and send the new file."
    if not file.read(4).startswith(READ_AS_NEEDED):
        return CorruptImage(f"The picture is damaged ({_reason(error)}); {advice}", size_bytes=size)
    msg = f"The picture is damaged and could be read only up to byte {position} of {size} ({_reason(error)}); {advice}"
    return CorruptImage(msg, read_bytes=position, size_bytes=size)


def _reason(error: Exception) -> str:
    """The decoder's own words where they are meant for people; an unidentified file's name only an address."""
    words = textwrap.shorten(str(error), 120, placeholder=" …").rstrip(".")
    if not words or " object at 0x" in words or not isinstance(error, WORDED):
        return "its parts contradict each other"
    return words
