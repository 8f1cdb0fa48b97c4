"""Static files whose names hold a digest of their bytes, so that browsers may keep them for ever."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib.staticfiles.finders import get_finders
from django.core.management import call_command
from servestatic.storage import CompressedManifestStaticFilesStorage

MARK = "collected.txt"


class HashedFiles(CompressedManifestStaticFilesStorage):
    """As in styles, names in the imports of scripts are those with the digest: no page mixes old and new modules."""

    support_js_module_import_aggregation = True

    def post_process(self, *args: Any, **options: Any) -> Iterator[Any]:
        """Note at the end what was collected."""
        yield from super().post_process(*args, **options)
        self._mark().write_text(_fingerprint())

    def is_current(self) -> bool:
        """Whether the files that are there were made of today's."""
        return self._mark().is_file() and self._mark().read_text() == _fingerprint()

    def _mark(self) -> Path:
        return Path(self.location, MARK)


def collect() -> None:
    """Collect static files, which takes seconds, unless none has changed since."""
    if not HashedFiles(location=settings.STATIC_ROOT).is_current():
        call_command("collectstatic", verbosity=0, interactive=False)


def _fingerprint() -> str:
    """A digest of the names, sizes and times of all files that would be collected."""
    listed = (storage.path(name) for finder in get_finders() for name, storage in finder.list(None))
    found = sorted((path, (stat := Path(path).stat()).st_size, int(stat.st_mtime)) for path in [*listed, __file__])
    return hashlib.sha256(repr(found).encode()).hexdigest()
