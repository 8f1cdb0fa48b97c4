"""The one door by which a picture comes in: bytes checked, original stored, row written, in this order."""

from __future__ import annotations

from typing import Any, NamedTuple
from uuid import uuid4

from django.core.files.base import File
from django.db import IntegrityError, transaction
from django.db.models.functions import Now

from photos import storage, validators
from photos.errors import Conflict, OriginalMissing
from photos.models import Orphan, Photo, PhotoEvent, Workspace
from photos.models.event import EventType
from photos.models.ids import uuid7


class Ingested(NamedTuple):
    """The photo of an upload, and whether the upload made it (or found it there)."""

    photo: Photo
    created: bool


def ingest(file: File[bytes], workspace: Workspace, **fields: Any) -> Ingested:
    """Take a picture in, or find the photo that has the same bytes in this workspace.

    ``fields`` are columns of the photo (title, kind, album, is_primary, uploaded_by). Raises a PhotoError
    and leaves no row and no file behind when the picture is refused or the storage does not work.
    """
    print_ = validators.fingerprint(file)
    if existing := _same_bytes(workspace, print_.sha256):
        _bring_back_original(existing, file, by=str(fields.get("uploaded_by") or ""))
        return Ingested(existing, created=False)
    found = validators.probe(file)
    photo_id = uuid7()
    photo = Photo(
        id=photo_id,
        workspace=workspace,
        original_path=storage.original_key(photo_id, found.extension),
        original_filename=validators.clean_filename(file.name, found.extension),
        content_type=found.content_type,
        width=found.width,
        height=found.height,
        is_animated=found.is_animated,
        byte_size=print_.byte_size,
        sha256=print_.sha256,
        **fields,
    )
    with Orphan.objects.expected([photo.original_path]):
        storage.save(photo.original_path, file)
        return _insert(photo)


def _insert(photo: Photo) -> Ingested:
    try:
        with transaction.atomic():
            Orphan.objects.adopt([photo.original_path])
            if photo.is_primary and photo.album:
                photo.album.clear_primary()
            photo.save(force_insert=True)
            PhotoEvent.objects.record(photo, EventType.CREATED, by=str(photo.uploaded_by or ""))
    except IntegrityError as error:
        # Somebody sent the same bytes in the meantime; that photo is as good.
        existing = _same_bytes(photo.workspace, photo.sha256)
        if existing is None:
            raise Conflict("The workspace or album changed while the file was sent; try again.") from error
        return Ingested(existing, created=False)
    return Ingested(photo, created=True)


def _bring_back_original(photo: Photo, file: File[bytes], *, by: str) -> None:
    """Store the bytes again if the storage has lost them: these may be the only ones left."""
    gone = photo.original_path
    if not storage.missing([gone]):
        return
    # Under another key: half a file must never have a name that a row knows.
    key = storage.original_key(photo.pk, f"{uuid4().hex}.{gone.rpartition('.')[2]}")
    with Orphan.objects.expected([key]):
        storage.save(key, file)
        with transaction.atomic():
            if Photo.objects.filter(pk=photo.pk, original_path=gone).update(original_path=key, updated_at=Now()):
                Orphan.objects.adopt([key])
                Orphan.objects.doom([gone])
    photo.refresh_from_db()
    if photo.thumbnail_error_code == OriginalMissing.code:
        photo.retry(by=by)


def _same_bytes(workspace: Workspace, sha256: str) -> Photo | None:
    return Photo.objects.filter(workspace=workspace, sha256=sha256).first()
