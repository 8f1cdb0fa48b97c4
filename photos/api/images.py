"""The bytes of originals and thumbnails, for whoever may see the photo."""

from __future__ import annotations

from collections.abc import Iterable
from uuid import UUID

from django.http import Http404, HttpResponseBase
from django.shortcuts import get_object_or_404
from rest_framework.negotiation import BaseContentNegotiation
from rest_framework.permissions import AllowAny
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request
from rest_framework.views import APIView

from photos import images
from photos.errors import OriginalMissing
from photos.models import Photo


class ImageNegotiation(BaseContentNegotiation):
    """Takes any Accept header: the image is what it is, and only errors are JSON."""

    def select_renderer(
        self, request: Request, renderers: Iterable[BaseRenderer], format_suffix: str | None = None
    ) -> tuple[BaseRenderer, str]:
        """The first renderer."""
        renderer = next(iter(renderers))
        return renderer, renderer.media_type


class ImageView(APIView):
    """Who may see a photo may see its images."""

    permission_classes = (AllowAny,)
    content_negotiation_class = ImageNegotiation

    def find(self, request: Request, photo_id: UUID) -> Photo:
        """The photo, if this user may look at it; raises Http404."""
        return get_object_or_404(Photo.objects.visible_to(request.user).select_related("workspace"), pk=photo_id)


class OriginalView(ImageView):
    """The original, byte for byte as it was uploaded."""

    def get(self, request: Request, pk: UUID) -> HttpResponseBase:
        """Stream the file."""
        photo = self.find(request, pk)
        try:
            return images.original(photo)
        except OriginalMissing as error:
            raise Http404 from error


class ThumbnailView(ImageView):
    """One published thumbnail; an address of earlier bytes is gone with them."""

    def get(self, request: Request, pk: UUID, size: str, version: str) -> HttpResponseBase:
        """Stream the file."""
        photo = self.find(request, pk)
        if version != photo.thumbnail_version:
            raise Http404
        try:
            return images.thumbnail(photo, size)
        except OriginalMissing as error:
            raise Http404 from error
