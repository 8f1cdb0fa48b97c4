"""The rows as JSON, and what a request may carry."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from photos.models import Album, Photo, Workspace
from photos.sizes import PRESETS


class WorkspaceSerializer(serializers.ModelSerializer[Workspace]):
    """A workspace as its members see it."""

    class Meta:
        model = Workspace
        fields = ("id", "slug", "name", "is_public", "created_at")


class AlbumSerializer(serializers.ModelSerializer[Album]):
    """An album; its workspace goes by slug."""

    workspace = serializers.SlugRelatedField[Workspace](slug_field="slug", read_only=True)

    class Meta:
        model = Album
        fields = ("id", "workspace", "name", "created_at")


class PhotoSerializer(serializers.ModelSerializer[Photo]):
    """A photo's public columns, the addresses of its images, and whether today's recipe made them."""

    workspace = serializers.SlugRelatedField[Workspace](slug_field="slug", read_only=True)
    uploaded_by = serializers.SlugRelatedField[Any](slug_field="username", read_only=True)
    outdated = serializers.BooleanField(source="is_outdated", read_only=True)
    url = serializers.SerializerMethodField()
    thumbnail_url = serializers.SerializerMethodField()
    thumbnails = serializers.SerializerMethodField()

    class Meta:
        model = Photo
        fields = (
            "id",
            "workspace",
            "album",
            "uploaded_by",
            "title",
            "kind",
            "is_primary",
            "original_filename",
            "content_type",
            "byte_size",
            "width",
            "height",
            "sha256",
            "is_animated",
            "placeholder",
            "thumbnail_status",
            "thumbnail_attempts",
            "thumbnail_error_code",
            "thumbnail_error",
            "thumbnail_recipe",
            "thumbnail_next_attempt_at",
            "created_at",
            "updated_at",
            "url",
            "thumbnail_url",
            "thumbnails",
            "outdated",
        )
        read_only_fields = fields

    def get_url(self, photo: Photo) -> str:
        """The original's address."""
        return self._absolute(photo.original_url())

    def get_thumbnail_url(self, photo: Photo) -> str | None:
        """The medium thumbnail's address."""
        address = photo.thumbnail_url("medium")
        return address and self._absolute(address)

    def get_thumbnails(self, photo: Photo) -> dict[str, dict[str, Any] | None]:
        """Each preset's image, or null before it was made."""
        return {size: self._thumbnail(photo, size) for size in PRESETS}

    def _thumbnail(self, photo: Photo, size: str) -> dict[str, Any] | None:
        stored, address = photo.stored_thumbnail(size), photo.thumbnail_url(size)
        if stored is None or address is None:
            return None
        return {
            "url": self._absolute(address),
            "width": stored.width,
            "height": stored.height,
            "bytes": stored.bytes,
            "content_type": stored.content_type,
        }

    def _absolute(self, path: str) -> str:
        request = self.context["request"]
        return str(request.build_absolute_uri(path))


class ListQuerySerializer(serializers.Serializer[Any]):
    """What narrows a list."""

    workspace = serializers.SlugField(required=False)


class UploadSerializer(serializers.Serializer[Any]):
    """What an upload may carry; the file itself is checked by `photos.validators`."""

    file = serializers.FileField(allow_empty_file=True, max_length=None)
    workspace = serializers.CharField(required=False, allow_blank=True, default="")
    album = serializers.UUIDField(required=False, allow_null=True, default=None)
    title = serializers.CharField(required=False, allow_blank=True, default="", max_length=200)
    kind = serializers.CharField(required=False, allow_blank=True, default="", max_length=50)
    is_primary = serializers.BooleanField(required=False, default=False)


class CredentialsSerializer(serializers.Serializer[Any]):
    """What a token is given for."""

    username = serializers.CharField(max_length=150)
    password = serializers.CharField(max_length=4096, trim_whitespace=False)
