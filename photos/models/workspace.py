"""Whose photos: workspaces and their members."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

from django.conf import settings
from django.contrib.auth.models import AbstractBaseUser, AnonymousUser
from django.db import models, transaction
from django.db.models import Exists, OuterRef, Q
from django.db.models.functions import Now

from photos.errors import Conflict
from photos.models.ids import uuid7

Viewer = AbstractBaseUser | AnonymousUser


class Role(models.TextChoices):
    """What a member may do: look; also upload, edit, delete and retry; also manage members."""

    VIEWER = "viewer"
    EDITOR = "editor"
    OWNER = "owner"


EDITING_ROLES = (Role.EDITOR, Role.OWNER)

# Photos that one transaction deletes: on SQLite it keeps all other writers waiting.
BATCH = 100


class WorkspaceQuerySet(models.QuerySet["Workspace"]):
    """Which workspaces: the ones that somebody may see, edit, or is in."""

    def of_member(self, user: Viewer, roles: tuple[Role, ...] = tuple(Role)) -> WorkspaceQuerySet:
        """Workspaces in which the user has one of the roles."""
        membership = Membership.objects.filter(workspace=OuterRef("pk"), user=user.pk, role__in=roles)
        return self.filter(Exists(membership), closed_at=None)

    def visible_to(self, user: Viewer) -> WorkspaceQuerySet:
        """Workspaces that the user may look into: his own, and public ones."""
        member = Exists(Membership.objects.filter(workspace=OuterRef("pk"), user=user.pk))
        return self.filter(Q(is_public=True) | member, closed_at=None)

    def found(self, owner: Any, **fields: Any) -> Workspace:
        """Make a workspace with its first owner."""
        with transaction.atomic():
            workspace = self.create(**fields)
            Membership.objects.create(workspace=workspace, user=owner, role=Role.OWNER)
        return workspace

    def remove_closed(self, limit: int) -> int:
        """Delete up to so many photos of closed workspaces, and the ones that have none left; answers how many photos.

        Their files are doomed with them. Bit by bit, so that nobody waits long for a lock.
        """
        removed = 0
        for workspace in self.exclude(closed_at=None).order_by("closed_at"):
            removed += workspace.remove_photos(limit - removed)
            with transaction.atomic():
                # Locked, so that a late upload comes in before it or not at all.
                self.select_for_update().filter(pk=workspace.pk).first()
                if not workspace.photos.exists():
                    workspace.delete()
        return removed


class Workspace(models.Model):
    """The tenant: its members see its photos, nobody else does, unless it is public."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    slug = models.SlugField(unique=True, help_text="Its short name in addresses.")
    name = models.CharField(max_length=100)
    is_public = models.BooleanField(default=False, help_text="Anyone may look at its photos.")
    members = models.ManyToManyField(settings.AUTH_USER_MODEL, through="Membership", related_name="workspaces")
    created_at = models.DateTimeField(db_default=Now(), editable=False)
    # Since when it is nobody's any more, and only waits for its photos to be removed.
    closed_at = models.DateTimeField(null=True, editable=False, db_index=True)

    objects = WorkspaceQuerySet.as_manager()

    class Meta:
        ordering = ("slug",)

    def __str__(self) -> str:
        return self.name

    def role_of(self, user: Viewer) -> str | None:
        """The user's role here; None for who is no member."""
        return self.membership_set.filter(user=user.pk).values_list("role", flat=True).first()

    def has_member(self, user: Viewer) -> bool:
        """Whether the user has any role here."""
        return Workspace.objects.filter(pk=self.pk).of_member(user).exists()

    def is_editable_by(self, user: Viewer) -> bool:
        """Whether the user may upload, edit, delete and retry here."""
        return Workspace.objects.filter(pk=self.pk).of_member(user, EDITING_ROLES).exists()

    def is_owned_by(self, user: Viewer) -> bool:
        """Whether the user may manage the workspace and its members."""
        return Workspace.objects.filter(pk=self.pk).of_member(user, (Role.OWNER,)).exists()

    def close(self, *, with_photos: bool) -> int:
        """Take it out of everybody's sight at once and set its slug free; what it holds goes with `remove_closed`.

        Answers how many photos keep it open, unless it may go with them.
        """
        with transaction.atomic():
            Workspace.objects.select_for_update().filter(pk=self.pk).first()
            if not with_photos and (photos := self.photos.count()):
                return photos
            Workspace.objects.filter(pk=self.pk, closed_at=None).update(slug=uuid4().hex, closed_at=Now())
        return 0

    def remove_photos(self, limit: int) -> int:
        """Delete up to so many photos, each batch in a transaction of its own; answers how many."""
        removed = 0
        while batch := list(self.photos.order_by("pk").values_list("pk", flat=True)[: min(BATCH, limit - removed)]):
            self.photos.filter(pk__in=batch).delete()
            removed += len(batch)
        return removed


class Membership(models.Model):
    """One user's role in one workspace."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE)
    role = models.CharField(max_length=10, choices=Role, default=Role.VIEWER)
    created_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=["workspace", "user"], name="membership_once_per_user"),
            models.CheckConstraint(condition=Q(role__in=Role.values), name="membership_role_known"),
        )

    def __str__(self) -> str:
        return f"{self.user} is {self.role} of {self.workspace}"

    def keep_an_owner(self) -> None:
        """Raise Conflict if nobody else manages the workspace; true to the end of a transaction that locks it."""
        owners = Membership.objects.filter(workspace=self.workspace_id, role=Role.OWNER, user__is_active=True)
        if list(owners.values_list("pk", flat=True)[:2]) == [self.pk]:
            raise Conflict("A workspace needs an owner; make somebody else an owner first.")
