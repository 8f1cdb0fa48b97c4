"""Static files are collected when they changed, and not again at each start."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from thumbsite import static


@pytest.fixture
def source(settings: Any, tmp_path: Path) -> Path:
    """The only folder whose files are collected; into one of the test's own."""
    settings.STATIC_ROOT = tmp_path / "collected"
    settings.STATICFILES_FINDERS = ["django.contrib.staticfiles.finders.FileSystemFinder"]
    settings.STATICFILES_DIRS = [tmp_path / "source"]
    settings.STORAGES = settings.STORAGES | {"staticfiles": {"BACKEND": "thumbsite.static.HashedFiles"}}
    (tmp_path / "source").mkdir()
    (tmp_path / "source/page.css").write_text("a { color: red }")
    return tmp_path / "source"


def collected(settings: Any, pattern: str = "page.*.css") -> set[str]:
    return {path.name for path in Path(settings.STATIC_ROOT).glob(pattern)}


def test_they_are_collected_once(source: Path, settings: Any) -> None:
    static.collect()
    [name] = collected(settings)
    Path(settings.STATIC_ROOT, name).unlink()

    static.collect()

    assert not collected(settings), "not again"


@pytest.mark.parametrize("change", ["other bytes", "another time", "another file", "a file less"])
def test_they_are_collected_again_after_a_change(change: str, source: Path, settings: Any) -> None:
    page = source / "page.css"
    static.collect()
    [name] = collected(settings)
    Path(settings.STATIC_ROOT, name).unlink()

    if change == "other bytes":
        page.write_text("a { color: blue; }")
    if change == "another time":
        os.utime(page, (1, 1))
    if change == "another file":
        (source / "more.css").write_text("b {}")
    if change == "a file less":
        (source / "less.css").write_text("b {}")
        static.collect()
        (source / "less.css").unlink()
    static.collect()

    assert len(collected(settings)) == 1
