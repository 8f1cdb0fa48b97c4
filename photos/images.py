"""Stored images as HTTP responses; whoever calls has made sure that the asker may see the photo."""

from __future__ import annotations

from collections.abc import AsyncIterator

from asgiref.sync import sync_to_async
from django.http import FileResponse, Http404, HttpResponseBase

from photos import storage
from photos.models import Photo
from photos.sizes import PRESETS

# An image's address never gets other bytes; a year is the longest that caches take seriously (RFC 9111).
CACHE_CONTROL = "max-age=31536000, immutable"


class StoredFileResponse(FileResponse):
    """A FileResponse that is read chunk by chunk under ASGI too, where Django would collect the whole file first."""

    async def __aiter__(self) -> AsyncIterator[bytes]:
        assert self.file_to_stream is not None, "made from an open file"
        read = sync_to_async(self.file_to_stream.read)
        while chunk := await read(storage.CHUNK_BYTES):
            yield chunk


def original(photo: Photo) -> HttpResponseBase:
    """The original, byte for byte as it was uploaded; raises OriginalMissing or StorageUnavailable."""
    return _response(photo, photo.original_path, photo.content_type, photo.original_filename)


def thumbnail(photo: Photo, size: str) -> HttpResponseBase:
    """A published thumbnail; raises Http404 when there is none, OriginalMissing or StorageUnavailable."""
    stored = photo.stored_thumbnail(size) if size in PRESETS else None
    if stored is None:
        raise Http404
    return _response(photo, stored.path, stored.content_type, f"{size}.{stored.extension}")


def _response(photo: Photo, key: str, content_type: str, filename: str) -> HttpResponseBase:
    """A stored image, cacheable for ever: by anyone if its workspace is public, else by this client only."""
    response = StoredFileResponse(storage.open_file(key), content_type=content_type, filename=filename)
    audience = "public" if photo.workspace.is_public else "private"
    response.headers["Cache-Control"] = f"{audience}, {CACHE_CONTROL}"
    response.headers["X-Content-Type-Options"] = "nosniff"
    # Opened as a page of its own, an image must not run anything.
    response.headers["Content-Security-Policy"] = "default-src 'none'; sandbox"
    return response
