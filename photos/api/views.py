"""The calls on photos, albums and workspaces; each starts from what this user may see."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any, TypeVar
from uuid import UUID

from django.db.models import Model, QuerySet
from rest_framework import generics, mixins, viewsets
from rest_framework.decorators import action
from rest_framework.exceptions import PermissionDenied
from rest_framework.parsers import MultiPartParser
from rest_framework.permissions import IsAuthenticatedOrReadOnly
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.reverse import reverse

from photos import thumbnails, uploads
from photos.api.errors import NotFailed, UnknownAlbum, UnknownWorkspace
from photos.api.parsers import JSONParser
from photos.api.serializers import (
    AlbumSerializer,
    ListQuerySerializer,
    PhotoSerializer,
    UploadSerializer,
    WorkspaceSerializer,
)
from photos.errors import MissingFile
from photos.models import Album, Photo, Workspace

Row = TypeVar("Row", bound=Model)


def narrowed(rows: QuerySet[Row], request: Request) -> QuerySet[Row]:
    """The rows of one workspace, if the query names one; raises ValidationError."""
    query = ListQuerySerializer(data=request.query_params)
    query.is_valid(raise_exception=True)
    slug = query.validated_data.get("workspace")
    return rows.filter(workspace__slug=slug) if slug else rows


class PhotoViewSet(
    mixins.ListModelMixin, mixins.RetrieveModelMixin, mixins.DestroyModelMixin, viewsets.GenericViewSet[Photo]
):
    """Photos: upload, list, look at, delete, retry."""

    serializer_class = PhotoSerializer
    parser_classes = (MultiPartParser, JSONParser)
    permission_classes = (IsAuthenticatedOrReadOnly,)
    lookup_value_converter = "uuid"

    def get_queryset(self) -> QuerySet[Photo]:
        """What this user may look at."""
        photos = Photo.objects.visible_to(self.request.user).select_related("workspace", "uploaded_by")
        return narrowed(photos, self.request) if self.action == "list" else photos

    def create(self, request: Request) -> Response:
        """Take one picture in, and answer before its thumbnails are made."""
        if "file" not in request.FILES:
            raise MissingFile("Send the picture as a multipart/form-data part named file, with a file name.")
        upload = UploadSerializer(data=request.data)
        upload.is_valid(raise_exception=True)
        fields: dict[str, Any] = dict(upload.validated_data)
        file, slug, album_id = fields.pop("file"), fields.pop("workspace"), fields.pop("album")
        workspace = self._workspace_to_fill(slug)
        album = self._album(workspace, album_id) if album_id else None
        photo, created = uploads.ingest(file, workspace, uploaded_by=request.user, album=album, **fields)
        answer = self.get_serializer(photo).data | {"duplicate": not created, "message": None}
        if created:
            location = reverse("photo-api-detail", args=[photo.pk], request=request)
            return Response(answer, HTTPStatus.CREATED, headers={"Location": location})
        message = "This workspace already has a photo with the same bytes; nothing was added."
        return Response(answer | {"thumbnail_status": "skipped", "message": message})

    def perform_destroy(self, instance: Photo) -> None:
        """Delete the row; its files follow."""
        self._require_editor(instance)
        instance.delete()

    @action(detail=True, methods=["post"])
    def retry(self, request: Request, pk: UUID) -> Response:
        """Put a failed photo back to pending."""
        photo = self.get_object()
        self._require_editor(photo)
        if not thumbnails.retry([photo], by=request.user.get_username()):
            raise NotFailed(f"Only a failed photo can be retried; this one is {photo.thumbnail_status}.")
        return Response(self.get_serializer(photo).data, HTTPStatus.ACCEPTED)

    def _require_editor(self, photo: Photo) -> None:
        if not photo.workspace.is_editable_by(self.request.user):
            raise PermissionDenied

    def _workspace_to_fill(self, slug: str) -> Workspace:
        if slug:
            workspace = Workspace.objects.visible_to(self.request.user).filter(slug=slug).first()
        else:
            mine = Workspace.objects.of_member(self.request.user)[:2]
            workspace = mine[0] if len(mine) == 1 else None
        if workspace is None:
            raise UnknownWorkspace("Name one of your workspaces by its slug in the field workspace.")
        if not workspace.is_editable_by(self.request.user):
            raise PermissionDenied
        return workspace

    @staticmethod
    def _album(workspace: Workspace, album_id: UUID) -> Album:
        album = workspace.albums.filter(pk=album_id).first()
        if album is None:
            raise UnknownAlbum("Name an album of this workspace by its id in the field album.")
        return album


class WorkspaceListView(generics.ListAPIView[Workspace]):
    """The workspaces that this user may look into."""

    serializer_class = WorkspaceSerializer
    permission_classes = (IsAuthenticatedOrReadOnly,)

    def get_queryset(self) -> QuerySet[Workspace]:
        """One's own, and public ones."""
        return Workspace.objects.visible_to(self.request.user)


class AlbumListView(generics.ListAPIView[Album]):
    """The albums in them."""

    serializer_class = AlbumSerializer
    permission_classes = (IsAuthenticatedOrReadOnly,)

    def get_queryset(self) -> QuerySet[Album]:
        """Of one workspace, if the query names one."""
        visible = Workspace.objects.visible_to(self.request.user)
        return narrowed(Album.objects.filter(workspace__in=visible).select_related("workspace"), self.request)
