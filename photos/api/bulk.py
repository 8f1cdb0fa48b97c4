"""Calls on many photos of one workspace at once."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from photos import thumbnails
from photos.api.fields import TextField
from photos.api.parsers import JSONParser
from photos.api.permissions import workspace_named, workspace_to_fill
from photos.api.schema import refusals
from photos.errors import THUMBNAIL_ERRORS, OriginalMissing

CHECKED_AT_ONCE = 1000


class WorkspaceSerializer(serializers.Serializer[Any]):
    """The workspace by its slug; who is in one only may leave it out."""

    workspace = TextField(required=False, allow_blank=True, default="")


class CheckSerializer(WorkspaceSerializer):
    """The digests of the files that a client has."""

    sha256 = serializers.ListField(
        child=serializers.RegexField(r"\A[0-9a-fA-F]{64}\Z"), allow_empty=True, max_length=CHECKED_AT_ONCE
    )


class RetrySerializer(WorkspaceSerializer):
    """Which failed photos; all, if no error is named."""

    error_code = serializers.ChoiceField([error.code for error in THUMBNAIL_ERRORS], required=False)


class ExistingSerializer(serializers.Serializer[Any]):
    """The digests that the workspace has, in lower case, and the ids of their photos."""

    existing = serializers.DictField(child=serializers.UUIDField())


class QueuedSerializer(serializers.Serializer[Any]):
    """How many photos went back to pending."""

    queued = serializers.IntegerField(min_value=0)


class CheckView(APIView):
    """Lets a client skip the upload of what is there already."""

    parser_classes = (JSONParser,)
    permission_classes = (IsAuthenticated,)

    @extend_schema(
        request=CheckSerializer, responses={200: ExistingSerializer, **refusals("invalid", "unknown_workspace")}
    )
    def post(self, request: Request) -> Response:
        """``{"existing": {sha256: photo id}}`` of those that the workspace has, in lower case.

        Without those whose original is lost: their bytes are wanted again.
        """
        check = CheckSerializer(data=request.data)
        check.is_valid(raise_exception=True)
        workspace = workspace_named(request.user, check.validated_data["workspace"])
        digests = {digest.lower() for digest in check.validated_data["sha256"]}
        found = workspace.photos.filter(sha256__in=digests).exclude(thumbnail_error_code=OriginalMissing.code)
        return Response({"existing": dict(found.values_list("sha256", "pk"))})


class RetryView(APIView):
    """Tries many failed photos again."""

    parser_classes = (JSONParser,)
    permission_classes = (IsAuthenticated,)

    @extend_schema(
        operation_id="photos_retry_many_create",
        request=RetrySerializer,
        responses={202: QueuedSerializer, **refusals("unknown_workspace")},
    )
    def post(self, request: Request) -> Response:
        """``{"queued": n}``: how many photos went back to pending."""
        wanted = RetrySerializer(data=request.data)
        wanted.is_valid(raise_exception=True)
        workspace = workspace_to_fill(request.user, wanted.validated_data.pop("workspace"))
        which = {f"thumbnail_{name}": value for name, value in wanted.validated_data.items()}
        queued = thumbnails.retry_all(workspace.photos.filter(**which), by=request.user.get_username())
        return Response({"queued": queued}, HTTPStatus.ACCEPTED)
