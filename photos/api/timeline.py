"""What happened to a photo."""

from __future__ import annotations

from datetime import datetime
from typing import Any, cast
from uuid import UUID

from django.shortcuts import get_object_or_404
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.permissions import IsAuthenticatedOrReadOnly
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from photos.models import Photo, PhotoEvent
from photos.models.event import EventType


class TimelineEntrySerializer(serializers.Serializer[PhotoEvent]):
    """One event; what does not belong to its type is null, names too for all but members of the workspace."""

    type = serializers.ChoiceField(EventType.choices, read_only=True)
    created_at = serializers.DateTimeField(read_only=True)
    by = serializers.SerializerMethodField(help_text="The user who uploaded or retried it.")
    attempt = serializers.SerializerMethodField(help_text="The number of the attempt that ended, from 1.")
    worker = serializers.SerializerMethodField(help_text="The host and process that made the attempt.")
    duration_seconds = serializers.SerializerMethodField(help_text="From the start of the attempt to its end.")
    error_code = serializers.SerializerMethodField()
    error = serializers.SerializerMethodField()

    def get_by(self, event: PhotoEvent) -> str | None:
        """For members only."""
        return self._name(event, "by")

    def get_attempt(self, event: PhotoEvent) -> int | None:
        """Counted anew after a retry."""
        return cast(int | None, event.data.get("attempt"))

    def get_worker(self, event: PhotoEvent) -> str | None:
        """For members only."""
        return self._name(event, "worker")

    def get_duration_seconds(self, event: PhotoEvent) -> float | None:
        """By the database's clock, to the millisecond."""
        started_at = event.data.get("started_at")
        if not started_at:
            return None
        return round((event.created_at - datetime.fromisoformat(started_at)).total_seconds(), 3)

    def get_error_code(self, event: PhotoEvent) -> str | None:
        """As in `thumbnail_error_code`."""
        return cast(str | None, event.data.get("error_code"))

    def get_error(self, event: PhotoEvent) -> str | None:
        """As in `thumbnail_error`."""
        return cast(str | None, event.data.get("error"))

    def _name(self, event: PhotoEvent, key: str) -> str | None:
        return (event.data.get(key) or None) if self.context["shows_names"] else None


class TimelineSerializer(serializers.Serializer[Any]):
    """All events of a photo."""

    results = TimelineEntrySerializer(many=True)


class TimelineView(APIView):
    """A photo's events, as long as there is the photo."""

    permission_classes = (IsAuthenticatedOrReadOnly,)

    @extend_schema(responses=TimelineSerializer)
    def get(self, request: Request, pk: UUID) -> Response:
        """Oldest first: uploaded, each attempt, each retry."""
        photos = Photo.objects.visible_to(request.user).select_related("workspace")
        photo = get_object_or_404(photos, pk=pk)
        events = PhotoEvent.objects.filter(photo_id=photo.pk)
        context: dict[str, Any] = {"shows_names": photo.workspace.has_member(request.user)}
        return Response({"results": [TimelineEntrySerializer(event, context=context).data for event in events]})
