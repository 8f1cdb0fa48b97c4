"""Renders for the web, in helper processes."""

from __future__ import annotations

import io
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, cast

import pytest

from photos import engine, ondemand
from photos.errors import CorruptImage, OutOfMemory, RenderTimeout
from photos.rendering import RenderJob
from photos.renderpool import Busy, RenderPool
from photos.sandbox import OWN
from photos.sizes import Recipe
from tests import pictures

RECIPE = Recipe()


def job(seconds: float = 30, memory_bytes: int = 2**30) -> RenderJob:
    return RenderJob(RECIPE.boxes, RECIPE.format, RECIPE.quality, 10**8, seconds, memory_bytes)


def file_of(data: bytes) -> BinaryIO:
    file = tempfile.TemporaryFile()  # noqa: SIM115 - the caller closes it
    file.write(data)
    file.seek(0)
    return cast(BinaryIO, file)


def render(pool: RenderPool, data: bytes, **limits: float) -> engine.Rendering:
    with pool.place() as renderer, file_of(data) as original:
        return renderer(job(**limits), original, heartbeat=lambda: None, every=5)  # type: ignore[arg-type, no-any-return]


@pytest.fixture
def pool() -> Iterator[RenderPool]:
    for others in (ondemand.RENDERERS.close, OWN.end):
        others()  # what other tests left idle is none of this one's
    pool = RenderPool(2)
    yield pool
    pool.close()


def test_a_helper_makes_the_same_bytes_as_this_process(pool: RenderPool) -> None:
    data = pictures.jpeg(1000, 700)

    made = render(pool, data)

    assert made == job().run(io.BytesIO(data))


def test_a_named_error_comes_back_and_the_helper_goes_on(pool: RenderPool) -> None:
    with pytest.raises(CorruptImage):
        render(pool, pictures.truncated(pictures.encoded(pictures.photo(600, 400), "JPEG")))

    first = _pids()
    assert render(pool, pictures.png()).width == 64
    assert _pids() == first


def test_one_more_than_there_are_places_is_refused_at_once(pool: RenderPool) -> None:
    with pool.place(), pool.place(), pytest.raises(Busy):
        pool.place().__enter__()

    assert render(pool, pictures.png()).width == 64


def test_the_limits_hold(pool: RenderPool) -> None:
    large = pictures.encoded(pictures.photo(3000, 3000), "PNG", compress_level=1)

    with pytest.raises(RenderTimeout):
        render(pool, large, seconds=0.05)
    render(pool, pictures.png())
    first = _pids()
    with pytest.raises(OutOfMemory):
        render(pool, large, memory_bytes=8 * 2**20)
    assert render(pool, large).width == 3000
    assert _pids() != first, "what has run out of memory is not used again"


def test_closing_the_pool_ends_its_helpers(pool: RenderPool) -> None:
    render(pool, pictures.png())

    pool.close()

    assert _pids() == []


def _pids() -> list[int]:
    children = Path(f"/proc/self/task/{os.getpid()}/children").read_text().split()
    return [int(pid) for pid in children if b"renderhelper" in Path(f"/proc/{pid}/cmdline").read_bytes()]
