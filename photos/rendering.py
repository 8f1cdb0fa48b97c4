"""One render with its limits, as something that can be handed to another process. Imports without Django."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import BinaryIO, Protocol

from photos import engine
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

    def run(self, original: BinaryIO) -> engine.Rendering:
        """The rendering, made in this process, where its limits are somebody else's to keep; raises a PhotoError."""
        return engine.render(original, self.boxes, format=self.format, quality=self.quality, max_pixels=self.max_pixels)


class Renderer(Protocol):
    """A way to carry out a job with its limits."""

    def __call__(
        self, job: RenderJob, original: BinaryIO, *, heartbeat: Callable[[], None], every: float
    ) -> engine.Rendering:
        """The rendering; raises a PhotoError. Calls ``heartbeat`` each ``every`` seconds; what that raises ends it."""
        ...
