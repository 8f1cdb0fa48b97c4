"""Every named reason why a file is refused or a photo gets no thumbnails. Imports without Django."""

from __future__ import annotations

from typing import Any, ClassVar


class PhotoError(Exception):
    """A named failure: ``code`` is for programs, ``str()`` is one plain sentence for people.

    ``permanent`` tells that the same bytes will always fail in the same way, so that trying
    again is pointless. ``details`` are facts for programs, such as a size and its limit.
    """

    code: ClassVar[str]
    permanent: ClassVar[bool] = False

    def __init__(self, message: str, **details: Any) -> None:
        super().__init__(message)
        self.details = details


class MissingFile(PhotoError):
    """The request carries no file."""

    code = "missing_file"
    permanent = True


class EmptyFile(PhotoError):
    """The file has no bytes."""

    code = "empty_file"
    permanent = True


class FileTooLarge(PhotoError):
    """The file has more bytes than are taken in."""

    code = "file_too_large"
    permanent = True


class UnsupportedFormat(PhotoError):
    """The content is not one of the picture formats that are read."""

    code = "unsupported_format"
    permanent = True


class CorruptImage(PhotoError):
    """The content starts like a picture but can't be read as one."""

    code = "corrupt_image"
    permanent = True


class TooManyPixels(PhotoError):
    """The picture's width times height is over the limit."""

    code = "too_many_pixels"
    permanent = True


class Conflict(PhotoError):
    """Somebody else changed the same thing meanwhile."""

    code = "conflict"


class OriginalMissing(PhotoError):
    """The stored original is not where its row says."""

    code = "original_missing"


class StorageUnavailable(PhotoError):
    """The file storage doesn't answer, or refuses."""

    code = "storage_unavailable"


class RenderTimeout(PhotoError):
    """One attempt took longer than it may."""

    code = "timeout"


class OutOfMemory(PhotoError):
    """One attempt needed more memory than it may use."""

    code = "out_of_memory"


class WorkerLost(PhotoError):
    """The process that rendered the photo died."""

    code = "worker_lost"


class InternalError(PhotoError):
    """A bug of ours; the log has its traceback."""

    code = "internal_error"


# What a photo can fail for; all others are refusals of a request.
THUMBNAIL_ERRORS: tuple[type[PhotoError], ...] = (
    CorruptImage,
    TooManyPixels,
    UnsupportedFormat,
    OriginalMissing,
    StorageUnavailable,
    RenderTimeout,
    OutOfMemory,
    WorkerLost,
    InternalError,
)


def recorded(code: str, message: str) -> PhotoError:
    """The error that a photo's row tells of."""
    return next(error for error in THUMBNAIL_ERRORS if error.code == code)(message)
