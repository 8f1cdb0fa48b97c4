"""The albums of a workspace: looking for one, making, renaming and deleting one."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.db.models import Count
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_safe

from photos.models import Album, Photo, Workspace
from photos.web.access import seen_by, seen_by_editor, visible_workspace
from photos.web.forms import AlbumForm, saved
from photos.web.posting import posted_from, signed_in

PAGE_ALBUMS = 100
TAKEN = "The workspace has an album of this name already; choose another one."


@require_safe
def albums(request: HttpRequest, slug: str) -> HttpResponse:
    """A workspace's albums by name."""
    return _albums(request, visible_workspace(request, slug), AlbumForm())


@signed_in
@posted_from("albums", "slug")
def make(request: HttpRequest, slug: str) -> HttpResponse:
    """A new, empty album."""
    workspace = visible_workspace(request, slug)
    seen_by_editor(request, workspace)
    form = AlbumForm(request.POST, instance=Album(workspace=workspace))
    if form.is_valid() and saved(form, "name", TAKEN, form.save):
        album = form.instance
        messages.success(request, f"{album}: made. Choose it on the page of a photo that belongs there.")
        return redirect("album", slug, album.pk)
    return _albums(request, workspace, form)


@signed_in
@require_http_methods(["GET", "HEAD", "POST"])
def edit(request: HttpRequest, slug: str, pk: UUID) -> HttpResponse:
    """An album's name."""
    workspace = visible_workspace(request, slug)
    seen = seen_by_editor(request, workspace)
    album, here = _album(workspace, pk), workspace.albums.filter(pk=pk)
    form = AlbumForm(request.POST if request.method == "POST" else None, instance=_album(workspace, pk))
    # Where it is: an album that was deleted meanwhile must not come back.
    if form.is_valid() and saved(form, "name", TAKEN, lambda: here.update(**form.cleaned_data)):
        messages.success(request, "Saved.")
        return redirect("album", slug, pk)
    context = {**seen, "album": album, "form": form}
    return render(request, "album_edit.html", context, status=400 if form.errors else 200)


@signed_in
@require_http_methods(["GET", "HEAD", "POST"])
def delete(request: HttpRequest, slug: str, pk: UUID) -> HttpResponse:
    """Say what becomes of the album's photos; on confirmation, let it go."""
    workspace = visible_workspace(request, slug)
    seen = seen_by_editor(request, workspace)
    album = _album(workspace, pk)
    if request.method != "POST":
        return render(request, "album_delete.html", {**seen, "album": album, "photos": album.photos.count()})
    album.delete()
    messages.success(request, f"{album}: deleted.")
    return redirect("albums", slug)


def _album(workspace: Workspace, pk: UUID) -> Album:
    return get_object_or_404(workspace.albums.all(), pk=pk)


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
