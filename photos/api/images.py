"""The bytes of originals and thumbnails, for whoever may see the photo."""

from __future__ import annotations

from uuid import UUID

from django.http import Http404, HttpResponseBase
from django.shortcuts import get_object_or_404
from drf_spectacular.utils import extend_schema
from rest_framework.permissions import AllowAny
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from photos import images
from photos.api.negotiation import AnyAccept
from photos.api.schema import IMAGE_CALL
from photos.errors import OriginalMissing
from photos.models import Photo


class ImageView(APIView):
    """Who may see a photo may see its images."""

    permission_classes = (AllowAny,)
    content_negotiation_class = AnyAccept
    # One only, so that caches aren't told that the image varies with the Accept header.
    renderer_classes = (JSONRenderer,)

    def find(self, request: Request, photo_id: UUID) -> Photo:
        """The photo, if this user may look at it; raises Http404."""
        return get_object_or_404(Photo.objects.visible_to(request.user).select_related("workspace"), pk=photo_id)

    def handle_exception(self, exc: Exception) -> Response:
        """A file that is gone from the storage is as gone as a photo."""
        return super().handle_exception(Http404() if isinstance(exc, OriginalMissing) else exc)


class OriginalView(ImageView):
    """The original, byte for byte as it was uploaded."""

    @extend_schema(**IMAGE_CALL)
    def get(self, request: Request, pk: UUID) -> HttpResponseBase:
        """Stream the file."""
        return images.original(request, self.find(request, pk))


class ThumbnailView(ImageView):
    """One published thumbnail; an address of earlier bytes is gone with them."""

    @extend_schema(operation_id="thumbnails_retrieve", **IMAGE_CALL)
    def get(self, request: Request, pk: UUID, size: str, version: str) -> HttpResponseBase:
        """Stream the file."""
        photo = self.find(request, pk)
        if version != photo.thumbnail_version:
            raise Http404
        return images.thumbnail(request, photo, size)
