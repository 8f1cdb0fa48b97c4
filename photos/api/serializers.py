"""The rows as JSON, and what a request may carry."""

from __future__ import annotations

from functools import cached_property
from typing import Any, TypedDict, cast
from uuid import UUID

from rest_framework import serializers

from photos.api.fields import FormUUIDField, TextField, TrueOrFalseField
from photos.models import Photo, Workspace
from photos.models.stored import StoredThumbnail
from photos.sizes import PRESETS


class ImageFacts(TypedDict):
    """What a client may know of a thumbnail."""

    url: str
    width: int
    height: int
    bytes: int
    content_type: str


class Thumbnails(TypedDict):
    """By preset; null before it was made."""

    small: ImageFacts | None
    medium: ImageFacts | None
    large: ImageFacts | None


def image_facts(url: str, stored: StoredThumbnail) -> ImageFacts:
    """The facts of a stored thumbnail at an address."""
    return {
        "url": url,
        "width": stored.width,
        "height": stored.height,
        "bytes": stored.bytes,
        "content_type": stored.content_type,
    }


class PhotoSerializer(serializers.ModelSerializer[Photo]):
    """A photo's public columns, the addresses of its images, and whether today's recipe made them."""

    workspace = serializers.SlugRelatedField[Workspace](slug_field="slug", read_only=True)
    uploaded_by = serializers.SerializerMethodField(help_text="A user name, for members of the workspace only.")
    outdated = serializers.BooleanField(source="is_outdated", read_only=True)
    url = serializers.SerializerMethodField()
    thumbnail_url = serializers.SerializerMethodField()
    thumbnails = serializers.SerializerMethodField()

    class Meta:
        model = Photo
        fields: tuple[str, ...] = (
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

    def get_uploaded_by(self, photo: Photo) -> str | None:
        """Who uploaded it; null for those who only look into a public workspace."""
        if photo.uploaded_by is None or photo.workspace_id not in self._own_workspaces:
            return None
        return photo.uploaded_by.get_username()

    def get_url(self, photo: Photo) -> str:
        """The original's address."""
        return self._absolute(photo.original_url())

    def get_thumbnail_url(self, photo: Photo) -> str | None:
        """The medium thumbnail's address."""
        address = photo.thumbnail_url("medium")
        return address and self._absolute(address)

    def get_thumbnails(self, photo: Photo) -> Thumbnails:
        """Each preset's image, or null before it was made."""
        return cast(Thumbnails, {size: self._thumbnail(photo, size) for size in PRESETS})

    def _thumbnail(self, photo: Photo, size: str) -> ImageFacts | None:
        stored, address = photo.stored_thumbnail(size), photo.thumbnail_url(size)
        if stored is None or address is None:
            return None
        return image_facts(self._absolute(address), stored)

    @cached_property
    def _own_workspaces(self) -> set[UUID]:
        """The workspaces that the asker is a member of, asked for once in a list."""
        user = self.context["request"].user
        return set(Workspace.objects.of_member(user).values_list("pk", flat=True)) if user.is_authenticated else set()

    def _absolute(self, path: str) -> str:
        request = self.context["request"]
        return str(request.build_absolute_uri(path))


class EditSerializer(serializers.Serializer[Any]):
    """What people write on a photo; all other fields are ignored, so that a client may send back what it got."""

    album = serializers.UUIDField(required=False, allow_null=True, default=None)
    title = TextField(required=False, allow_blank=True, default="", max_length=200)
    kind = TextField(required=False, allow_blank=True, default="", max_length=50)
    is_primary = TrueOrFalseField(required=False, default=False)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """The fields, unless they make a photo primary that is in no album."""
        album = attrs.get("album", self.instance and self.instance.album_id)
        if attrs.get("is_primary") and not album:
            raise serializers.ValidationError({"is_primary": "Only a photo in an album can be its primary one."})
        return attrs


class EditFormSerializer(EditSerializer):
    """The same as a form."""

    album = FormUUIDField(required=False, default=None)


class UploadSerializer(EditFormSerializer):
    """What an upload may carry; the file itself is checked by `photos.validators`."""

    file = serializers.FileField(allow_empty_file=True, max_length=None)
    workspace = TextField(required=False, allow_blank=True, default="")


class CredentialsSerializer(serializers.Serializer[Any]):
    """What a token is given for."""

    username = TextField(max_length=150)
    password = TextField(max_length=4096, trim_whitespace=False)


class TokenSerializer(serializers.Serializer[Any]):
    """A new token; the secret is shown this once."""

    token = serializers.CharField()
    expires_at = serializers.DateTimeField()


class UploadedSerializer(PhotoSerializer):
    """The photo of an upload."""

    duplicate = serializers.BooleanField(help_text="Whether it was there before.")
    message = serializers.CharField(allow_null=True, help_text="A sentence about a duplicate.")

    class Meta(PhotoSerializer.Meta):
        fields = (*PhotoSerializer.Meta.fields, "duplicate", "message")


class DuplicateSerializer(UploadedSerializer):
    """The photo that has the bytes of an upload, which was skipped."""

    thumbnail_status = serializers.ChoiceField([("skipped", "nothing was added")])
