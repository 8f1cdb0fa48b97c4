"""Thumbnails in boxes that clients name, beside the three presets; and who is making one just now."""

from __future__ import annotations

from uuid import uuid4

from django.db import IntegrityError, models, transaction
from django.db.models import Q
from django.db.models.functions import Coalesce, Now

from photos.models.ids import uuid7
from photos.models.lifecycle import LEASE
from photos.models.photo import Photo
from photos.models.stored import StoredThumbnail


class CustomThumbnail(models.Model):
    """One photo's thumbnail in one box; a side of the box that was not asked for is null."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    photo = models.ForeignKey(Photo, on_delete=models.CASCADE, related_name="custom_thumbnails", db_index=False)
    box_width = models.PositiveSmallIntegerField(null=True)
    box_height = models.PositiveSmallIntegerField(null=True)
    recipe = models.CharField(max_length=12)
    path = models.CharField(max_length=200, unique=True)
    width = models.PositiveIntegerField()
    height = models.PositiveIntegerField()
    bytes = models.PositiveIntegerField()
    created_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        constraints = (
            # By expressions, since SQLite has no other way to take two nulls for the same.
            models.UniqueConstraint(
                "photo", Coalesce("box_width", 0), Coalesce("box_height", 0), "recipe", name="custom_once_per_box"
            ),
            models.CheckConstraint(
                condition=Q(box_width__isnull=False) | Q(box_height__isnull=False), name="custom_has_box"
            ),
        )

    def __str__(self) -> str:
        return self.path

    @property
    def stored(self) -> StoredThumbnail:
        """What is known of its file."""
        return StoredThumbnail(self.path, self.width, self.height, self.bytes)


class CustomClaimQuerySet(models.QuerySet["CustomClaim"]):
    """Who makes what."""

    def take(self, photo: Photo, name: str) -> CustomClaim | None:
        """A claim on what nobody makes, or its maker's lease ran out; None if it is held, or the photo is gone."""
        claim = CustomClaim(key=f"{photo.pk}:{name}", photo=photo, lease_expires_at=Now() + LEASE)
        same = self.filter(key=claim.key)
        # Looked at first, since those who wait come here several times a second.
        if same.filter(lease_expires_at__gte=Now()).exists():
            return None
        if same.filter(lease_expires_at__lt=Now()).update(run=claim.run, lease_expires_at=Now() + LEASE):
            return claim
        try:
            with transaction.atomic():
                claim.save(force_insert=True)
        except IntegrityError:
            return None
        return claim


class CustomClaim(models.Model):
    """One request makes one thumbnail in one box; there is a claim as long as it does, and as its lease lasts."""

    key = models.CharField(max_length=80, primary_key=True)
    photo = models.ForeignKey(Photo, on_delete=models.CASCADE, related_name="+")
    run = models.UUIDField(default=uuid4)
    lease_expires_at = models.DateTimeField()

    objects = CustomClaimQuerySet.as_manager()

    def __str__(self) -> str:
        return self.key

    def renew_lease(self) -> bool:
        """Keep the claim for another lease; False when another has taken it, or the photo is gone."""
        return bool(self._held().update(lease_expires_at=Now() + LEASE))

    def end(self) -> bool:
        """Give the claim up; False as for `renew_lease`."""
        return bool(self._held().delete()[0])

    def _held(self) -> models.QuerySet[CustomClaim]:
        return CustomClaim.objects.filter(key=self.key, run=self.run)
