"""Whose photos: workspaces, their members and albums."""

from __future__ import annotations

from django.conf import settings
from django.contrib.auth.models import AbstractBaseUser, AnonymousUser
from django.db import models
from django.db.models import Exists, OuterRef, Q
from django.db.models.functions import Now

from photos.models.ids import uuid7

Viewer = AbstractBaseUser | AnonymousUser


class Role(models.TextChoices):
    """What a member may do: look; also upload, edit, delete and retry; also manage members."""

    VIEWER = "viewer"
    EDITOR = "editor"
    OWNER = "owner"


EDITING_ROLES = (Role.EDITOR, Role.OWNER)


class WorkspaceQuerySet(models.QuerySet["Workspace"]):
    """Which workspaces: the ones that somebody may see, edit, or is in."""

    def of_member(self, user: Viewer, roles: tuple[Role, ...] = tuple(Role)) -> WorkspaceQuerySet:
        """Workspaces in which the user has one of the roles."""
        return self.filter(Exists(Membership.objects.filter(workspace=OuterRef("pk"), user=user.pk, role__in=roles)))

    def visible_to(self, user: Viewer) -> WorkspaceQuerySet:
        """Workspaces that the user may look into: his own, and public ones."""
        member = Exists(Membership.objects.filter(workspace=OuterRef("pk"), user=user.pk))
        return self.filter(Q(is_public=True) | member)


class Workspace(models.Model):
    """The tenant: its members see its photos, nobody else does, unless it is public."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    slug = models.SlugField(unique=True, help_text="Its short name in addresses.")
    name = models.CharField(max_length=100)
    is_public = models.BooleanField(default=False, help_text="Anyone may look at its photos.")
    members = models.ManyToManyField(settings.AUTH_USER_MODEL, through="Membership", related_name="workspaces")
    created_at = models.DateTimeField(db_default=Now(), editable=False)

    objects = WorkspaceQuerySet.as_manager()

    class Meta:
        ordering = ("slug",)

    def __str__(self) -> str:
        return self.name

    def is_editable_by(self, user: Viewer) -> bool:
        """Whether the user may upload, edit, delete and retry here."""
        return Workspace.objects.filter(pk=self.pk).of_member(user, EDITING_ROLES).exists()


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


class Album(models.Model):
    """A set of photos inside one workspace; at most one of them is primary."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="albums")
    name = models.CharField(max_length=200)
    created_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        ordering = ("workspace", "name", "id")
        constraints = (models.UniqueConstraint(fields=["workspace", "name"], name="album_name_once_per_workspace"),)

    def __str__(self) -> str:
        return self.name
