"""The rooms, and who may enter which: the plan of the house as data, held against the imports as they are."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent

# Each room of photos/, and the rooms that it may import from. What a room has inside is its own affair.
ROOMS: dict[str, set[str]] = {
    # knows nobody, and nothing of Django
    "errors": set(),
    "sizes": set(),
    "stopwatch": set(),
    "engine": {"errors", "sizes"},
    # one thing each
    "samples": set(),
    "body_limit": set(),
    "health": {"metrics", "models", "readiness"},
    "metrics": {"models"},
    "readiness": {"errors", "models", "storage"},
    "ranges": set(),
    "security_policy": set(),
    "blur": set(),
    "failures": {"errors"},
    "filters": {"errors", "models"},
    "rates": {"models"},
    "timeline": {"models"},
    "conditional": {"errors"},
    "checks": set(),
    "queue": set(),
    "parentage": set(),
    "threads": set(),
    "breaker": set(),
    "sandbox": {"errors", "renderhelper"},
    "storage": {"errors"},
    "s3": {"storage"},
    "disk": {"storage"},
    "claims": {"errors", "models"},
    "rendering": {"engine", "sizes"},
    "renderhelper": {"errors", "rendering"},
    "renderpool": {"errors", "sandbox"},
    "validators": {"engine", "errors", "storage"},
    "models": {"errors", "sizes", "storage"},
    # where they meet
    "findings": set(),
    "uploads": {"errors", "models", "storage", "validators"},
    "thumbnails": {
        "claims",
        "engine",
        "errors",
        "models",
        "queue",
        "rendering",
        "sandbox",
        "sizes",
        "stopwatch",
        "storage",
    },
    "patience": {"renderpool"},
    "custom": {"claims", "engine", "errors", "models", "patience", "rendering", "sizes", "storage", "thumbnails"},
    "ondemand": {"custom", "errors", "models", "patience", "rendering", "renderpool", "sizes", "thumbnails", "uploads"},
    "images": {"conditional", "errors", "models", "ranges", "sizes", "storage"},
    "strays": {"errors", "findings", "models", "storage"},
    "reconcile": {"findings", "models", "queue", "storage", "strays", "thumbnails"},
    "tail": {"models"},
    "frames": {"models", "sizes"},
    "events": {"frames", "models", "tail", "threads"},
    # who asks for it
    "tasks": {"breaker", "errors", "models", "thumbnails"},
    "signals": {"models", "thumbnails"},
    "cluster": {"parentage"},
    "watchdog": {"models"},
    "worker": {"cluster", "errors", "models", "queue", "strays", "thumbnails", "watchdog"},
    "firstrun": {"models", "samples", "uploads"},
    "management": {
        "errors",
        "events",
        "findings",
        "firstrun",
        "parentage",
        "reconcile",
        "thumbnails",
        "uploads",
        "worker",
    },
    "templatetags": {"blur", "failures", "models", "sizes"},
    "api": {
        "conditional",
        "errors",
        "events",
        "filters",
        "frames",
        "images",
        "models",
        "ondemand",
        "rates",
        "security_policy",
        "sizes",
        "threads",
        "thumbnails",
        "timeline",
        "uploads",
    },
    "web": {"errors", "failures", "filters", "models", "rates", "sizes", "thumbnails", "timeline", "uploads"},
    "admin": {"errors", "images", "models", "sizes", "thumbnails"},
    "apps": {"checks", "signals"},
    "migrations": {"models"},
}

WIRING = {"admin", "api", "apps", "signals", "tasks", "web"}
MODULES = sorted((ROOT / "photos").rglob("*.py"))


def room(path: Path) -> str:
    return path.relative_to(ROOT / "photos").parts[0].removesuffix(".py")


def imports(path: Path) -> Iterator[str]:
    """All that a module imports, as full dotted names; of `from a import b` both a and a.b."""
    package = path.relative_to(ROOT).with_suffix("").parts[:-1]
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = ".".join(package[: len(package) - node.level + 1]) if node.level else ""
            module = ".".join(filter(None, [base, node.module]))
            yield module
            yield from (f"{module}.{alias.name}" for alias in node.names)


def test_every_room_is_on_the_plan() -> None:
    assert {room(path) for path in MODULES} - {"__init__"} == set(ROOMS)


def test_the_plan_has_no_circle() -> None:
    TopologicalSorter(ROOMS).prepare()


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_module_imports_only_from_rooms_that_its_own_may_enter(path: Path) -> None:
    entered = {name.split(".")[1] for name in imports(path) if name.startswith("photos.")}
    allowed = ROOMS.get(room(path), set())
    assert entered - {room(path)} <= allowed, f"{room(path)} may import {sorted(allowed)}"


def test_only_wiring_imports_the_rooms_at_the_outside() -> None:
    allowed = {"apps": {"signals"}}
    for name, entered in ROOMS.items():
        assert entered & WIRING <= allowed.get(name, set()), name


def test_no_more_is_allowed_than_is_needed_of_the_rooms_that_span_others() -> None:
    entered = {name.split(".")[1] for name in imports(ROOT / "photos/thumbnails.py") if name.startswith("photos.")}
    assert entered == ROOMS["thumbnails"]


def test_only_the_queue_knows_whose_queue_it_is() -> None:
    knows = {room(path) for path in MODULES for name in imports(path) if name.split(".")[0] == "django_q"}
    assert knows == {"queue"}


@pytest.mark.parametrize("name", ["errors", "sizes", "engine", "sandbox", "rendering", "renderhelper"])
def test_pixels_import_without_django(name: str) -> None:
    code = f"import sys, photos.{name}; sys.exit('django' in sys.modules)"
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True)


def test_no_room_is_a_lumber_room() -> None:
    lumber = {"utils", "util", "helpers", "common", "services", "misc", "lib"}
    assert not lumber & {part for path in MODULES for part in path.with_suffix("").parts}


@pytest.mark.parametrize("path", [path for path in MODULES if room(path) != "migrations"], ids=lambda path: path.stem)
def test_modules_and_functions_are_short(path: Path) -> None:
    text = path.read_text()
    assert len(text.splitlines()) <= 200
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            docstring = len((ast.get_docstring(node) or "").splitlines())
            assert len(ast.unparse(node).splitlines()) - docstring <= 30, node.name
