"""`make run` on machines that can't run it says so in one line of its own."""

from __future__ import annotations

import subprocess
from pathlib import Path

from tests.running import ROOT


def _make_run(tmp_path: Path, python: str) -> subprocess.CompletedProcess[str]:
    fake = tmp_path / "python"
    fake.write_text(f"#!/bin/sh\n{python}\n")
    fake.chmod(0o755)
    command = ["make", "--no-print-directory", "run", f"PYTHON={fake}", f"VENV={tmp_path / 'environment'}"]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)


def test_a_python_that_is_too_old_is_named(tmp_path: Path) -> None:
    answer = _make_run(tmp_path, "exit 1")

    assert answer.returncode != 0
    assert answer.stdout == "thumbsite needs Python 3.11 or newer: set PYTHON=python3.11, say.\n"


def test_a_python_without_venv_says_what_to_install(tmp_path: Path) -> None:
    answer = _make_run(tmp_path, 'test "$1" = -c')

    assert answer.returncode != 0
    assert answer.stdout == "Install Python's venv module (on Debian: python3-venv).\n"
