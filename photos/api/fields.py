"""Fields that take what JSON and forms say in their own ways, and nothing else."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers
from rest_framework.utils.html import is_html_input

from photos.sizes import MAX_EDGE

NOTHING = {"type": "string", "maxLength": 0}


class TrueOrFalseField(serializers.BooleanField):
    """Yes or no: in JSON true or false, where DRF's own field also takes numbers and words; in a form, words."""

    def to_internal_value(self, data: Any) -> bool:
        """The value; raises ValidationError."""
        form = is_html_input(getattr(self.parent, "initial_data", None))
        if not isinstance(data, bool) and not form:
            self.fail("invalid", input=data)
        return bool(super().to_internal_value(data))


class TextField(serializers.CharField):
    """Text, where DRF's own field also takes numbers."""

    def to_internal_value(self, data: Any) -> str:
        """The text; raises ValidationError."""
        if not isinstance(data, str):
            self.fail("invalid")
        return str(super().to_internal_value(data))


class SlugField(TextField, serializers.SlugField):
    """A slug, likewise."""


@extend_schema_field({"anyOf": [{"type": "string", "format": "uuid"}, NOTHING]})
class FormUUIDField(serializers.UUIDField):
    """An id in a form, where none is empty."""


@extend_schema_field({"anyOf": [{"type": "integer", "minimum": 1, "maximum": MAX_EDGE}, NOTHING]})
class FormPixelsField(serializers.IntegerField):
    """An edge in a form, in pixels from 1 to 4096, where none is empty."""

    def __init__(self, **options: Any) -> None:
        super().__init__(min_value=1, max_value=MAX_EDGE, required=False, default=None, **options)
