"""The fields of the pages' forms that Django has not."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import UploadedFile
from django.db.models import Q

from photos.models import Album, Workspace

# A longer list of albums would be of no use in a form.
ALBUMS_SHOWN = 500


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


class AlbumField(forms.ModelChoiceField[Album]):
    """One of a workspace's albums, or none."""

    def __init__(self) -> None:
        super().__init__(Album.objects.none(), required=False, empty_label="none")

    def offer(self, workspace: Workspace, chosen: object) -> None:
        """Offer the workspace's albums, but of very many only the first, and the one that is ``chosen`` already."""
        self.queryset = albums = workspace.albums.all()
        try:
            known = self.to_python(chosen)
        except ValidationError:
            known = None
        self.queryset = albums.filter(Q(pk__in=albums.values("pk")[:ALBUMS_SHOWN]) | Q(pk=known and known.pk))
