"""The tests' own data folder. A plugin, since the settings are read from the environment before any conftest."""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path

FOLDER = Path(tempfile.mkdtemp(prefix="thumbsite-tests-"))
(FOLDER / "static").mkdir()
os.environ["DATA_DIR"] = str(FOLDER)


def pytest_unconfigure() -> None:
    """Leave nothing behind."""
    shutil.rmtree(FOLDER, ignore_errors=True)
