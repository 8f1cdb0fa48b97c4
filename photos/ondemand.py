"""A picture in, its thumbnails out, within one request: what uploads and workers do, one after the other."""

from __future__ import annotations

import atexit
import time
from typing import Any, NamedTuple

from django.conf import settings
from django.core.files.base import File
from django.db.models.functions import Now

from photos import custom, errors, thumbnails, uploads
from photos.errors import Conflict, PhotoError
from photos.models import CustomThumbnail, Photo, ThumbnailStatus, Workspace
from photos.rendering import Renderer
from photos.renderpool import Busy, RenderPool
from photos.sizes import CustomBox

# This process's own; its helpers are started when first needed.
RENDERERS = RenderPool(settings.RENDERS)
atexit.register(RENDERERS.close)

# How long a worker that was quicker is waited for, and how often it is looked after.
PATIENCE_SECONDS = 30.0
LOOK_SECONDS = 0.2


class Order(NamedTuple):
    """What is wanted of each picture: some presets, a box of the client's own, or both."""

    presets: list[str]
    box: CustomBox | None


class Result(NamedTuple):
    """What became of one file: the photo with its thumbnails, or the error, with the photo if that stays."""

    filename: str
    photo: Photo | None = None
    custom: CustomThumbnail | None = None
    error: PhotoError | None = None


def serve(file: File[bytes], workspace: Workspace, order: Order, renderer: Renderer, by: Any) -> Result:
    """Take a picture in and make what is ordered of it, in the name of the user ``by``.

    A bad picture leaves nothing behind, unless its photo was here before. After an error that may pass the photo
    stays, pending, for the workers to try again.
    """
    name = file.name or ""
    # Without presets the workers make them; with them, the queue need not hear of what is made here and now.
    unrung = {"thumbnail_rung_at": Now()} if order.presets else {}
    try:
        photo, created = uploads.ingest(file, workspace, uploaded_by=by, **unrung)
    except PhotoError as error:
        return Result(name, error=error)
    try:
        _retry_failed(photo, by)
        if order.presets:
            photo = _complete(photo, renderer)
        return Result(name, photo, custom.find_or_make(photo, order.box, renderer) if order.box else None)
    except PhotoError as error:
        if created and error.permanent:
            photo.delete()
        return Result(name, photo if photo.pk else None, error=error)


def _retry_failed(photo: Photo, by: Any) -> None:
    if photo.thumbnail_status != ThumbnailStatus.FAILED:
        return
    if (error := _recorded(photo)).permanent:
        raise error
    thumbnails.retry([photo], by=by.get_username())


def _complete(photo: Photo, renderer: Renderer) -> Photo:
    """The photo once its thumbnails are made, here or by whoever was quicker; raises a PhotoError."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while True:
        thumbnails.generate(photo.pk, renderer)
        found = Photo.objects.filter(pk=photo.pk).first()
        if found is None:
            raise Conflict("The photo was deleted meanwhile; send it again.")
        if found.thumbnail_status == ThumbnailStatus.COMPLETE:
            return found
        if found.thumbnail_status != ThumbnailStatus.PROCESSING and found.thumbnail_error_code:
            raise _recorded(found)
        if time.monotonic() > deadline:
            raise Busy("A worker is busy with this picture; ask again in a moment.")
        time.sleep(LOOK_SECONDS)


def _recorded(photo: Photo) -> PhotoError:
    return errors.recorded(photo.thumbnail_error_code, photo.thumbnail_error)
