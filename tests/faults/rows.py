"""What a site's database holds, asked without the site."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any, NamedTuple
from uuid import UUID

import psycopg

PATHS = ("thumbnail_small_path", "thumbnail_medium_path", "thumbnail_large_path")
EDGES = tuple(path.replace("path", edge) for path in PATHS for edge in ("width", "height"))


class PhotoRow(NamedTuple):
    """A photo, as far as promises are made of it."""

    id: str
    status: str
    attempts: int
    error_code: str
    error: str
    worker: str
    original: str
    thumbnails: tuple[str, ...]
    sizes: tuple[tuple[int, int], ...]


class Rows:
    """The database of one site: a SQLite file, or PostgreSQL by its URL."""

    def __init__(self, where: Path | str) -> None:
        self._where = where

    def ask(self, query: str) -> list[tuple[Any, ...]]:
        """The rows of one query."""
        if isinstance(self._where, str):
            with psycopg.connect(self._where) as connection:
                return connection.execute(query).fetchall()
        with closing(sqlite3.connect(self._where, timeout=20)) as connection:
            return connection.execute(query).fetchall()

    def write(self, query: str) -> None:
        """Run one statement."""
        if isinstance(self._where, str):
            with psycopg.connect(self._where) as connection:
                connection.execute(query)
            return
        with closing(sqlite3.connect(self._where, timeout=20)) as connection, connection:
            connection.execute(query)

    def photos(self) -> dict[str, PhotoRow]:
        """All photos, by id."""
        columns = ["id", "thumbnail_status", "thumbnail_attempts", "thumbnail_error_code", "thumbnail_error"]
        asked = ", ".join([*columns, "thumbnail_worker", "original_path", *PATHS, *EDGES])
        rows = [
            PhotoRow(str(UUID(str(row[0]))), *row[1:7], row[7:10], (row[10:12], row[12:14], row[14:]))
            for row in self.ask(f"SELECT {asked} FROM photos_photo")
        ]
        return {row.id: row for row in rows}

    def unfinished(self) -> int:
        """How many photos are neither complete nor failed."""
        query = "SELECT count(*) FROM photos_photo WHERE thumbnail_status IN ('pending', 'processing')"
        return int(self.ask(query)[0][0])

    def custom_paths(self) -> list[str]:
        """The files of all custom thumbnails."""
        return [path for (path,) in self.ask("SELECT path FROM photos_customthumbnail")]

    def orphans(self) -> set[str]:
        """The keys of files that no photo names."""
        return {key for (key,) in self.ask("SELECT key FROM photos_orphan")}

    def history(self) -> dict[str, list[str]]:
        """The types of each photo's events, oldest first."""
        told: dict[str, list[str]] = {}
        for photo_id, kind in self.ask("SELECT photo_id, type FROM photos_photoevent ORDER BY id"):
            told.setdefault(str(UUID(str(photo_id))), []).append(kind)
        return told

    def attempt_workers(self) -> list[str]:
        """Who made the attempts that ended, oldest first."""
        data = [row for (row,) in self.ask("SELECT data FROM photos_photoevent ORDER BY id")]
        read = [json.loads(row) if isinstance(row, str) else row for row in data]
        return [row["worker"] for row in read if "worker" in row]

    def rings(self) -> int:
        """How many rings the queue in the database would hand out now; a dead worker's comes back much later."""
        now = "now()" if isinstance(self._where, str) else "datetime('now')"
        return int(self.ask(f"SELECT count(*) FROM django_q_ormq WHERE lock <= {now}")[0][0])
