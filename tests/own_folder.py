"""The tests' own data folder. A plugin, since the settings are read from the environment before any conftest."""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path

FOLDER = Path(tempfile.mkdtemp(prefix="thumbsite-tests-"))
(FOLDER / "collected").mkdir()
os.environ["DATA_DIR"] = str(FOLDER)
# Of all sites that tests start: to collect them takes each several seconds.
os.environ["STATIC_ROOT"] = str(FOLDER / "collected")
# What a developer's shell names is not for tests; `tests.on_servers` sets its own after this.
for _name in ("DATABASE_URL", "REDIS_URL", "STORAGE", "MEDIA_ROOT"):
    os.environ.pop(_name, None)


def pytest_unconfigure() -> None:
    """Leave nothing behind."""
    shutil.rmtree(FOLDER, ignore_errors=True)
