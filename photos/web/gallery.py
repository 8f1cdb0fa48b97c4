"""The galleries: a workspace's photos, an album's, and the albums themselves."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.db.models import Count
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_safe

from photos.filters import PhotoFilters
from photos.models import Album, Photo, ThumbnailStatus, Workspace
from photos.models.photos import PhotoQuerySet
from photos.web.access import seen_by, seen_by_editor, visible_workspace
from photos.web.forms import AlbumForm, saved
from photos.web.posting import posted_from

# Rows of two, three, four, five or six all come out even, so that pages follow one another without a gap.
PAGE_PHOTOS = 60
PAGE_ALBUMS = 100
# Of one answer: their ids fit into an address.
CARDS = 200
# A longer list would be most of the page; the page of albums has them all.
ALBUMS_OFFERED = 30
FILTERS = ("q", "status", "kind", "album")


class Narrowed:
    """Photos of a workspace as an address narrows them by `FILTERS`: on its gallery, and on the pages of its photos."""

    def __init__(self, workspace: Workspace, query: Mapping[str, str]) -> None:
        self.given = {name: query[name] for name in FILTERS if query.get(name)}
        self.filters = PhotoFilters(self.given, Photo.objects.filter(workspace=workspace))  # type: ignore[no-untyped-call]

    @property
    def is_valid(self) -> bool:
        """Whether all filters were understood."""
        return bool(self.filters.is_valid())  # type: ignore[no-untyped-call]

    @property
    def photos(self) -> PhotoQuerySet:
        """The photos, newest first; none for a filter that was not understood."""
        narrowed: PhotoQuerySet = self.filters.qs if self.is_valid else Photo.objects.none()
        return narrowed

    @property
    def errors(self) -> list[str]:
        """What was not understood."""
        return [f"{name}: {error}" for name, errors in self.filters.form.errors.items() for error in errors]

    @property
    def query(self) -> str:
        """The filters as the end of an address, with its question mark; empty for none."""
        return f"?{urlencode(self.given)}" if self.given else ""


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
    photos = narrowed.photos
    if before := _uuid(request.GET.get("before", "")):
        photos = photos.filter(pk__lt=before)
    page = list(photos.defer("metadata")[: PAGE_PHOTOS + 1])
    context = {
        **seen_by(request, workspace),
        **more,
        "photos": page[:PAGE_PHOTOS],
        "older_than": page[PAGE_PHOTOS - 1].pk if len(page) > PAGE_PHOTOS else None,
        "narrowed": narrowed,
        "filtered": bool(set(narrowed.given) - ({"album"} if "album" in more else set())),
        "statuses": ThumbnailStatus.choices,
        "start": before is None,
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


@require_safe
def albums(request: HttpRequest, slug: str) -> HttpResponse:
    """A workspace's albums by name."""
    return _albums(request, visible_workspace(request, slug), AlbumForm())


@login_required
@posted_from("albums", "slug")
def make_album(request: HttpRequest, slug: str) -> HttpResponse:
    """A new, empty album."""
    workspace = visible_workspace(request, slug)
    seen_by_editor(request, workspace)
    form = AlbumForm(request.POST, instance=Album(workspace=workspace))
    if form.is_valid() and saved(form, "name", "The workspace has an album of this name already; choose another one."):
        album = form.instance
        messages.success(request, f"{album}: made. Choose it on the page of a photo that belongs there.")
        return redirect("album", slug, album.pk)
    return _albums(request, workspace, form)


def _albums(request: HttpRequest, workspace: Workspace, form: AlbumForm) -> HttpResponse:
    found = workspace.albums.order_by("name", "pk")
    if after := request.GET.get("after", "").replace("\0", ""):
        found = found.filter(name__gt=after)
    page = list(found[: PAGE_ALBUMS + 1])
    shown = page[:PAGE_ALBUMS]
    counts = dict(Photo.objects.filter(album__in=shown).order_by().values_list("album").annotate(Count("pk")))
    context = {
        **seen_by(request, workspace),
        "albums": [(album, counts.get(album.pk, 0)) for album in shown],
        "next_after": shown[-1].name if len(page) > PAGE_ALBUMS else None,
        "form": form,
    }
    return render(request, "albums.html", context, status=400 if form.errors else 200)


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None
