"""The pages: gallery, photo, upload. A thing that one may not see answers 404, as if it did not exist."""

from __future__ import annotations

from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.core.files.base import File
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.templatetags.static import static
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from photos import thumbnails, uploads
from photos.errors import PhotoError
from photos.models import Photo, Workspace
from photos.web.forms import UploadForm

PAGE_PHOTOS = 60


@require_GET
def home(request: HttpRequest) -> HttpResponse:
    """The first of one's workspaces, or the way in."""
    mine = Workspace.objects.of_member(request.user).first()
    first = mine or Workspace.objects.visible_to(request.user).first()
    if first is not None:
        return redirect("gallery", slug=first.slug)
    return render(request, "no_workspace.html") if request.user.is_authenticated else redirect("login")


@require_GET
def icon(request: HttpRequest) -> HttpResponse:
    """Where browsers look for the icon on pages that don't name it, such as the admin's."""
    return redirect(static("icon.svg"))


@require_GET
def gallery(request: HttpRequest, slug: str) -> HttpResponse:
    """A workspace's photos, newest first."""
    workspace = _workspace(request, slug)
    photos = workspace.photos.all()
    if before := _uuid(request.GET.get("before", "")):
        photos = photos.filter(pk__lt=before)
    page = list(photos[: PAGE_PHOTOS + 1])
    context = {
        "workspace": workspace,
        "photos": page[:PAGE_PHOTOS],
        "older_than": page[PAGE_PHOTOS - 1].pk if len(page) > PAGE_PHOTOS else None,
        "can_edit": workspace.is_editable_by(request.user),
    }
    return render(request, "gallery.html", context)


@require_GET
def photo(request: HttpRequest, pk: UUID) -> HttpResponse:
    """One photo: large, with all that is known of it."""
    found = _photo(request, pk)
    context = {
        "photo": found,
        "workspace": found.workspace,
        "can_edit": found.workspace.is_editable_by(request.user),
        "shows_names": found.workspace.has_member(request.user),
    }
    return render(request, "photo.html", context)


@require_POST
def retry(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Put a failed photo back to pending."""
    found = _photo(request, pk)
    _require_editor(request, found.workspace)
    if thumbnails.retry([found], by=request.user.get_username()):
        messages.success(request, "The thumbnails will be tried again.")
    else:
        messages.info(request, "This photo has not failed; there is nothing to retry.")
    return redirect(found)


@login_required
@require_http_methods(["GET", "POST"])
def upload(request: HttpRequest, slug: str) -> HttpResponse:
    """Take in as many files as are good, and say what is wrong with the others."""
    workspace = _workspace(request, slug)
    _require_editor(request, workspace)
    form = UploadForm(request.POST, request.FILES) if request.method == "POST" else UploadForm()
    if form.is_valid():
        for file in form.cleaned_data["photos"]:
            _take_in(request, workspace, file)
        return redirect("gallery", slug=slug)
    context = {"workspace": workspace, "form": form, "settings": settings}
    return render(request, "upload.html", context, status=400 if form.errors else 200)


def _take_in(request: HttpRequest, workspace: Workspace, file: File[bytes]) -> None:
    try:
        photo, created = uploads.ingest(file, workspace, uploaded_by=request.user)
    except PhotoError as error:
        messages.error(request, f"{file.name}: {error}")
    else:
        messages.success(request, f"{photo}: {'taken in' if created else 'already here'}.")


def _workspace(request: HttpRequest, slug: str) -> Workspace:
    return get_object_or_404(Workspace.objects.visible_to(request.user), slug=slug)


def _photo(request: HttpRequest, pk: UUID) -> Photo:
    return get_object_or_404(Photo.objects.visible_to(request.user).select_related("workspace", "uploaded_by"), pk=pk)


def _require_editor(request: HttpRequest, workspace: Workspace) -> None:
    if not workspace.is_editable_by(request.user):
        raise PermissionDenied


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None
