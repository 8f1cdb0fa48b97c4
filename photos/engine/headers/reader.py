"""What a header says, and how much of a file may be read to find it out."""

from __future__ import annotations

import io
import struct
from dataclasses import dataclass
from typing import Any, BinaryIO

from photos.errors import CorruptImage

# Far above real headers (a camera's largest metadata block is some 100 kB), far below what hurts a server.
MAX_READ_BYTES = 4 * 1024 * 1024

# A 50 MiB GIF has some 210 000 data blocks; a file that needs more steps is built to waste time.
MAX_STEPS = 1_000_000


@dataclass(frozen=True)
class Header:
    """A picture's size in pixels as decoded, and the EXIF orientation (1 to 8) that then still has to be applied."""

    width: int
    height: int
    orientation: int = 1
    is_animated: bool = False

    @property
    def displayed(self) -> tuple[int, int]:
        """Width and height in pixels after the orientation is applied."""
        return displayed_size(self.width, self.height, self.orientation)


def displayed_size(width: int, height: int, orientation: int) -> tuple[int, int]:
    """Width and height after the EXIF orientation is applied: 5 to 8 lay the picture on its side."""
    return (height, width) if orientation >= 5 else (width, height)


class HeaderReader:
    """Reads small pieces of a seekable file, and refuses a piece or a number of steps that no real header needs."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._steps = 0
        file.seek(0, io.SEEK_END)
        self.size = file.tell()
        file.seek(0)
        self.position = 0

    def peek(self, count: int) -> bytes:
        """Up to count bytes from here, without moving."""
        data = self._file.read(count)
        self._file.seek(self.position)
        return data

    def read(self, count: int) -> bytes:
        """Exactly count bytes from here; raises CorruptImage where the file is shorter."""
        self._steps += 1
        if self._steps > MAX_STEPS or count > MAX_READ_BYTES:
            msg = f"The picture's header is larger than a real one (at byte {self.position}); export it again."
            raise CorruptImage(msg, read_bytes=self.position, size_bytes=self.size)
        data = self._file.read(count) if self.position < self.size else b""
        if len(data) < count:
            raise self.truncated(", inside its header")
        self.position += count
        return data

    def unpack(self, layout: str) -> tuple[Any, ...]:
        """The next fields, as a struct layout names them."""
        return struct.unpack(layout, self.read(struct.calcsize(layout)))

    def skip(self, count: int) -> None:
        """Moves on by count bytes, also past the end: the next read tells."""
        self.seek(self.position + count)

    def seek(self, position: int) -> None:
        """Moves to a position in bytes from the start, also past the end."""
        self.position = position
        if position <= self.size:
            self._file.seek(position)

    @property
    def at_end(self) -> bool:
        """Whether nothing is left to read."""
        return self.position >= self.size

    def truncated(self, where: str) -> CorruptImage:
        """The error for a file that ends too early."""
        msg = f"The picture is cut off: the file ends after {self.size} bytes{where}; send the whole file."
        return CorruptImage(msg, read_bytes=self.size, size_bytes=self.size)


def damaged(what: str, position: int) -> CorruptImage:
    """The error for a header that no decoder would accept."""
    return CorruptImage(f"The picture is damaged at byte {position}: {what}; export it again.", read_bytes=position)
