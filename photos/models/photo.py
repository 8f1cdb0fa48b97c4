"""One uploaded picture: an original that never changes, and how far its thumbnails are."""

from __future__ import annotations

from functools import cache
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import IntegrityError, models, transaction
from django.db.models import Q
from django.db.models.functions import Now
from django.urls import reverse

from photos.models.album import Album, leave_album
from photos.models.ids import uuid7
from photos.models.lifecycle import ThumbnailLifecycle
from photos.models.photos import PhotoQuerySet
from photos.models.status import ThumbnailStatus
from photos.models.workspace import Workspace

NOBODY, VERSION = str(UUID(int=0)), "version"


@cache
def _pattern(name: str, *more: str) -> str:
    """An address of a photo that has nobody's id: to make it anew was a sixth of a gallery's time (bench/pages.py)."""
    return reverse(name, args=[NOBODY, *more])


class Photo(ThumbnailLifecycle):
    """One photo; the constraints make a row that lies about its thumbnails impossible."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="photos", db_index=False)
    album = models.ForeignKey(
        Album, on_delete=leave_album, null=True, blank=True, related_name="photos", db_index=False
    )
    uploaded_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, editable=False, related_name="photos"
    )
    title = models.CharField(max_length=200, blank=True, default="")
    kind = models.CharField(max_length=50, blank=True, default="", help_text="A free short label.")
    is_primary = models.BooleanField(default=False, help_text="The one photo that stands for its album.")

    original_path = models.CharField(max_length=200, unique=True, editable=False)
    original_filename = models.CharField(max_length=255, editable=False)
    content_type = models.CharField(max_length=30, editable=False)
    byte_size = models.PositiveBigIntegerField(editable=False)
    width = models.PositiveIntegerField(editable=False, help_text="In pixels, as displayed.")
    height = models.PositiveIntegerField(editable=False, help_text="In pixels, as displayed.")
    sha256 = models.CharField(max_length=64, editable=False)
    is_animated = models.BooleanField(default=False, editable=False)
    # What the original tells beside its picture, as the engine read it; null until a worker has.
    metadata = models.JSONField(null=True, editable=False)

    created_at = models.DateTimeField(db_default=Now(), editable=False)

    objects = PhotoQuerySet.as_manager()

    class Meta:
        ordering = ("-id",)
        indexes = (
            # Of unfinished rows only; by columns that are null in others, since SQLite can't infer it from a status.
            models.Index(
                fields=["thumbnail_next_attempt_at"],
                condition=Q(thumbnail_next_attempt_at__isnull=False),
                name="photo_waiting",
            ),
            models.Index(
                fields=["thumbnail_lease_expires_at"],
                condition=Q(thumbnail_lease_expires_at__isnull=False),
                name="photo_held",
            ),
            models.Index(fields=["workspace", "-id"], name="photo_newest"),
            models.Index(fields=["workspace", "thumbnail_status", "-id"], name="photo_by_status"),
            models.Index(fields=["workspace", "kind", "-id"], name="photo_by_kind"),
            models.Index(fields=["workspace", "thumbnail_recipe", "-id"], name="photo_by_recipe"),
            models.Index(fields=["workspace", "created_at"], name="photo_by_created"),
            models.Index(fields=["album", "-id"], name="photo_by_album"),
            models.Index(
                fields=["workspace", "thumbnail_error_code", "-id"],
                condition=~Q(thumbnail_error_code=""),
                name="photo_by_error_code",
            ),
            models.Index(fields=["workspace", "-id"], condition=Q(is_primary=True), name="photo_primary"),
        )
        constraints = (
            models.UniqueConstraint(fields=["workspace", "sha256"], name="photo_bytes_once_per_workspace"),
            models.UniqueConstraint(fields=["album"], condition=Q(is_primary=True), name="photo_one_primary_per_album"),
            models.CheckConstraint(
                condition=Q(is_primary=False) | Q(album__isnull=False), name="photo_primary_has_album"
            ),
            models.CheckConstraint(condition=Q(thumbnail_status__in=ThumbnailStatus.values), name="photo_status_known"),
            models.CheckConstraint(
                condition=~Q(thumbnail_status=ThumbnailStatus.COMPLETE)
                | ~(
                    Q(thumbnail_small_path="")
                    | Q(thumbnail_medium_path="")
                    | Q(thumbnail_large_path="")
                    | Q(thumbnail_recipe="")
                    | Q(thumbnail_version="")
                ),
                name="photo_complete_has_files",
            ),
            models.CheckConstraint(
                condition=~Q(thumbnail_status=ThumbnailStatus.FAILED)
                | ~(Q(thumbnail_error_code="") | Q(thumbnail_error="")),
                name="photo_failed_has_reason",
            ),
            models.CheckConstraint(
                condition=Q(thumbnail_status=ThumbnailStatus.PENDING, thumbnail_next_attempt_at__isnull=False)
                | ~Q(thumbnail_status=ThumbnailStatus.PENDING) & Q(thumbnail_next_attempt_at__isnull=True),
                name="photo_turn_iff_pending",
            ),
            models.CheckConstraint(
                condition=Q(
                    thumbnail_status=ThumbnailStatus.PROCESSING,
                    thumbnail_run__isnull=False,
                    thumbnail_claimed_at__isnull=False,
                    thumbnail_lease_expires_at__isnull=False,
                )
                | ~Q(thumbnail_status=ThumbnailStatus.PROCESSING)
                & Q(
                    thumbnail_run__isnull=True,
                    thumbnail_claimed_at__isnull=True,
                    thumbnail_lease_expires_at__isnull=True,
                ),
                name="photo_claim_iff_processing",
            ),
            models.CheckConstraint(condition=Q(width__gte=1, height__gte=1, byte_size__gte=1), name="photo_has_size"),
        )

    def __str__(self) -> str:
        return self.title or self.original_filename

    @property
    def is_outdated(self) -> bool:
        """Whether its thumbnails were made by another recipe than today's."""
        return self.thumbnail_recipe not in ("", settings.THUMBNAIL_RECIPE.fingerprint)

    def edit(self, **changes: Any) -> bool:
        """Write what people edit and nothing else; False when it, its album or the one it goes to changed meanwhile.

        A primary photo that moves arrives as an ordinary one, unless ``is_primary`` is among the changes. One that
        becomes primary takes the mark from the album's earlier one.
        """
        album_id, here = changes.get("album_id", self.album_id), Photo.objects.filter(pk=self.pk)
        if album_id != self.album_id:
            changes.setdefault("is_primary", False)
        try:
            with transaction.atomic():
                if "is_primary" in changes:
                    here = here.filter(album=self.album_id)
                    Album.objects.filter(pk__in=filter(None, [self.album_id, album_id])).lock()
                if changes.get("is_primary"):
                    Album(pk=album_id).clear_primary()
                edited = here.update(updated_at=Now(), **changes) == 1
                transaction.set_rollback(not edited)
        except IntegrityError:
            return False
        return edited

    def get_absolute_url(self) -> str:
        """The photo's page."""
        return self._address("photo")

    def original_url(self) -> str:
        """The address of the original's bytes."""
        return self._address("photo-original")

    def thumbnail_url(self, size: str) -> str | None:
        """The address of a thumbnail's bytes, another one whenever the bytes are; None before there are any."""
        if not self.thumbnail_version:
            return None
        return self._address("thumbnail", size, VERSION).replace(VERSION, self.thumbnail_version)

    def _address(self, name: str, *more: str) -> str:
        return _pattern(name, *more).replace(NOBODY, str(self.pk))

    def files(self) -> list[str]:
        """The keys of all files that the row names."""
        custom = self.custom_thumbnails.values_list("path", flat=True)
        return [self.original_path, *self.thumbnail_paths(), *custom]
