"""How a request's body is read."""

from __future__ import annotations

from collections.abc import Mapping
from typing import IO, Any

from django.http import QueryDict
from django.utils.http import parse_header_parameters
from rest_framework import parsers
from rest_framework.exceptions import ParseError
from rest_framework.request import Request


class JSONParser(parsers.JSONParser):
    """DRF's, which also survives brackets nested a thousand deep."""

    def parse(
        self, stream: IO[Any], media_type: str | None = None, parser_context: Mapping[str, Any] | None = None
    ) -> dict[str, Any]:
        """The value; raises ParseError."""
        try:
            return super().parse(stream, media_type, parser_context)
        except RecursionError as error:
            raise ParseError("It is nested too deep.") from error


def refuse_unreadable_form(request: Request) -> None:
    """Raise ParseError for a form that is more than its own end and yet has no field: Django skips what it can't read.

    For calls in which every field may be left out.
    """
    _, options = parse_header_parameters(request.content_type)
    end = f"--{options.get('boundary', '')}--\r\n"
    if isinstance(request.data, QueryDict) and not request.data and int(request.META["CONTENT_LENGTH"]) > len(end):
        raise ParseError("There is no field in this form.")
