"""Whether this process could serve: its database, its tables and its storage, each asked for what it is needed for."""

from __future__ import annotations

import contextlib
import logging
import threading
import time
from collections.abc import Callable

from django.db import Error, connection
from django.db.migrations.executor import MigrationExecutor

from photos import storage
from photos.errors import OriginalMissing, PhotoError
from photos.models import Orphan, Photo

logger = logging.getLogger(__name__)

# Whoever asks more often is told the same again: anybody may ask, and each answer costs the storage three requests.
FRESH_SECONDS = 5.0
WRITTEN = b"Can this be read again?"


class NotReady(Exception):
    """Something that the process needs does not work; says why."""


class Readiness:
    """What was found when it was last looked at, for all threads of a process."""

    def __init__(self) -> None:
        self._looking = threading.Lock()
        self._found: dict[str, str] = {}
        self._found_at = 0.0

    def checks(self) -> dict[str, str]:
        """Of "database", "migrations" and "storage", up to the first that fails: "ok" or "failing".

        Looks at most once each FRESH_SECONDS; while a thread looks the others are told what it found last.
        """
        if self._looking.acquire(blocking=not self._found):
            try:
                if not self._found or time.monotonic() - self._found_at >= FRESH_SECONDS:
                    self._found, self._found_at = _look(), time.monotonic()
            finally:
                self._looking.release()
        return self._found


def _look() -> dict[str, str]:
    found: dict[str, str] = {}
    for name, look in LOOKS.items():
        try:
            look()
        except (NotReady, PhotoError, Error) as error:
            logger.warning("not ready", extra={"failing": name, "error": str(error)})
            return found | {name: "failing"}
        found[name] = "ok"
    return found


def _database() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")


def _migrations() -> None:
    executor = MigrationExecutor(connection)
    if missing := executor.migration_plan(executor.loader.graph.leaf_nodes()):
        raise NotReady(f"{len(missing)} migrations are not applied, {missing[0][0]} the first: run manage.py prepare.")


def _storage() -> None:
    """Its newest photo can be opened, if it is there at all, and a file written, read and deleted."""
    for key in Photo.objects.order_by("-pk").values_list("original_path", flat=True)[:1]:
        # A lost original is that photo's trouble; a folder that is not mounted is everybody's.
        with contextlib.suppress(OriginalMissing):
            storage.open_file(key).close()
    key = storage.probe_key()
    with Orphan.objects.expected([key]):
        storage.save_bytes(key, WRITTEN)
        with storage.open_file(key) as file:
            if file.read() != WRITTEN:
                raise NotReady("The storage gave back other bytes than it had been given.")
    if Orphan.objects.filter(key=key).exists():
        raise NotReady("The storage did not delete a file.")


LOOKS: dict[str, Callable[[], None]] = {"database": _database, "migrations": _migrations, "storage": _storage}

# This process's own.
READINESS = Readiness()
