"""The forms of the pages, which work without JavaScript."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

from django import forms
from django.contrib.auth import get_user_model
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction

from photos.models import Album, Membership, Photo, Workspace
from photos.web.fields import AlbumField, ManyFilesField


def saved(form: forms.ModelForm[Any], field: str, taken: str, save: Callable[[], object]) -> bool:
    """Save what the form says by this call; False, with an error at the field, if there is a row like it."""
    try:
        with transaction.atomic():
            save()
    except IntegrityError:
        form.add_error(field, taken)
        return False
    return True


class ChangesOnly(forms.BaseForm):
    """A form of a row that others change too: it carries what its reader saw, and saves what differs from that."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        for field in self.fields.values():
            field.show_hidden_initial = True

    def changes(self) -> dict[str, Any]:
        """The fields that were changed in this form and have no mistakes."""
        return {name: self.cleaned_data[name] for name in self.changed_data if name in self.cleaned_data}


class UploadForm(forms.Form):
    """Photos for one workspace, and what is said of all of them."""

    photos = ManyFilesField(label="Photos", allow_empty_file=True)
    album = AlbumField()
    kind = forms.CharField(required=False, max_length=50, help_text="A free short label.")

    def __init__(self, workspace: Workspace, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        cast(AlbumField, self.fields["album"]).offer(workspace, self["album"].value())


class PhotoForm(ChangesOnly, forms.ModelForm[Photo]):
    """What people write on a photo; it is saved by `Photo.edit`."""

    album = AlbumField()
    # Not among the model's own: that there is another primary photo is no mistake, `Photo.edit` takes its mark.
    is_primary = forms.BooleanField(label="Primary photo of its album", required=False)

    class Meta:
        model = Photo
        fields = ("title", "album", "kind")

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.initial["is_primary"] = self.instance.is_primary
        cast(AlbumField, self.fields["album"]).offer(self.instance.workspace, self["album"].value())

    def clean(self) -> dict[str, Any]:
        """The fields, unless they make a photo primary that is in no album."""
        cleaned: dict[str, Any] = super().clean() or {}
        changes, album = self.changes(), cleaned.get("album")
        if cleaned.get("is_primary") and not album:
            raise ValidationError({"is_primary": "Only a photo in an album can be its primary one."})
        if "is_primary" in changes and "album" not in changes and album != self.instance.album:
            raise ValidationError({"is_primary": "The photo is not in that album any more; load its page anew."})
        return cleaned

    def columns(self) -> dict[str, Any]:
        """The columns that change, for `Photo.edit`.

        Only these: a primary photo that moves arrives as an ordinary one unless the mark is set anew.
        """
        changes = self.changes()
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


class SettingsForm(ChangesOnly, WorkspaceForm):
    """A workspace's settings."""


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
        self.fields["user"].queryset = get_user_model().objects.filter(is_active=True)  # type: ignore[attr-defined]  # of a choice
