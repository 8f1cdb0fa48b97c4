"""The galleries: a workspace's photos, and an album's."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils.functional import cached_property
from django.views.decorators.http import require_safe

from photos.filters import GalleryFilters
from photos.models import Photo, ThumbnailStatus, Workspace
from photos.models.photos import PhotoQuerySet
from photos.web.access import seen_by, visible_workspace

# Rows of two, three, four, five or six all come out even, so that pages follow one another without a gap.
PAGE_PHOTOS = 60
# Of one answer: their ids fit into an address.
CARDS = 200
# A longer list would be most of the page; the page of albums has them all.
ALBUMS_OFFERED = 30
FILTERS = ("q", "status", "kind", "album")
# Sixty cards carry them; with longer ones a page would be heavy.
MAX_CARRIED = 78


class Narrowed:
    """Photos of a workspace as an address narrows them by `FILTERS`: on its gallery, and on the pages of its photos."""

    def __init__(self, workspace: Workspace, query: Mapping[str, str]) -> None:
        self.given = {name: query[name] for name in FILTERS if query.get(name)}
        self.filters = GalleryFilters(self.given, Photo.objects.filter(workspace=workspace))  # type: ignore[no-untyped-call]  # django-filter is untyped

    @property
    def is_valid(self) -> bool:
        """Whether all filters were understood."""
        return bool(self.filters.is_valid())  # type: ignore[no-untyped-call]  # django-filter is untyped

    @property
    def photos(self) -> PhotoQuerySet:
        """The photos, newest first; none for a filter that was not understood."""
        narrowed: PhotoQuerySet = self.filters.qs if self.is_valid else Photo.objects.none()
        return narrowed

    @property
    def errors(self) -> list[str]:
        """What was not understood."""
        return [f"{name}: {error}" for name, errors in self.filters.form.errors.items() for error in errors]

    @cached_property
    def query(self) -> str:
        """The filters as the end of an address, with its question mark; empty for none."""
        return f"?{urlencode(self.given)}" if self.given else ""

    @property
    def carried(self) -> str:
        """As `query`, for the addresses of cards; empty when it is longer than `MAX_CARRIED`."""
        return self.query if len(self.query) <= MAX_CARRIED else ""


@require_safe
def workspace_gallery(request: HttpRequest, slug: str) -> HttpResponse:
    """A workspace's photos, newest first."""
    workspace = visible_workspace(request, slug)
    narrowed = Narrowed(workspace, request.GET.dict())
    albums = list(workspace.albums.all()[:ALBUMS_OFFERED])
    if (chosen := narrowed.given.get("album")) and narrowed.is_valid and chosen not in {str(one.pk) for one in albums}:
        albums += workspace.albums.filter(pk=chosen)
    return _gallery(request, workspace, narrowed, {"albums": albums})


@require_safe
def album_gallery(request: HttpRequest, slug: str, pk: UUID) -> HttpResponse:
    """An album's photos, newest first."""
    workspace = visible_workspace(request, slug)
    album = get_object_or_404(workspace.albums.all(), pk=pk)
    narrowed = Narrowed(workspace, {**request.GET.dict(), "album": str(album.pk)})
    return _gallery(request, workspace, narrowed, {"album": album})


def _gallery(request: HttpRequest, workspace: Workspace, narrowed: Narrowed, more: dict[str, Any]) -> HttpResponse:
    photos, newer = narrowed.photos, list[UUID]()
    if before := _uuid(request.GET.get("before", "")):
        newer = list(photos.filter(pk__gte=before).order_by("pk").values_list("pk", flat=True)[: PAGE_PHOTOS + 1])
        photos = photos.filter(pk__lt=before)
    page = list(photos.defer("metadata")[: PAGE_PHOTOS + 1])
    shown = page[:PAGE_PHOTOS]
    context = {
        **seen_by(request, workspace),
        **more,
        "photos": shown,
        "older_than": shown[-1].pk if len(page) > len(shown) else None,
        "newer_before": newer[-1] if len(newer) > PAGE_PHOTOS else None,
        "narrowed": narrowed,
        "filtered": bool(set(narrowed.given) - ({"album"} if "album" in more else set())),
        "statuses": ThumbnailStatus.choices,
        "start": not newer,
    }
    return render(request, "gallery.html", context, status=200 if narrowed.is_valid else 400)


@require_safe
def cards(request: HttpRequest, slug: str) -> HttpResponse:
    """The cards of ``ids`` (with commas between) as they are now, or the newest ``after`` a photo.

    With ``matching`` only of those that the filters admit; of not more than `CARDS`.
    """
    workspace = visible_workspace(request, slug)
    narrowed = Narrowed(workspace, request.GET.dict())
    ids = [photo_id for text in request.GET.get("ids", "").split(",")[:CARDS] if (photo_id := _uuid(text))]
    photos = narrowed.photos if "matching" in request.GET else Photo.objects.filter(workspace=workspace)
    after = _uuid(request.GET.get("after", ""))
    photos = photos.filter(pk__gt=after) if after else photos.filter(pk__in=ids)
    context = {"photos": photos.order_by("-pk").defer("metadata")[:CARDS], "narrowed": narrowed}
    return render(request, "cards.html", context)


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None
