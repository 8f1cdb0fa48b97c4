"""A photo's pages: all that is known of it, changing and deleting it, trying again."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_safe

from photos import thumbnails, timeline
from photos.models import Photo
from photos.web.access import seen_by, seen_by_editor, visible_photo
from photos.web.forms import PhotoForm
from photos.web.gallery import Narrowed
from photos.web.posting import posted_from, signed_in

CHANGED_MEANWHILE = "The photo or the album was changed by somebody else meanwhile; look again and try again."


@require_safe
def photo(request: HttpRequest, pk: UUID) -> HttpResponse:
    """One photo: large, with all that is known of it."""
    found = visible_photo(request, pk)
    return _page(request, found, PhotoForm(instance=found))


@signed_in
@posted_from("photo", "pk")
def edit(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Change what people write on a photo."""
    found = visible_photo(request, pk)
    seen_by_editor(request, found.workspace)
    form = PhotoForm(request.POST, instance=visible_photo(request, pk))
    if form.is_valid():
        if found.edit(**form.columns()):
            messages.success(request, "Saved.")
            return redirect(found.get_absolute_url() + _narrowed(request, found).query)
        form.add_error(None, CHANGED_MEANWHILE)
    return _page(request, found, form, status=400)


@signed_in
@require_http_methods(["GET", "HEAD", "POST"])
def delete(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Say what goes with the photo; on confirmation, let it go."""
    found = visible_photo(request, pk)
    seen = seen_by_editor(request, found.workspace)
    narrowed = _narrowed(request, found)
    if request.method != "POST":
        custom_sizes = found.custom_thumbnails.count()
        context = {**seen, "photo": found, "custom_sizes": custom_sizes, "narrowed": narrowed}
        return render(request, "photo_delete.html", context)
    found.delete()
    messages.success(request, f"{found}: deleted.")
    return redirect(reverse("gallery", args=[found.workspace.slug]) + narrowed.query)


@signed_in
@posted_from("photo", "pk")
def retry(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Put a failed photo back to pending."""
    found = visible_photo(request, pk)
    seen_by_editor(request, found.workspace)
    if thumbnails.retry([found], by=request.user.get_username()):
        messages.success(request, "The thumbnails will be tried again.")
    else:
        messages.info(request, "This photo has not failed; there is nothing to retry.")
    return redirect(found.get_absolute_url() + _narrowed(request, found).query)


def _narrowed(request: HttpRequest, found: Photo) -> Narrowed:
    return Narrowed(found.workspace, request.GET.dict())


def _page(request: HttpRequest, found: Photo, form: PhotoForm, status: int = 200) -> HttpResponse:
    narrowed = _narrowed(request, found)
    context = {
        **seen_by(request, found.workspace),
        "photo": found,
        "form": form,
        "narrowed": narrowed,
        "newer": narrowed.photos.filter(pk__gt=found.pk).order_by("pk").first(),
        "older": narrowed.photos.filter(pk__lt=found.pk).first(),
        "events": timeline.of(found, request.user),
        "custom_sizes": found.custom_thumbnails.order_by("width", "height", "pk"),
    }
    return render(request, "photo.html", context, status=status)
