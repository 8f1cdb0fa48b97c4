"""What people are told when a photo gets no thumbnails; what the row says of it is for who looks after the site."""

from __future__ import annotations

from typing import NamedTuple

from photos import errors


class Failure(NamedTuple):
    """A sentence on what happened, and one on what its reader can do."""

    what: str
    advice: str


AGAIN = "Try again; if it fails again, tell who runs this site."
SMALLER = "Make a smaller version of it and upload that."

# By the code that a row has.
FAILURES: dict[str, Failure] = {
    errors.CorruptImage.code: Failure(
        "The picture is damaged.", "Copy or export it once more from where it came from, and upload that."
    ),
    errors.TooManyPixels.code: Failure("The picture has too many pixels.", SMALLER),
    errors.UnsupportedFormat.code: Failure(
        "Files of this kind can't be read here.", "Save it as JPEG, PNG or WebP and upload that."
    ),
    errors.OriginalMissing.code: Failure("The uploaded file is gone.", "Delete this photo here and upload it again."),
    errors.StorageUnavailable.code: Failure(
        "The place where files are kept did not answer.", "Try again later; if it stays so, tell who runs this site."
    ),
    errors.RenderTimeout.code: Failure(
        "The picture took too long to read.", f"Try again. If it fails again: {SMALLER.lower()}"
    ),
    errors.OutOfMemory.code: Failure("The picture needs too much memory.", SMALLER),
    errors.WorkerLost.code: Failure("The work on the picture broke off.", AGAIN),
    errors.InternalError.code: Failure("Something went wrong here that is not your fault.", AGAIN),
}


def failure(code: str) -> Failure:
    """What is told of an error's code; of one that only another version of the program knows, that something went wrong."""
    return FAILURES.get(code, FAILURES[errors.InternalError.code])
