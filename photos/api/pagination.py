"""How lists are cut into pages."""

from __future__ import annotations

from uuid import UUID

from rest_framework.exceptions import NotFound
from rest_framework.pagination import Cursor, CursorPagination
from rest_framework.request import Request


class NewestFirst(CursorPagination):
    """Cursors over the primary key, a UUIDv7: pages stay stable while rows are added."""

    ordering = "-id"
    page_size = 50
    page_size_query_param = "page_size"
    max_page_size = 200

    def decode_cursor(self, request: Request) -> Cursor | None:
        """The cursor, if the query has one; raises NotFound for one that was not given out here."""
        cursor = super().decode_cursor(request)
        try:
            if cursor and cursor.position:
                UUID(str(cursor.position))
        except ValueError as error:
            raise NotFound from error
        return cursor
