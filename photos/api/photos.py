"""The calls on photos; each starts from what this user may see."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework import mixins, viewsets
from rest_framework.decorators import action
from rest_framework.exceptions import ValidationError
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.reverse import reverse
from rest_framework.throttling import BaseThrottle

from photos import thumbnails, uploads
from photos.api.browsable import UploadForm
from photos.api.errors import NotFailed
from photos.api.parsers import JSONParser, refuse_unreadable_form
from photos.api.permissions import EditorsWrite, album_of, workspace_to_fill
from photos.api.schema import CREATED, FILE_ERRORS, header, refusals
from photos.api.serializers import (
    DuplicateSerializer,
    EditFormSerializer,
    EditSerializer,
    PhotoSerializer,
    UploadedSerializer,
    UploadSerializer,
)
from photos.api.throttles import UploadThrottle
from photos.api.waiting import waits_if_preferred
from photos.errors import Conflict, MissingFile
from photos.filters import PhotoFilters
from photos.models import Photo


class PhotoViewSet(
    mixins.ListModelMixin, mixins.RetrieveModelMixin, mixins.DestroyModelMixin, viewsets.GenericViewSet[Photo]
):
    """Photos: upload, list, look at, delete, retry."""

    serializer_class = PhotoSerializer
    form = UploadForm
    filterset_class = PhotoFilters
    parser_classes = (MultiPartParser, JSONParser)
    permission_classes = (EditorsWrite,)
    lookup_value_converter = "uuid"

    @classmethod
    def as_view(cls, actions: Any = None, **initkwargs: Any) -> Any:
        """The view of some methods; an upload's answer waits for the thumbnails if the client prefers that."""
        view = super().as_view(actions, **initkwargs)
        return waits_if_preferred(view) if "create" in (actions or {}).values() else view

    def get_queryset(self) -> QuerySet[Photo]:
        """What this user may look at."""
        return Photo.objects.visible_to(self.request.user).select_related("workspace", "uploaded_by")

    def get_throttles(self) -> list[BaseThrottle]:
        """Uploads have a rate."""
        return [UploadThrottle()] if self.action == "create" else []

    @extend_schema(
        request={"multipart/form-data": UploadSerializer},
        parameters=[
            header(
                "Prefer", "`wait=N`: answer when the thumbnails are done or failed, or after N seconds, at most 30."
            ),
            header("Preference-Applied", "How long the answer waited at most.", response=[200, 201]),
            *CREATED,
        ],
        responses={
            201: UploadedSerializer,
            200: DuplicateSerializer,
            **refusals(
                "missing_file", *FILE_ERRORS, "storage_unavailable", "unknown_workspace", "unknown_album", "conflict"
            ),
        },
    )
    def create(self, request: Request) -> Response:
        """Take one picture in, and answer before its thumbnails are made."""
        if "file" not in request.FILES:
            raise MissingFile("Send the picture as a multipart/form-data part named file, with a file name.")
        if len(request.FILES.getlist("file")) > 1:
            raise ValidationError({"file": ["One photo is made of one file; send each by itself."]})
        upload = UploadSerializer(data=request.data)
        upload.is_valid(raise_exception=True)
        fields: dict[str, Any] = dict(upload.validated_data)
        file, slug, album_id = fields.pop("file"), fields.pop("workspace"), fields.pop("album")
        workspace = workspace_to_fill(request.user, slug)
        album = album_of(workspace, album_id) if album_id else None
        photo, created = uploads.ingest(file, workspace, uploaded_by=request.user, album=album, **fields)
        answer = self.get_serializer(photo).data | {"duplicate": not created, "message": None}
        if created:
            location = reverse("photo-api-detail", args=[photo.pk], request=request)
            return Response(answer, HTTPStatus.CREATED, headers={"Location": location})
        message = "This workspace already has a photo with the same bytes; nothing was added."
        return Response(answer | {"thumbnail_status": "skipped", "message": message})

    @extend_schema(
        request={"application/json": EditSerializer, "multipart/form-data": EditFormSerializer},
        responses={200: PhotoSerializer, **refusals("unknown_album", "conflict")},
    )
    def partial_update(self, request: Request, pk: UUID) -> Response:
        """Change what people write on a photo; other fields are ignored.

        A photo that becomes its album's primary one takes the mark from the earlier one. A primary photo that moves to
        another album arrives as an ordinary one, unless ``is_primary`` is sent along.
        """
        photo = self.get_object()
        refuse_unreadable_form(request)
        edit = EditSerializer(photo, data=request.data, partial=True)
        edit.is_valid(raise_exception=True)
        changes = dict(edit.validated_data)
        if "album" in changes:
            album_id = changes.pop("album")
            changes["album_id"] = album_id and album_of(photo.workspace, album_id).pk
        edited = photo.edit(**changes)
        photo = self.get_object()
        if not edited:
            raise Conflict("The photo or the album was changed by somebody else meanwhile; look again and try again.")
        return Response(self.get_serializer(photo).data)

    @extend_schema(request=None, responses={202: PhotoSerializer, **refusals("not_failed")})
    @action(detail=True, methods=["post"])
    def retry(self, request: Request, pk: UUID) -> Response:
        """Put a failed photo back to pending."""
        photo = self.get_object()
        if not thumbnails.retry([photo], by=request.user.get_username()):
            raise NotFailed(f"Only a failed photo can be retried; this one is {photo.thumbnail_status}.")
        return Response(self.get_serializer(photo).data, HTTPStatus.ACCEPTED)
