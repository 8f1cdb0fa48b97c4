"""What narrows photos, for the API and for the pages; a value of a wrong type, or none of a closed set, is refused."""

# django-filter has no types.
# mypy: disable-error-code="no-untyped-call"

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from django import forms
from django.conf import settings
from django.core.exceptions import ValidationError
from django.db.models import Q, QuerySet
from django_filters import filters
from django_filters.fields import IsoDateTimeField
from django_filters.filterset import FilterSet
from drf_spectacular.utils import extend_schema_field

from photos.errors import THUMBNAIL_ERRORS
from photos.models import Photo, ThumbnailStatus

# More than anybody types to find a title; pages write it into many addresses.
MAX_SEARCH = 100
TRUE_OR_FALSE = {"true": True, "1": True, "false": False, "0": False}


class TrueOrFalseField(forms.NullBooleanField):
    """Yes or no, where Django's own field takes anything else for unknown."""

    widget = forms.Select(choices=[("", "–"), ("true", "true"), ("false", "false")])

    def to_python(self, value: Any) -> bool | None:  # type: ignore[override]  # the stubs know no None
        """None for nothing."""
        if value in self.empty_values:
            return None
        if str(value).lower() not in TRUE_OR_FALSE:
            raise ValidationError("Write true or false.")
        return TRUE_OR_FALSE[str(value).lower()]


class MomentField(IsoDateTimeField):
    """A moment in ISO 8601, in UTC unless it says otherwise; only such as have a name in UTC too."""

    def to_python(self, value: Any) -> datetime | None:
        """None for nothing."""
        try:
            moment: datetime | None = super().to_python(value)
            return moment and moment.astimezone(UTC)
        except (OverflowError, ValueError) as error:
            raise ValidationError("Write a date and time as in 2026-01-31T12:00:00Z.") from error


class TrueOrFalse(filters.BooleanFilter):
    """Yes or no."""

    field_class = TrueOrFalseField


class Moment(filters.IsoDateTimeFilter):
    """Before or after a moment."""

    field_class = MomentField


@extend_schema_field({"type": "string", "pattern": "^[-a-zA-Z0-9_]*$"})
class Slug(filters.CharFilter):
    """A workspace by its slug; one that nobody or only others may see has nothing in it."""

    field_class = forms.SlugField


class PhotoFilters(FilterSet):
    """Which photos."""

    workspace = Slug("workspace__slug")
    album = filters.UUIDFilter("album_id")
    status = filters.ChoiceFilter("thumbnail_status", choices=ThumbnailStatus.choices)
    error_code = filters.ChoiceFilter(
        method="by_error_code", choices=[(error.code, error.code) for error in THUMBNAIL_ERRORS]
    )
    kind = filters.CharFilter()
    is_primary = TrueOrFalse()
    outdated = TrueOrFalse(method="by_recipe", label="Made by another recipe than today's")
    q = filters.CharFilter(method="by_name", label="Part of the title or of the file's name")
    created_after = Moment("created_at", "gte", label="Created at this moment or later")
    created_before = Moment("created_at", "lt", label="Created before this moment")

    class Meta:
        model = Photo
        fields = ()

    def by_error_code(self, photos: QuerySet[Photo], name: str, code: str) -> QuerySet[Photo]:
        """Photos whose last attempt failed for this reason."""
        # The index holds only photos that have a reason, and SQLite takes it only for a query that says so.
        return photos.filter(thumbnail_error_code=code).exclude(thumbnail_error_code="")

    def by_recipe(self, photos: QuerySet[Photo], name: str, outdated: bool) -> QuerySet[Photo]:
        """Photos that have thumbnails of another recipe than today's, or all others."""
        today = settings.THUMBNAIL_RECIPE.fingerprint
        if not outdated:
            return photos.filter(thumbnail_recipe__in=("", today))
        # Not as what it is not: two ranges can be looked up.
        return photos.filter(Q(thumbnail_recipe__gt="", thumbnail_recipe__lt=today) | Q(thumbnail_recipe__gt=today))

    def by_name(self, photos: QuerySet[Photo], name: str, part: str) -> QuerySet[Photo]:
        """Photos whose title or file name contains the text, in whatever case."""
        return photos.filter(Q(title__icontains=part) | Q(original_filename__icontains=part))


class GalleryFilters(PhotoFilters):
    """As `PhotoFilters`, for pages, which repeat what they are given: a text that no form of theirs lets through is refused."""

    q = filters.CharFilter(method="by_name", max_length=MAX_SEARCH)
    kind = filters.CharFilter(max_length=Photo._meta.get_field("kind").max_length)
