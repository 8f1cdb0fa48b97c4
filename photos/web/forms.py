"""The forms of the pages, which work without JavaScript."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID

from django import forms
from django.contrib.auth import get_user_model
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import UploadedFile
from django.db import IntegrityError, transaction
from django.db.models import Q, QuerySet

from photos.models import Album, Membership, Photo, Workspace

# A longer list of albums would be of no use in a form.
ALBUMS_SHOWN = 500


def saved(form: forms.ModelForm[Any], field: str, taken: str, save: Callable[[], object]) -> bool:
    """Save what the form says by this call; False, with an error at the field, if there is a row like it."""
    try:
        with transaction.atomic():
            save()
    except IntegrityError:
        form.add_error(field, taken)
        return False
    return True


class ManyFilesInput(forms.ClearableFileInput):
    """A file button that takes many files."""

    allow_multiple_selected = True


class ManyFilesField(forms.FileField):
    """Many files; what is in them is checked as each is taken in."""

    widget = ManyFilesInput

    def clean(self, data: Any, initial: Any = None) -> list[UploadedFile[Any]]:
        """The files; at least one is required."""
        files = data if isinstance(data, list) else [data]
        return [super(ManyFilesField, self).clean(file, initial) for file in files or [None]]


def offered(workspace: Workspace, chosen: UUID | None = None) -> QuerySet[Album]:
    """The albums that a form of the workspace offers, also the one that is chosen already."""
    albums = workspace.albums.all()
    return albums.filter(Q(pk__in=albums.values("pk")[:ALBUMS_SHOWN]) | Q(pk=chosen))


class UploadForm(forms.Form):
    """Photos for one workspace, and what is said of all of them."""

    photos = ManyFilesField(label="Photos", allow_empty_file=True)
    album = forms.ModelChoiceField(Album.objects.none(), required=False, empty_label="none")
    kind = forms.CharField(required=False, max_length=50, help_text="A free short label.")

    def __init__(self, workspace: Workspace, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.fields["album"].queryset = offered(workspace)  # type: ignore[attr-defined]


class PhotoForm(forms.ModelForm[Photo]):
    """What people write on a photo; it is saved by `Photo.edit`."""

    # Not among the model's own: that there is another primary photo is no mistake, `Photo.edit` takes its mark.
    is_primary = forms.BooleanField(label="Primary photo of its album", required=False)

    class Meta:
        model = Photo
        fields = ("title", "album", "kind")

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.initial["is_primary"] = self.instance.is_primary
        albums = offered(self.instance.workspace, self.instance.album_id)
        self.fields["album"].queryset = albums  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        """The fields, unless they make a photo primary that is in no album."""
        cleaned: dict[str, Any] = super().clean() or {}
        if cleaned.get("is_primary") and not cleaned.get("album"):
            raise ValidationError({"is_primary": "Only a photo in an album can be its primary one."})
        return cleaned

    def changes(self) -> dict[str, Any]:
        """The columns that differ, for `Photo.edit`.

        Only these: a primary photo that moves arrives as an ordinary one unless the mark is set anew.
        """
        changes = {name: self.cleaned_data[name] for name in self.changed_data}
        if "album" in changes:
            album = changes.pop("album")
            changes["album_id"] = album and album.pk
        return changes


class AlbumForm(forms.ModelForm[Album]):
    """An album, in the workspace that its instance has."""

    class Meta:
        model = Album
        fields = ("name",)


class WorkspaceForm(forms.ModelForm[Workspace]):
    """What can be changed of a workspace."""

    class Meta:
        model = Workspace
        fields: tuple[str, ...] = ("name", "is_public")
        labels = {"is_public": "Public"}


class DeleteWorkspaceForm(forms.Form):
    """The name of the workspace that goes, typed anew, so that nobody deletes one by mistake."""

    name = forms.CharField(required=False, widget=forms.TextInput(attrs={"autocomplete": "off"}))

    def __init__(self, workspace: Workspace, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.wanted = workspace.name.strip()
        self.fields["name"].label = f"Type the name of the workspace: {self.wanted}"

    def clean_name(self) -> str:
        """The name, if it is that of the workspace."""
        if self.cleaned_data["name"] != self.wanted:
            raise ValidationError("This is not its name; nothing was deleted.")
        return self.wanted


class NewWorkspaceForm(WorkspaceForm):
    """A new workspace."""

    class Meta(WorkspaceForm.Meta):
        fields = ("name", "slug", "is_public")
        labels = {"slug": "Address", **WorkspaceForm.Meta.labels}
        help_texts = {"slug": "Letters, digits and hyphens; it stays as it is."}


class RoleForm(forms.ModelForm[Membership]):
    """A member's role."""

    class Meta:
        model = Membership
        fields: tuple[str, ...] = ("role",)


class MemberForm(RoleForm):
    """A new member of the workspace that its instance has, by user name."""

    user = forms.ModelChoiceField(
        get_user_model().objects.none(),
        to_field_name="username",
        label="User name",
        widget=forms.TextInput(attrs={"autocomplete": "off", "autocapitalize": "none"}),
        error_messages={"invalid_choice": "There is no user of this name."},
    )

    class Meta(RoleForm.Meta):
        fields = ("user", "role")

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.fields["user"].queryset = get_user_model().objects.filter(is_active=True)  # type: ignore[attr-defined]
