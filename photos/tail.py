"""The end of the table of events: what was added to it, each once, in the order of the ids."""

from __future__ import annotations

import time
from typing import NamedTuple

from django.db import connection

from photos.models import PhotoEvent
from photos.models.event import CHANNEL

POLL_SECONDS = 0.2
# As many as one reading takes; fewer than a subscriber's queue holds, so that it can be emptied between two.
BATCH = 100

# Held from before an id is drawn to after the commit is seen by others.
WRITERS = (
    "SELECT virtualtransaction FROM pg_locks WHERE mode = 'RowExclusiveLock'"
    " AND relation = 'photos_photoevent'::regclass"
    " AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
)


class News(NamedTuple):
    """Events, and the id up to which all are told; None as long as that is not known."""

    events: list[PhotoEvent]
    position: int | None


class Tail:
    """Reads on from the end that the table has at its first reading; all calls are made in one thread."""

    def __init__(self) -> None:
        self._position: int | None = None
        # An id that had been drawn, and who was writing then: below it no event can appear once they are done.
        self._mark = 0
        self._writers: set[str] = set()
        self._settled = 0
        self._listening: object = None

    def read(self) -> News:
        """Wait a moment for the table to grow, and tell what was added; raises DatabaseError."""
        self._wait()
        settled = self._settled_id()
        if self._position is None:
            self._position = None if self._writers else settled
            return News([], self._position)
        added = PhotoEvent.objects.streamed().filter(pk__gt=self._position, pk__lte=settled)[:BATCH]
        events = list(added) if settled > self._position else []
        self._position = events[-1].pk if len(events) == BATCH else max(settled, self._position)
        return News(events, self._position)

    def _wait(self) -> None:
        if connection.vendor != "postgresql":
            time.sleep(POLL_SECONDS)
            return
        connection.ensure_connection()
        with connection.wrap_database_errors:
            if connection.connection is not self._listening:
                connection.connection.execute(f"LISTEN {CHANNEL}")
                self._listening = connection.connection
            for _ in connection.connection.notifies(timeout=POLL_SECONDS, stop_after=1):
                pass

    def _settled_id(self) -> int:
        """The id up to which every event is to be seen that ever will be."""
        if connection.vendor != "postgresql":
            # One writer at a time: ids come in the order of the commits.
            return PhotoEvent.objects.last_drawn_id()
        if self._writers:
            self._writers &= _writers()
        if not self._writers:
            self._settled = self._mark
            self._mark = PhotoEvent.objects.last_drawn_id()
            if self._mark != self._settled:
                self._writers = _writers()
        return self._settled if self._writers else self._mark


def _writers() -> set[str]:
    with connection.cursor() as cursor:
        cursor.execute(WRITERS)
        return {str(row[0]) for row in cursor.fetchall()}
