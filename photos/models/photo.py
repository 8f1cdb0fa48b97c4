"""One uploaded picture: an original that never changes, and how far its thumbnails are."""

from __future__ import annotations

from datetime import timedelta

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.urls import reverse

from photos.models.ids import uuid7
from photos.models.lifecycle import ThumbnailLifecycle, ThumbnailStatus
from photos.models.workspace import EDITING_ROLES, Album, Viewer, Workspace

# A task that was lost with its queue is rung for again after this long; a repeated one is harmless.
RING_AGAIN = timedelta(seconds=60)

UNFINISHED = (ThumbnailStatus.PENDING, ThumbnailStatus.PROCESSING)


class PhotoQuerySet(models.QuerySet["Photo"]):
    """Which photos: whose, and in which state."""

    def visible_to(self, user: Viewer) -> PhotoQuerySet:
        """Photos that the user may look at."""
        return self.filter(workspace__in=Workspace.objects.visible_to(user))

    def editable_by(self, user: Viewer) -> PhotoQuerySet:
        """Photos that the user may edit, delete and retry."""
        return self.filter(workspace__in=Workspace.objects.of_member(user, EDITING_ROLES))

    def to_ring(self) -> PhotoQuerySet:
        """Photos whose turn has come and that no queue is known to hold, the longest waiting first."""
        unheard = Q(thumbnail_rung_at__isnull=True) | Q(thumbnail_rung_at__lt=Now() - RING_AGAIN)
        due = Q(thumbnail_status=ThumbnailStatus.PENDING, thumbnail_next_attempt_at__lte=Now())
        return self.filter(due & unheard).order_by("thumbnail_next_attempt_at")

    def abandoned(self) -> PhotoQuerySet:
        """Photos in work whose lease ran out."""
        return self.filter(thumbnail_status=ThumbnailStatus.PROCESSING, thumbnail_lease_expires_at__lt=Now())


class Photo(ThumbnailLifecycle):
    """One photo; the constraints make a row that lies about its thumbnails impossible."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="photos", db_index=False)
    album = models.ForeignKey(
        Album, on_delete=models.SET_NULL, null=True, blank=True, related_name="photos", db_index=False
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

    created_at = models.DateTimeField(db_default=Now(), editable=False)

    objects = PhotoQuerySet.as_manager()

    class Meta:
        ordering = ("-id",)
        indexes = (
            models.Index(
                fields=["thumbnail_status", "thumbnail_next_attempt_at"],
                condition=Q(thumbnail_status__in=UNFINISHED),
                name="photo_unfinished",
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

    def get_absolute_url(self) -> str:
        """The photo's page."""
        return reverse("photo", args=[self.pk])

    def original_url(self) -> str:
        """The address of the original's bytes."""
        return reverse("photo-original", args=[self.pk])

    def thumbnail_url(self, size: str) -> str | None:
        """The address of a thumbnail's bytes, another one whenever the bytes are; None before there are any."""
        if not self.thumbnail_version:
            return None
        return reverse("thumbnail", args=[self.pk, size, self.thumbnail_version])

    def files(self) -> list[str]:
        """The keys of all files that the row names."""
        return [self.original_path, *self.thumbnail_paths()]
