"""Stored images as HTTP responses; whoever calls has made sure that the asker may see the photo."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from datetime import datetime
from http import HTTPStatus
from typing import NamedTuple

from asgiref.sync import sync_to_async
from django.core.files.base import File
from django.http import FileResponse, Http404, HttpRequest, HttpResponse, HttpResponseBase, HttpResponseNotModified
from django.utils.http import content_disposition_header, http_date

from photos import conditional, ranges, storage
from photos.errors import OriginalMissing, PhotoError
from photos.models import Photo
from photos.sizes import PRESETS

# An image's address never gets other bytes; a year is the longest that caches take seriously (RFC 9111).
CACHE_CONTROL = "max-age=31536000, immutable"


class RangeNotSatisfiable(PhotoError):
    """The request asks only for bytes beyond the end of the file."""

    code = "range_not_satisfiable"


class StoredImage(NamedTuple):
    """What the rows tell of a stored file: enough to answer HEAD and a client that has it, without the storage."""

    key: str
    content_type: str
    filename: str
    byte_size: int
    etag: str
    modified_at: datetime


class FilePart:
    """Some bytes of an open file, as a file that can only be read on; closing it closes the file."""

    def __init__(self, file: File[bytes], part: range) -> None:
        file.seek(part.start)
        self._file, self._left = file, len(part)
        self.close = file.close

    def read(self, limit: int) -> bytes:
        """The next bytes, at most ``limit``; none at the end."""
        data: bytes = self._file.read(min(limit, self._left))
        self._left -= len(data)
        return data


class FilePartResponse(FileResponse):
    """A FileResponse that is read chunk by chunk under ASGI too, where Django would collect the whole file first."""

    async def __aiter__(self) -> AsyncIterator[bytes]:
        assert self.file_to_stream is not None, "made from an open file"
        read = sync_to_async(self.file_to_stream.read)
        while chunk := await read(storage.PIECE_BYTES):
            yield chunk


def original(request: HttpRequest, photo: Photo) -> HttpResponseBase:
    """The original, byte for byte as it was uploaded; raises as `respond` does."""
    image = StoredImage(
        photo.original_path,
        photo.content_type,
        photo.original_filename,
        photo.byte_size,
        f'"{photo.sha256}"',
        photo.created_at,
    )
    return respond(request, image, is_public=photo.workspace.is_public)


def thumbnail(request: HttpRequest, photo: Photo, size: str) -> HttpResponseBase:
    """A published thumbnail; raises Http404 when there is none, and as `respond` does."""
    stored = photo.stored_thumbnail(size) if size in PRESETS else None
    if stored is None or photo.thumbnail_published_at is None:
        raise Http404
    image = StoredImage(
        stored.path,
        stored.content_type,
        f"{size}.{stored.extension}",
        stored.bytes,
        f'"{photo.thumbnail_version}-{size}"',
        photo.thumbnail_published_at,
    )
    return respond(request, image, is_public=photo.workspace.is_public)


def respond(request: HttpRequest, image: StoredImage, *, is_public: bool) -> HttpResponseBase:
    """A stored image, or the part of it that is asked for, as the answer to a GET; for a HEAD, its headers.

    It may be kept for ever, by anyone if ``is_public``, else by this client only. Raises OriginalMissing,
    StorageUnavailable, RangeNotSatisfiable or PreconditionFailed.
    """
    if conditional.not_modified(request, image.etag, image.modified_at):
        return _with_headers(HttpResponseNotModified(), image, is_public=is_public)
    asked = _part(request, image)
    part = range(image.byte_size) if asked is None else asked
    if request.method == "HEAD":
        response: HttpResponseBase = HttpResponse(content_type=image.content_type)
    else:
        response = FilePartResponse(_open(image, part), content_type=image.content_type)
    if asked is not None:
        response.status_code = HTTPStatus.PARTIAL_CONTENT
        response.headers["Content-Range"] = f"bytes {part.start}-{part.stop - 1}/{image.byte_size}"
    disposition = content_disposition_header("download" in request.GET, _on_one_line(image.filename))
    response.headers["Content-Disposition"] = disposition or "inline"
    response.headers["Content-Length"] = str(len(part))
    return _with_headers(response, image, is_public=is_public)


def _with_headers(response: HttpResponseBase, image: StoredImage, *, is_public: bool) -> HttpResponseBase:
    response.headers["ETag"] = image.etag
    response.headers["Last-Modified"] = http_date(image.modified_at.timestamp())
    response.headers["Cache-Control"] = f"{'public' if is_public else 'private'}, {CACHE_CONTROL}"
    response.headers["Accept-Ranges"] = "bytes"
    response.headers["X-Content-Type-Options"] = "nosniff"
    # Opened as a page of its own, an image must not run anything.
    response.headers["Content-Security-Policy"] = "default-src 'none'; sandbox"
    return response


def _part(request: HttpRequest, image: StoredImage) -> range | None:
    """The part that is asked for, None for the whole; raises RangeNotSatisfiable."""
    # RFC 9110 defines ranges for GET only, and forgets them when what the client has a part of is not this.
    still_this = request.headers.get("If-Range", image.etag) in {image.etag, http_date(image.modified_at.timestamp())}
    if request.method != "GET" or not still_this:
        return None
    part = ranges.requested(request.headers.get("Range", ""), image.byte_size)
    if part is not None and not part:
        message = f"The file has {image.byte_size} bytes; ask for some of these."
        raise RangeNotSatisfiable(message, byte_size=image.byte_size)
    return part


def _open(image: StoredImage, part: range) -> FilePart:
    with contextlib.ExitStack() as on_error, storage.named_errors():
        file = on_error.enter_context(storage.open_file(image.key))
        # The headers are told from the row: a file that was cut off or replaced is not the one that they mean.
        if file.size != image.byte_size:
            raise OriginalMissing("The file in the storage is damaged.")
        opened = FilePart(file, part)
        on_error.pop_all()
    return opened


def _on_one_line(filename: str) -> str:
    """Nothing that could start another header; rows of old imports may hold what uploads are cleaned of."""
    return "".join(character for character in filename if character.isprintable())
