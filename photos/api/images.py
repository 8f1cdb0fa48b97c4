"""The bytes of originals and thumbnails, for whoever may see the photo."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable
from uuid import UUID

from asgiref.sync import sync_to_async
from django.http import FileResponse, Http404, HttpResponseBase
from django.shortcuts import get_object_or_404
from rest_framework.negotiation import BaseContentNegotiation
from rest_framework.permissions import AllowAny
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request
from rest_framework.views import APIView

from photos import storage
from photos.api.serializers import CONTENT_TYPES
from photos.errors import OriginalMissing
from photos.models import Photo
from photos.sizes import PRESETS

# An image's address never gets other bytes; a year is the longest that caches take seriously (RFC 9111).
CACHE_CONTROL = "max-age=31536000, immutable"


class ImageNegotiation(BaseContentNegotiation):
    """Takes any Accept header: the image is what it is, and only errors are JSON."""

    def select_renderer(
        self, request: Request, renderers: Iterable[BaseRenderer], format_suffix: str | None = None
    ) -> tuple[BaseRenderer, str]:
        """The first renderer."""
        renderer = next(iter(renderers))
        return renderer, renderer.media_type


class StoredFileResponse(FileResponse):
    """A FileResponse that is read chunk by chunk under ASGI too, where Django would collect the whole file first."""

    async def __aiter__(self) -> AsyncIterator[bytes]:
        assert self.file_to_stream is not None, "made from an open file"
        read = sync_to_async(self.file_to_stream.read)
        while chunk := await read(storage.CHUNK_BYTES):
            yield chunk


def image_response(photo: Photo, key: str, content_type: str, filename: str) -> HttpResponseBase:
    """A stored image, cacheable for ever: by anyone if its workspace is public, else by this client only."""
    response = StoredFileResponse(storage.open_file(key), content_type=content_type, filename=filename)
    audience = "public" if photo.workspace.is_public else "private"
    response.headers["Cache-Control"] = f"{audience}, {CACHE_CONTROL}"
    response.headers["X-Content-Type-Options"] = "nosniff"
    # Opened as a page of its own, an image must not run anything.
    response.headers["Content-Security-Policy"] = "default-src 'none'; sandbox"
    return response


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
            return image_response(photo, photo.original_path, photo.content_type, photo.original_filename)
        except OriginalMissing as error:
            raise Http404 from error


class ThumbnailView(ImageView):
    """One published thumbnail; an address of earlier bytes is gone with them."""

    def get(self, request: Request, pk: UUID, size: str, version: str) -> HttpResponseBase:
        """Stream the file."""
        photo = self.find(request, pk)
        stored = photo.stored_thumbnail(size) if size in PRESETS else None
        if stored is None or version != photo.thumbnail_version:
            raise Http404
        extension = stored.path.rpartition(".")[2]
        try:
            return image_response(photo, stored.path, CONTENT_TYPES[extension], f"{size}.{extension}")
        except OriginalMissing as error:
            raise Http404 from error
