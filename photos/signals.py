"""What follows from a row's coming and going, once it is committed. Never for a change of status."""

from __future__ import annotations

from functools import partial
from typing import Any

from django.db import transaction
from django.db.models.signals import post_save, pre_delete
from django.dispatch import receiver

from photos import thumbnails
from photos.models import Orphan, Photo, PhotoEvent
from photos.models.event import EventType


@receiver(post_save, sender=Photo, dispatch_uid="ring_for_new_photo")
def ring_for_new_photo(instance: Photo, created: bool, **_: Any) -> None:
    """A row appeared: the queue is told."""
    if created:
        # Robust: the photo is safe by now, and the sweep rings for it when this fails.
        transaction.on_commit(partial(thumbnails.ring, [instance.pk]), robust=True)


@receiver(pre_delete, sender=Photo, dispatch_uid="delete_files_of_gone_photo")
def delete_files_of_gone_photo(instance: Photo, origin: object, **_: Any) -> None:
    """A row vanishes: its files go with it, at once if it goes alone, with the sweep if many go together."""
    # Read again and locked: a run may have published since the instance was loaded.
    row = Photo.objects.select_for_update().filter(pk=instance.pk).first()
    if row is None:
        return
    PhotoEvent.objects.record(row, EventType.DELETED)
    keys = row.files()
    Orphan.objects.doom(keys)
    if origin is instance:
        transaction.on_commit(Orphan.objects.filter(key__in=keys).delete_files, robust=True)
