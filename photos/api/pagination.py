"""How lists are cut into pages, and in which order."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from rest_framework.exceptions import NotFound, ValidationError
from rest_framework.pagination import Cursor, CursorPagination
from rest_framework.request import Request
from rest_framework.serializers import IntegerField
from rest_framework.views import APIView

# Primary keys are UUIDv7: they sort by the moment of their making, and no two are equal, so that a cursor is exact.
ORDERINGS = {"-created_at": "-id", "created_at": "id"}


class NewestFirst(CursorPagination):
    """Cursors over the primary key: pages stay stable while rows are added. ``ordering`` turns the list round."""

    ordering = ORDERINGS["-created_at"]
    ordering_param = "ordering"
    page_size = 50
    page_size_query_param = "page_size"
    max_page_size = 200

    def get_ordering(self, request: Request, queryset: QuerySet[Any], view: APIView) -> tuple[str, ...]:
        """The order by the primary key that the query asks for; raises ValidationError."""
        asked = request.query_params.get(self.ordering_param) or "-created_at"
        if asked not in ORDERINGS:
            raise ValidationError({self.ordering_param: [f"Write one of: {', '.join(ORDERINGS)}."]})
        return (ORDERINGS[asked],)

    def get_page_size(self, request: Request) -> int:
        """What the query asks for, up to the limit; raises ValidationError for what is no number of rows."""
        asked = request.query_params.get(self.page_size_query_param)
        if asked is None:
            return self.page_size
        try:
            return min(int(IntegerField(min_value=1).run_validation(asked)), self.max_page_size)
        except ValidationError as error:
            raise ValidationError({self.page_size_query_param: error.detail}) from error

    def decode_cursor(self, request: Request) -> Cursor | None:
        """The cursor, if the query has one; raises ValidationError for one that was not given out here."""
        try:
            cursor = super().decode_cursor(request)
            if cursor and cursor.position:
                UUID(str(cursor.position))
        except (NotFound, ValueError) as error:
            raise ValidationError({self.cursor_query_param: ["Follow the addresses in next and previous."]}) from error
        return cursor

    def get_schema_operation_parameters(self, view: APIView) -> list[dict[str, Any]]:
        """The parameters as OpenAPI tells them."""
        schema = {"type": "string", "enum": list(ORDERINGS), "default": "-created_at"}
        ordering = {"name": self.ordering_param, "in": "query", "required": False, "schema": schema}
        parameters: list[dict[str, Any]] = super().get_schema_operation_parameters(view)
        for one in parameters:
            if one["name"] == self.page_size_query_param:
                one["schema"] = {"type": "integer", "minimum": 1, "default": self.page_size}
        return [*parameters, ordering]
