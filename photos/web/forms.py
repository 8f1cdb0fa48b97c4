"""The upload form, which works without JavaScript."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.files.uploadedfile import UploadedFile


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


class UploadForm(forms.Form):
    """Photos for one workspace."""

    photos = ManyFilesField(label="Photos", allow_empty_file=True)
