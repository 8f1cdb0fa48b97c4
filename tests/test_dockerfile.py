"""No container engine is needed to see that the image's recipe is still true to the project."""

from __future__ import annotations

import re

from django.core.management import get_commands

from tests.running import ROOT

LINES = [line for line in (ROOT / "Dockerfile").read_text().splitlines() if line and not line.startswith("#")]


def _arguments(instruction: str) -> list[str]:
    return [line.removeprefix(instruction).strip() for line in LINES if line.startswith(f"{instruction} ")]


def test_it_has_stages_from_images_pinned_to_a_patch_version() -> None:
    images = _arguments("FROM")

    assert len(images) == 2
    assert all(re.match(r"python:3\.\d+\.\d+-slim-\w+", image) for image in images)


def test_it_runs_as_nobody_special() -> None:
    assert _arguments("USER") == ["thumbsite"]


def test_all_that_it_copies_is_there_and_is_let_through() -> None:
    copied = [source for line in _arguments("COPY") if "--from" not in line for source in line.split()[:-1]]
    let_through = {line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")}

    assert copied
    assert set(copied) == let_through
    assert all((ROOT / source).exists() for source in copied)


def test_it_installs_from_hashes_and_runs_commands_that_exist() -> None:
    text = "\n".join(LINES)
    commands = re.findall(r"manage\.py (\w+)", text) + re.findall(r'^CMD \["(\w+)"\]$', text, re.MULTILINE)

    assert "--require-hashes" in text
    assert commands == ["collectstatic", "runweb"]
    assert {"collectstatic", "runweb", "runworker", "prepare"} <= set(get_commands())
