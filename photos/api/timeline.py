"""What happened to a photo."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.shortcuts import get_object_or_404
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.permissions import IsAuthenticatedOrReadOnly
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from photos import timeline
from photos.models import Photo
from photos.models.event import EventType


class TimelineEntrySerializer(serializers.Serializer[timeline.Entry]):
    """One event; what does not belong to its type is null, names too for all but members of the workspace."""

    type = serializers.ChoiceField(EventType.choices, read_only=True)
    created_at = serializers.DateTimeField(read_only=True)
    by = serializers.CharField(
        read_only=True, allow_null=True, help_text="The user who uploaded or retried it, for members only."
    )
    attempt = serializers.IntegerField(
        read_only=True, allow_null=True, help_text="The number of the attempt that ended, from 1; anew after a retry."
    )
    worker = serializers.CharField(
        read_only=True, allow_null=True, help_text="The host and process that made the attempt, for members only."
    )
    duration_seconds = serializers.FloatField(
        read_only=True, allow_null=True, help_text="From the start of the attempt to its end."
    )
    error_code = serializers.CharField(read_only=True, allow_null=True, help_text="As in `thumbnail_error_code`.")
    error = serializers.CharField(read_only=True, allow_null=True, help_text="As in `thumbnail_error`.")


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
        told: Any = timeline.of(photo, request.user)
        return Response({"results": TimelineEntrySerializer(told, many=True).data})
