"""A picture in, its thumbnails out, within one request: what uploads and workers do, one after the other."""

from __future__ import annotations

import atexit
from collections.abc import Iterable
from typing import Any, NamedTuple

from django.conf import settings
from django.core.files.base import File
from django.db.models.functions import Now

from photos import custom, errors, thumbnails, uploads
from photos.errors import Conflict, PhotoError, StorageUnavailable
from photos.models import CustomThumbnail, Photo, ThumbnailStatus, Workspace
from photos.patience import Patience
from photos.rendering import Renderer
from photos.renderpool import Busy, RenderPool
from photos.sizes import CustomBox

# This process's own; its helpers are started when first needed.
RENDERERS = RenderPool(settings.RENDERS)
atexit.register(RENDERERS.close)

# From the start of a request: how long it waits for others that were quicker, and how long it begins with files.
PATIENCE_SECONDS = 30.0


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


def serve(files: Iterable[File[bytes]], workspace: Workspace, order: Order, by: Any) -> list[Result]:
    """Take pictures in and make what is ordered of each, in the name of the user ``by``; raises Busy at once.

    A bad picture leaves nothing behind, unless its photo was here before. After an error that may pass the photo
    stays, pending, for the workers to try again. Once the storage fails, or the time is over, no further file is
    begun with: a place in the pool is others' too.
    """
    results: list[Result] = []
    refusal: PhotoError | None = None
    with RENDERERS.place() as renderer:
        patience = Patience(PATIENCE_SECONDS)
        for file in files:
            if refusal is None and results and patience.is_over:
                refusal = Busy("This request took its time; send this file again.")
            served = None if refusal else _serve_one(file, workspace, order, by, renderer, patience)
            results.append(served or Result(file.name or "", error=refusal))
            if served and isinstance(served.error, StorageUnavailable):
                refusal = served.error
    return results


def _serve_one(
    file: File[bytes], workspace: Workspace, order: Order, by: Any, renderer: Renderer, patience: Patience
) -> Result:
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
            photo = _complete(photo, by, renderer, patience)
        made = custom.find_or_make(photo, order.box, renderer, patience) if order.box else None
        return Result(name, photo, made)
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


def _complete(photo: Photo, by: Any, renderer: Renderer, patience: Patience) -> Photo:
    """The photo once its thumbnails are made by today's recipe, here or by whoever was quicker; raises a PhotoError."""
    photo.hasten()
    if photo.is_outdated:
        photo.regenerate(by=by.get_username())
    while True:
        thumbnails.generate(photo.pk, renderer)
        found = Photo.objects.filter(pk=photo.pk).first()
        if found is None:
            raise Conflict("The photo was deleted meanwhile; send it again.")
        if found.thumbnail_status == ThumbnailStatus.COMPLETE:
            return found
        if found.thumbnail_status != ThumbnailStatus.PROCESSING and found.thumbnail_error_code:
            raise _recorded(found)
        patience.wait()


def _recorded(photo: Photo) -> PhotoError:
    return errors.recorded(photo.thumbnail_error_code, photo.thumbnail_error)
