"""The synchronous service: pictures in, thumbnails out."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any
from uuid import UUID

from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.parsers import MultiPartParser
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.reverse import reverse
from rest_framework.views import APIView

from photos import images, ondemand
from photos.api.errors import STATUS_OF_CODE, InvalidDimensions, UnknownPreset, answer, described
from photos.api.fields import FormPixelsField
from photos.api.images import ImageView
from photos.api.parsers import JSONParser
from photos.api.permissions import workspace_to_fill
from photos.api.schema import FILE_ERRORS, IMAGE_CALL, Refusal, refusals
from photos.api.serializers import PhotoSerializer, image_facts
from photos.api.throttles import RenderThrottle
from photos.errors import THUMBNAIL_ERRORS, MissingFile, StorageUnavailable
from photos.models import CustomThumbnail, Photo
from photos.sizes import MAX_EDGE, PRESETS, CustomBox

# What the first of files that are all bad may be answered with, as 400; the rest is 503.
ALL_BAD = {*FILE_ERRORS, "conflict", *(error.code for error in THUMBNAIL_ERRORS)} - {StorageUnavailable.code}


# Django reads no more from one request (DATA_UPLOAD_MAX_NUMBER_FILES).
MAX_FILES = 100


class OrderSerializer(serializers.Serializer[Any]):
    """What is wanted of which pictures."""

    file = serializers.ListField(
        child=serializers.FileField(allow_empty_file=True, max_length=None), min_length=1, max_length=MAX_FILES
    )
    workspace = serializers.CharField(required=False, allow_blank=True, default="")
    preset = serializers.ListField(child=serializers.ChoiceField(PRESETS), required=False, default=list)
    width = FormPixelsField()
    height = FormPixelsField()

    def raise_named(self) -> None:
        """Check, and raise UnknownPreset, InvalidDimensions, or ValidationError for the rest."""
        if self.is_valid():
            return
        if "preset" in self.errors:
            raise UnknownPreset(f"A preset is one of {', '.join(PRESETS)}.", allowed=PRESETS)
        if self.errors.keys() & {"width", "height"}:
            raise InvalidDimensions(f"Width and height are whole pixels from 1 to {MAX_EDGE}.", max_px=MAX_EDGE)
        raise serializers.ValidationError(self.errors)

    def order(self) -> ondemand.Order:
        """What is wanted of each: if nothing was said, the preset medium."""
        width, height = self.validated_data["width"], self.validated_data["height"]
        box = CustomBox(width, height) if width or height else None
        presets = list(dict.fromkeys(self.validated_data["preset"]))
        return ondemand.Order(presets or ([] if box else ["medium"]), box)


class MadeSerializer(serializers.Serializer[Any]):
    """One thumbnail."""

    id = serializers.CharField()
    preset = serializers.ChoiceField([*PRESETS, "custom"])
    url = serializers.CharField()
    width = serializers.IntegerField()
    height = serializers.IntegerField()
    content_type = serializers.CharField()
    bytes = serializers.IntegerField()


class ResultSerializer(serializers.Serializer[Any]):
    """Of one file: its photo and what was made of it, or what is wrong with it."""

    filename = serializers.CharField()
    photo = serializers.UUIDField(allow_null=True)
    thumbnails = MadeSerializer(many=True)
    error = serializers.DictField(required=False, help_text="As in an error answer; only if the file is bad.")


class ResultsSerializer(serializers.Serializer[Any]):
    """A result for each file, in their order."""

    results = ResultSerializer(many=True)


class ServiceView(APIView):
    """Makes thumbnails within the request."""

    parser_classes = (MultiPartParser, JSONParser)
    permission_classes = (IsAuthenticated,)
    throttle_classes = (RenderThrottle,)

    @extend_schema(
        request={"multipart/form-data": OrderSerializer},
        responses={
            201: ResultsSerializer,
            **refusals("busy", "storage_unavailable"),
            # All files were bad: as in a result, with the first file's code.
            400: Refusal((*ALL_BAD, "missing_file", "unknown_preset", "invalid_dimensions", "unknown_workspace")),
        },
    )
    def post(self, request: Request) -> HttpResponse:
        """Take in each file and make what is ordered of it; 503 at once when this process has no renderer left."""
        if not request.FILES.getlist("file"):
            raise MissingFile("Send each picture as a multipart/form-data part named file, with a file name.")
        asked = OrderSerializer(data=request.data)
        asked.raise_named()
        order, files = asked.order(), asked.validated_data["file"]
        workspace = workspace_to_fill(request.user, asked.validated_data["workspace"])
        results = ondemand.serve(files, workspace, order, request.user)
        told = [_told(result, order, request) for result in results]
        first = results[0].error
        if first is None or not all(result.error for result in results):
            return Response({"results": told}, HTTPStatus.CREATED)
        details = {**first.details, "results": told}
        if STATUS_OF_CODE.get(first.code) == HTTPStatus.SERVICE_UNAVAILABLE:
            raise type(first)(str(first), **details)
        return answer(HTTPStatus.BAD_REQUEST, first.code, str(first), details)


def _told(result: ondemand.Result, order: ondemand.Order, request: Request) -> dict[str, Any]:
    told: dict[str, Any] = {
        "filename": result.filename,
        "photo": result.photo and str(result.photo.pk),
        "thumbnails": [],
    }
    if result.error is not None:
        return told | {"error": described(result.error.code, str(result.error), result.error.details)}
    assert result.photo is not None, "what has no error has a photo"
    facts: dict[str, Any] = {**PhotoSerializer(context={"request": request}).get_thumbnails(result.photo)}
    version = result.photo.thumbnail_version
    presets = [
        {"id": f"{result.photo.pk}.{size}.{version}", "preset": size} | (facts[size] or {}) for size in order.presets
    ]
    if result.custom is None:
        return told | {"thumbnails": presets}
    address = reverse("custom-thumbnail", args=[result.custom.pk], request=request)
    custom = {"id": str(result.custom.pk), "preset": "custom"} | image_facts(address, result.custom.stored)
    return told | {"thumbnails": [*presets, custom]}


class CustomThumbnailView(ImageView):
    """One thumbnail in a box of a client's own."""

    @extend_schema(operation_id="thumbnails_custom_retrieve", **IMAGE_CALL)
    def get(self, request: Request, pk: UUID) -> HttpResponseBase:
        """Stream the file."""
        photos = Photo.objects.visible_to(request.user)
        found = get_object_or_404(CustomThumbnail.objects.select_related("photo__workspace"), pk=pk, photo__in=photos)
        image = images.StoredImage(
            found.path,
            found.stored.content_type,
            f"{found.width}x{found.height}.{found.stored.extension}",
            found.bytes,
            f'"{found.pk}"',
            found.created_at,
        )
        return images.respond(request, image, is_public=found.photo.workspace.is_public)
