"""One render with its limits, as something that can be handed to another process. Imports without Django."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import BinaryIO, Protocol

from photos import engine, sandbox
from photos.sizes import Box, OutputFormat


@dataclass(frozen=True)
class RenderJob:
    """What to make of an original, and what it may take: seconds of wall clock, bytes of memory."""

    boxes: Mapping[str, Box]
    format: OutputFormat
    quality: int
    max_pixels: int
    seconds: float
    memory_bytes: int


class Renderer(Protocol):
    """A way to carry out a job: in a forked child, or in a helper process."""

    def __call__(
        self, job: RenderJob, original: BinaryIO, *, heartbeat: Callable[[], None], every: float
    ) -> engine.Rendering:
        """The rendering; raises a PhotoError. Calls ``heartbeat`` each ``every`` seconds; what that raises ends it."""
        ...


def in_forked_child(
    job: RenderJob, original: BinaryIO, *, heartbeat: Callable[[], None], every: float
) -> engine.Rendering:
    """Render in a child of this process, which must have no other threads at work."""
    return sandbox.run(
        lambda: engine.render(original, job.boxes, format=job.format, quality=job.quality, max_pixels=job.max_pixels),
        seconds=job.seconds,
        memory_bytes=job.memory_bytes,
        heartbeat=heartbeat,
        every=every,
    )
