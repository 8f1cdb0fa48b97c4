"""How far thumbnails are: small answers for clients that ask again and again."""

from __future__ import annotations

import hashlib
import json
from typing import Any
from uuid import UUID

from django.core.serializers.json import DjangoJSONEncoder
from django.http import HttpResponseBase, HttpResponseNotModified
from django.shortcuts import get_object_or_404
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.permissions import IsAuthenticatedOrReadOnly
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from photos import conditional
from photos.api.schema import KNOWN, UNCHANGED
from photos.api.serializers import PhotoSerializer
from photos.models import Photo

MAX_IDS = 200


class PhotoStatusSerializer(PhotoSerializer):
    """Of a photo, what changes while its thumbnails are made."""

    class Meta(PhotoSerializer.Meta):
        fields = (
            "id",
            "thumbnail_status",
            "thumbnail_attempts",
            "thumbnail_error_code",
            "thumbnail_error",
            "thumbnail_next_attempt_at",
            "thumbnail_url",
            "thumbnails",
            "updated_at",
        )
        read_only_fields = fields


class IdsField(serializers.ListField):
    """Ids with commas between."""

    child = serializers.UUIDField()

    def to_internal_value(self, data: list[str]) -> list[UUID]:
        """Each id once, in the order of the query; raises ValidationError."""
        words = [word.strip() for text in data for word in text.split(",")]
        ids: list[UUID] = super().to_internal_value([word for word in words if word])
        return list(dict.fromkeys(ids))


class StatusQuerySerializer(serializers.Serializer[Any]):
    """Which photos a client asks for."""

    ids = IdsField(allow_empty=False, max_length=MAX_IDS)


class PhotoStatusesSerializer(serializers.Serializer[Any]):
    """Several photos' states, and the ids of which there is no photo, or none to be seen."""

    results = PhotoStatusSerializer(many=True)
    missing = serializers.ListField(child=serializers.UUIDField())


ASKED = OpenApiParameter(
    "ids",
    {"type": "array", "items": {"type": "string", "format": "uuid"}, "minItems": 1, "maxItems": MAX_IDS},
    required=True,
    explode=False,
    style="form",
)


class StatusView(APIView):
    """Answers 304 as long as nothing has changed."""

    permission_classes = (IsAuthenticatedOrReadOnly,)

    def answer(self, request: Request, payload: dict[str, Any]) -> HttpResponseBase:
        """The payload, or 304 for a client that has it; may be kept, but not shown again without asking."""
        # Not of `updated_at` alone: SQLite's clock ticks in milliseconds, and addresses hold the host's name.
        digest = hashlib.sha256(json.dumps(payload, cls=DjangoJSONEncoder).encode()).hexdigest()[:32]
        # Weak: the same in JSON as on the browsable page.
        etag = f'W/"{digest}"'
        known = conditional.not_modified(request, etag)
        response: HttpResponseBase = HttpResponseNotModified() if known else Response(payload)
        response.headers["ETag"] = etag
        response.headers["Cache-Control"] = "private, no-cache"
        return response


class PhotoStatusView(StatusView):
    """How far one photo is."""

    @extend_schema(responses={200: PhotoStatusSerializer, **UNCHANGED}, parameters=KNOWN)
    def get(self, request: Request, pk: UUID) -> HttpResponseBase:
        """The small payload for polling."""
        photo = get_object_or_404(Photo.objects.visible_to(request.user), pk=pk)
        return self.answer(request, PhotoStatusSerializer(photo, context={"request": request}).data)


class PhotoStatusesView(StatusView):
    """How far several photos are."""

    @extend_schema(
        operation_id="photos_statuses_retrieve",
        responses={200: PhotoStatusesSerializer, **UNCHANGED},
        parameters=[*KNOWN, ASKED],
    )
    def get(self, request: Request) -> HttpResponseBase:
        """The small payloads in the order of the ids, and the ids of which there is no photo, or none to be seen."""
        query = StatusQuerySerializer(data=request.query_params)
        query.is_valid(raise_exception=True)
        ids: list[UUID] = query.validated_data["ids"]
        photos = Photo.objects.visible_to(request.user).in_bulk(ids)
        found = [photos[photo_id] for photo_id in ids if photo_id in photos]
        results = PhotoStatusSerializer(found, many=True, context={"request": request}).data
        missing = [str(photo_id) for photo_id in ids if photo_id not in photos]
        return self.answer(request, {"results": results, "missing": missing})
