"""The engine on a 12-megapixel JPEG against the naive way, which filters each size from a full decode.

Milliseconds are the best of several runs; peak memory is that of a process of its own.
"""

from __future__ import annotations

import io
import re
import subprocess
import sys
import timeit
from collections.abc import Callable
from functools import partial
from pathlib import Path

from PIL import Image

from photos.engine import render
from photos.engine.colour import to_srgb
from photos.engine.decode import decode, open_source
from photos.engine.encode import ENCODERS, encode
from photos.engine.formats import identify
from photos.engine.placeholder import thumbhash
from photos.engine.render import derive
from photos.sizes import Recipe, fit
from tests.pictures import encoded, photo

SIZE = (4000, 3000)
RUNS = 5
RECIPE = Recipe()
SIZES = sorted(fit(*SIZE, box) for box in RECIPE.boxes.values())
LARGEST = SIZES[-1]
MAX_PIXELS = 1 << 26
LANCZOS = Image.Resampling.LANCZOS
WEBP = ENCODERS["webp"]


def engine(data: bytes) -> None:
    """The engine's way."""
    render(io.BytesIO(data), RECIPE.boxes, format="webp", quality=RECIPE.quality, max_pixels=MAX_PIXELS)


def whole(data: bytes) -> Image.Image:
    """A full decode."""
    image = Image.open(io.BytesIO(data))
    image.load()
    return image


def naive(data: bytes) -> None:
    """The naive way."""
    image = whole(data)
    for size in SIZES:
        encode(image.resize(size, LANCZOS), WEBP, RECIPE.quality)


def drafted(data: bytes) -> Image.Image:
    """The engine's decode alone."""
    file = io.BytesIO(data)
    return decode(open_source(file, identify(file, MAX_PIXELS)[0], MAX_PIXELS), LARGEST)


def best(work: Callable[[], object]) -> float:
    """Milliseconds of the fastest run: what the work takes when nothing disturbs it."""
    return min(timeit.repeat(work, number=1, repeat=RUNS)) * 1000


def peak_mib(way: str, data: bytes) -> float:
    """The most memory that a fresh process held, imports and file included."""
    code = f"from bench.engine import *; {way}(sys.stdin.buffer.read()); print(Path('/proc/self/status').read_text())"
    done = subprocess.run([sys.executable, "-c", code], input=data, capture_output=True, check=True)
    found = re.search(rb"VmHWM:\s+(\d+)", done.stdout)
    return int(found[1]) / 1024 if found else float("nan")


def main() -> None:
    """Prints the table."""
    data = encoded(photo(*SIZE), "JPEG", quality=85)
    full, large = whole(data), to_srgb(drafted(data), None)
    scaled = derive(large, SIZES)
    rows: list[tuple[str, Callable[[], object], Callable[[], object] | None]] = [
        ("decode to the largest", partial(drafted, data), lambda: whole(data).resize(LARGEST, LANCZOS)),
        ("the two smaller", lambda: derive(large, SIZES), lambda: [full.resize(size, LANCZOS) for size in SIZES[:2]]),
        ("encode three as WebP", lambda: [encode(image, WEBP, RECIPE.quality) for image in scaled.values()], None),
        ("placeholder", lambda: thumbhash(scaled[min(scaled)]), None),
        ("all of it", partial(engine, data), partial(naive, data)),
    ]
    print(f"JPEG of {SIZE[0]} × {SIZE[1]} pixels, {len(data):,} bytes{'engine':>24}{'naive':>11}{'ratio':>8}")
    for name, ours, theirs in rows:
        fast, slow = best(ours), best(theirs) if theirs else None
        print(f"{name:<53}{fast:>8.1f} ms" + (f"{slow:>8.1f} ms{slow / fast:>7.1f}×" if slow else ""))
    if Path("/proc/self/status").exists():
        fast, slow = peak_mib("engine", data), peak_mib("naive", data)
        print(f"{'peak memory of a process':<53}{fast:>7.0f} MiB{slow:>7.0f} MiB{slow / fast:>7.1f}×")


if __name__ == "__main__":
    main()
