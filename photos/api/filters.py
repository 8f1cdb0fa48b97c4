"""What narrows the API's lists; a value of a wrong type, or none of a closed set, is refused by the field's name."""

# django-filter has no types.
# mypy: disable-error-code="no-untyped-call"

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from django_filters import filters
from django_filters.filterset import FilterSet
from django_filters.rest_framework.backends import DjangoFilterBackend

from photos.filters import Slug, TrueOrFalse
from photos.models import Album, Workspace


class ListFilters(DjangoFilterBackend):
    """Narrows lists only: what has an address of its own is found there, whatever the query says."""

    def get_filterset_class(self, view: Any, queryset: QuerySet[Any] | None = None) -> Any:
        """The view's, unless the view is about one row."""
        return None if getattr(view, "detail", False) else super().get_filterset_class(view, queryset)


class AlbumFilters(FilterSet):
    """Which albums."""

    workspace = Slug("workspace__slug")
    q = filters.CharFilter("name", "icontains", label="Part of the name")

    class Meta:
        model = Album
        fields = ()


class WorkspaceFilters(FilterSet):
    """Which workspaces."""

    is_public = TrueOrFalse()
    q = filters.CharFilter("name", "icontains", label="Part of the name")

    class Meta:
        model = Workspace
        fields = ()
