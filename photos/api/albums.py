"""The calls on albums."""

from __future__ import annotations

from typing import Any

from django.db.models import Count, IntegerField, OuterRef, QuerySet, Subquery
from django.db.models.functions import Coalesce
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework import viewsets
from rest_framework.reverse import reverse
from rest_framework.serializers import BaseSerializer

from photos.api.filters import AlbumFilters
from photos.api.parsers import JSONParser
from photos.api.permissions import EditorsWrite, workspace_to_fill
from photos.api.schema import CREATED, refusals
from photos.api.tenancy import AlbumEditSerializer, AlbumSerializer
from photos.models import Album, Photo, Workspace


@extend_schema_view(
    create=extend_schema(
        parameters=CREATED, responses={201: AlbumSerializer, **refusals("unknown_workspace", "conflict")}
    ),
    partial_update=extend_schema(request=AlbumEditSerializer, responses={200: AlbumSerializer, **refusals("conflict")}),
)
class AlbumViewSet(viewsets.ModelViewSet[Album]):
    """Albums; the photos of one that is deleted stay, without it."""

    serializer_class = AlbumSerializer
    filterset_class = AlbumFilters
    parser_classes = (JSONParser,)
    permission_classes = (EditorsWrite,)
    http_method_names = ("get", "post", "patch", "delete", "head", "options")
    lookup_value_converter = "uuid"

    def get_queryset(self) -> QuerySet[Album]:
        """What is in workspaces that this user may look into, with the number of photos."""
        visible = Workspace.objects.visible_to(self.request.user)
        # Counted album by album: of a page, not of all.
        photos = Photo.objects.filter(album=OuterRef("pk")).order_by().values("album").annotate(number=Count("pk"))
        photo_count = Coalesce(Subquery(photos.values("number"), output_field=IntegerField()), 0)
        albums = Album.objects.filter(workspace__in=visible).select_related("workspace")
        return albums.annotate(photo_count=photo_count)

    def perform_create(self, serializer: BaseSerializer[Album]) -> None:
        """Make the album in the workspace that is named, or in the only one."""
        slug = serializer.validated_data.get("workspace", {"slug": ""})["slug"]
        serializer.save(workspace=workspace_to_fill(self.request.user, slug))

    def get_success_headers(self, data: Any) -> dict[str, str]:
        """Where it is."""
        return {"Location": reverse("album-detail", args=[data["id"]], request=self.request)}
