"""Workspaces, members and albums as JSON; fields that nobody may write are ignored, as DRF does."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, ClassVar, TypeVar

from django.contrib.auth import get_user_model
from django.db import IntegrityError, models, transaction
from drf_spectacular.utils import extend_schema_serializer
from rest_framework import serializers
from rest_framework.exceptions import NotFound

from photos.api.fields import SlugField, TextField, TrueOrFalseField
from photos.errors import Conflict
from photos.models import Album, Membership, Workspace

Row = TypeVar("Row", bound=models.Model)


class RowSerializer(serializers.ModelSerializer[Row]):
    """Writes a row that is there, as far as the database lets it; raises NotFound, or Conflict with ``taken``."""

    serializer_field_mapping = serializers.ModelSerializer.serializer_field_mapping | {
        models.CharField: TextField,
        models.SlugField: SlugField,
    }
    taken: ClassVar[str]

    def create(self, validated_data: dict[str, Any]) -> Row:
        """Make the row."""
        with self._conflict():
            return super().create(validated_data)

    def update(self, instance: Row, validated_data: dict[str, Any]) -> Row:
        """Change the row where it is; one that was deleted meanwhile must not come back."""
        # What is inside another row can't be changed from here; `_fixed` saw that it is not.
        changes = {name: value for name, value in validated_data.items() if not isinstance(value, dict)}
        rows = type(instance)._base_manager.filter(pk=instance.pk)
        with self._conflict():
            found = rows.update(**changes) if changes else rows.exists()
        if not found:
            raise NotFound
        instance.refresh_from_db(fields=list(changes))
        return instance

    def _fixed(self, value: str, now: str | None) -> str:
        if self.instance is not None and value != now:
            raise serializers.ValidationError("This can't be changed; make a new one instead.")
        return value

    @contextmanager
    def _conflict(self) -> Iterator[None]:
        try:
            with transaction.atomic():
                yield
        except IntegrityError as error:
            raise Conflict(self.taken) from error


class WorkspaceSerializer(RowSerializer[Workspace]):
    """A workspace. Its slug is part of addresses, and stays as it is."""

    taken = "This slug is taken; choose another one."

    is_public = TrueOrFalseField(required=False, default=False, help_text="Anyone may look at its photos.")

    class Meta:
        model = Workspace
        fields = ("id", "slug", "name", "is_public", "created_at")
        # Whether a slug is taken, the database decides: asked before, the answer may be wrong a moment later.
        extra_kwargs: ClassVar[dict[str, Any]] = {"slug": {"validators": []}}

    def create(self, validated_data: dict[str, Any]) -> Workspace:
        """Make the workspace; ``owner`` is the one who does."""
        with self._conflict():
            return Workspace.objects.found(**validated_data)

    def validate_slug(self, slug: str) -> str:
        """The slug, if it is the one that the workspace has."""
        return self._fixed(slug, self.instance.slug if self.instance else None)


@extend_schema_serializer(exclude_fields=("slug",))
class WorkspaceEditSerializer(WorkspaceSerializer):
    """What can be changed of a workspace, for the schema; its slug may be sent along as it is."""


class MemberSerializer(RowSerializer[Membership]):
    """Somebody in a workspace, by user name."""

    taken = "This user is a member already; change the role instead."

    username = TextField(source="user.username", max_length=150)

    class Meta:
        model = Membership
        fields = ("username", "role", "created_at")

    def validate_username(self, username: str) -> str:
        """The name of somebody who may sign in."""
        if self.instance is None and not get_user_model().objects.filter(username=username, is_active=True).exists():
            raise serializers.ValidationError("There is no user of this name.")
        return self._fixed(username, self.instance.user.get_username() if self.instance else None)


@extend_schema_serializer(exclude_fields=("username",))
class MemberEditSerializer(MemberSerializer):
    """What can be changed of a member, for the schema; the name may be sent along as it is."""


class AlbumSerializer(RowSerializer[Album]):
    """An album. It stays in its workspace, which goes by slug; who is in one workspace only need not name it."""

    taken = "The workspace has an album of this name already; choose another one."

    workspace = TextField(source="workspace.slug", required=False)
    photo_count = serializers.IntegerField(read_only=True, default=0)

    class Meta:
        model = Album
        fields = ("id", "workspace", "name", "photo_count", "created_at")

    def validate_workspace(self, slug: str) -> str:
        """The slug, if it is the one of the album's workspace."""
        return self._fixed(slug, self.instance.workspace.slug if self.instance else None)


@extend_schema_serializer(exclude_fields=("workspace",))
class AlbumEditSerializer(AlbumSerializer):
    """What can be changed of an album, for the schema; its workspace may be sent along as it is."""


class ConfirmationSerializer(serializers.Serializer[Any]):
    """What makes sure that somebody means it."""

    confirm = serializers.CharField(required=False, default="", help_text="The slug of the workspace.")
