"""The upload page."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.contrib import messages
from django.core.files.base import File
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from photos import uploads
from photos.errors import PhotoError
from photos.failures import FAILURES
from photos.models import Workspace
from photos.sizes import MAX_EDGE, PRESETS
from photos.web.access import seen_by_editor, visible_workspace
from photos.web.forms import UploadForm
from photos.web.posting import signed_in


@signed_in
@require_http_methods(["GET", "HEAD", "POST"])
def upload(request: HttpRequest, slug: str) -> HttpResponse:
    """Take in as many files as are good, and say what is wrong with the others."""
    workspace = visible_workspace(request, slug)
    seen = seen_by_editor(request, workspace)
    given = (request.POST, request.FILES) if request.method == "POST" else ()
    form = UploadForm(workspace, *given, initial={"album": request.GET.get("album", "")})
    if form.is_valid():
        said = {name: form.cleaned_data[name] for name in ("album", "kind")}
        for file in form.cleaned_data["photos"]:
            _take_in(request, workspace, file, said)
        return redirect("gallery", slug=slug)
    context = {
        **seen,
        "form": form,
        "settings": settings,
        "presets": PRESETS,
        "max_edge": MAX_EDGE,
        "failures": FAILURES,
    }
    return render(request, "upload.html", context, status=400 if form.errors else 200)


def _take_in(request: HttpRequest, workspace: Workspace, file: File[bytes], said: dict[str, Any]) -> None:
    try:
        photo, created = uploads.ingest(file, workspace, uploaded_by=request.user, **said)
    except PhotoError as error:
        messages.error(request, f"{file.name}: {error}")
    else:
        messages.success(request, f"{photo}: {'taken in' if created else 'already here'}.")
