"""Makes a site's own processes stop at the points that a fault run marks; Python loads it by itself, by PYTHONPATH.

A point is marked by a file of its name in the folder FAULT_POINTS. Who reaches it first renames the file, writes its
own pid and its parent's into it, and goes on when it is deleted. A point of one photo, ``<point>.<id>``, is for ever:
each process that reaches it is killed.
"""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Callable
from importlib.machinery import ModuleSpec, PathFinder
from pathlib import Path
from typing import Any

MARKS = Path(os.environ.get("FAULT_POINTS", ""))


def reach(point: str) -> None:
    mark, reached = MARKS / point, MARKS / f"{point}.reached"
    try:
        mark.rename(reached)
    except FileNotFoundError:
        return
    reached.write_text(f"{os.getpid()} {os.getppid()}")
    while reached.exists():
        time.sleep(0.02)


def before(module: Any, name: str, point: Callable[..., str]) -> None:
    """Have the module's function reach a point before it begins."""
    function = getattr(module, name)

    def stopping(*args: Any, **options: Any) -> Any:
        reach(point(*args))
        return function(*args, **options)

    setattr(module, name, stopping)


def kill_if_marked(module: Any) -> None:
    attempt = module._attempt

    def dying(photo: Any, *args: Any) -> None:
        if (MARKS / f"attempt.{photo.pk}").exists():
            os.kill(os.getpid(), signal.SIGKILL)
        attempt(photo, *args)

    module._attempt = dying


def change(module: Any) -> None:
    """Put the points of one module in."""
    name = module.__name__
    if name == "photos.engine":
        before(module, "render", lambda *_: "decode")
    if name == "photos.uploads":
        before(module, "ingest", lambda *_: "upload")
    if name == "photos.storage":
        before(module, "save_bytes", lambda key, _: f"write.{key.rpartition('/')[2].partition('.')[0]}")
    if name == "photos.queue":
        before(module, "enqueue", lambda photo_ids: "enqueue" if photo_ids else "nothing to ring for")
    if name == "photos.models.lifecycle":
        before(module.ThumbnailLifecycle, "mark_complete", lambda *_: "publish")
    if name == "photos.thumbnails":
        kill_if_marked(module)


CHANGED = {f"photos.{name}" for name in ("engine", "uploads", "storage", "queue", "models.lifecycle", "thumbnails")}


class Finder:
    """Finds modules as Python does, and changes a few when they have been run."""

    @staticmethod
    def find_spec(name: str, path: Any = None, _: Any = None) -> ModuleSpec | None:
        if name not in CHANGED:
            return None
        spec = PathFinder.find_spec(name, path)
        assert spec
        assert spec.loader
        run = spec.loader.exec_module

        def run_and_change(module: Any) -> None:
            run(module)
            change(module)

        spec.loader.exec_module = run_and_change  # type: ignore[method-assign]
        return spec


if "FAULT_POINTS" in os.environ:
    sys.meta_path.insert(0, Finder())  # type: ignore[arg-type]
