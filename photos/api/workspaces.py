"""The calls on workspaces."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from django.db.models import QuerySet
from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_view
from rest_framework import viewsets
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.reverse import reverse
from rest_framework.serializers import BaseSerializer

from photos.api.filters import WorkspaceFilters
from photos.api.parsers import JSONParser
from photos.api.permissions import OwnersWrite
from photos.api.schema import CREATED, refusals
from photos.api.tenancy import ConfirmationSerializer, WorkspaceEditSerializer, WorkspaceSerializer
from photos.errors import Conflict
from photos.models import Workspace

# Photos of a closed workspace that are removed before the answer; the sweep removes the others.
REMOVED_AT_ONCE = 500


@extend_schema_view(
    create=extend_schema(parameters=CREATED, responses={201: WorkspaceSerializer, **refusals("conflict")}),
    partial_update=extend_schema(request=WorkspaceEditSerializer),
)
class WorkspaceViewSet(viewsets.ModelViewSet[Workspace]):
    """Workspaces: whoever signs in may make one, and owns it."""

    serializer_class = WorkspaceSerializer
    filterset_class = WorkspaceFilters
    parser_classes = (JSONParser,)
    permission_classes = (OwnersWrite,)
    http_method_names = ("get", "post", "patch", "delete", "head", "options")
    lookup_field = "slug"
    lookup_value_converter = "slug"

    def get_queryset(self) -> QuerySet[Workspace]:
        """One's own, and public ones."""
        return Workspace.objects.visible_to(self.request.user)

    def perform_create(self, serializer: BaseSerializer[Workspace]) -> None:
        """Make the workspace with its owner."""
        serializer.save(owner=self.request.user)

    def get_success_headers(self, data: Any) -> dict[str, str]:
        """Where it is."""
        return {"Location": reverse("workspace-detail", args=[data["slug"]], request=self.request)}

    @extend_schema(
        parameters=[OpenApiParameter("confirm", str, description="The slug of the workspace, if it holds photos.")],
        responses={204: None, **refusals("conflict")},
    )
    def destroy(self, request: Request, slug: str) -> Response:
        """Delete the workspace, with its photos only if ``confirm`` (in the query, or in JSON) repeats its slug.

        Nobody sees any of it from then on. Its files, and the rows of many photos, are removed soon after.
        """
        workspace = self.get_object()
        confirmation = ConfirmationSerializer(data=request.data or request.query_params)
        confirmation.is_valid(raise_exception=True)
        photos = workspace.close(with_photos=confirmation.validated_data["confirm"] == slug)
        if photos:
            message = f"The photos would be deleted too; to confirm, repeat the call with confirm={slug}."
            raise Conflict(message, photos=photos)
        Workspace.objects.remove_closed(REMOVED_AT_ONCE)
        return Response(status=HTTPStatus.NO_CONTENT)
