"""The admin: what a photo's state is, and a way to try again. State is read-only."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponseBase
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html

from photos import thumbnails
from photos.api.images import image_response
from photos.api.serializers import CONTENT_TYPES
from photos.models import Album, Membership, Photo, PhotoEvent, Workspace


class MembershipInline(admin.TabularInline[Membership, Workspace]):
    """The members of a workspace."""

    model = Membership
    extra = 1
    autocomplete_fields = ("user",)


@admin.register(Workspace)
class WorkspaceAdmin(admin.ModelAdmin[Workspace]):
    """Workspaces and their members."""

    list_display = ("slug", "name", "is_public", "created_at")
    search_fields = ("slug", "name")
    inlines = (MembershipInline,)


@admin.register(Album)
class AlbumAdmin(admin.ModelAdmin[Album]):
    """Albums."""

    list_display = ("name", "workspace", "created_at")
    list_filter = ("workspace",)
    search_fields = ("name",)


@admin.register(Photo)
class PhotoAdmin(admin.ModelAdmin[Photo]):
    """Photos; they come in by upload only, and their state changes by its own rules only."""

    list_display = (
        "preview", "__str__", "workspace", "thumbnail_status", "thumbnail_attempts", "thumbnail_error", "created_at",
    )  # fmt: skip
    list_display_links = ("preview", "__str__")
    list_filter = ("thumbnail_status", "thumbnail_error_code", "workspace", "kind")
    list_select_related = ("workspace",)
    search_fields = ("title", "original_filename", "sha256")
    show_full_result_count = False
    actions = ("retry",)
    fields = ("preview", "title", "kind", "history")

    def get_readonly_fields(self, request: HttpRequest, obj: Photo | None = None) -> list[str]:
        """All columns but the two that people write."""
        return ["preview", "history", *(field.name for field in Photo._meta.fields if field.name not in self.fields)]

    def get_fields(self, request: HttpRequest, obj: Photo | None = None) -> list[Any]:
        """What people write, then what is."""
        return list(dict.fromkeys([*self.fields, *self.get_readonly_fields(request, obj)]))

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Photos come in by upload only."""
        return False

    @admin.display(description="preview")
    def preview(self, photo: Photo) -> str:
        """The small thumbnail, by an address that asks for the admin's own rights."""
        if not (stored := photo.stored_thumbnail("small")):
            return "–"
        address = reverse("admin:photo-preview", args=[photo.pk])
        return format_html('<img src="{}" width="{}" height="{}" alt="">', address, stored.width, stored.height)

    @admin.display(description="history")
    def history(self, photo: Photo) -> str:
        """What happened to it, oldest first."""
        events = PhotoEvent.objects.filter(photo_id=photo.pk)
        lines = [f"{event.created_at:%Y-%m-%d %H:%M:%S} {event.type} {_facts(event.data)}" for event in events]
        return format_html("<pre>{}</pre>", "\n".join(lines))

    @admin.action(description="Retry the thumbnails", permissions=["change"])
    def retry(self, request: HttpRequest, photos: QuerySet[Photo]) -> None:
        """Put the failed ones of the selected photos back to pending."""
        selected = list(photos)
        queued = thumbnails.retry(selected, by=request.user.get_username())
        self.message_user(request, f"{queued} queued, {len(selected) - queued} skipped.", messages.SUCCESS)

    def get_urls(self) -> list[URLPattern]:
        """The admin's own, and the previews."""
        view = self.admin_site.admin_view(self.preview_image)
        return [path("<uuid:pk>/preview/", view, name="photo-preview"), *super().get_urls()]

    def preview_image(self, request: HttpRequest, pk: UUID) -> HttpResponseBase:
        """The small thumbnail's bytes, for whoever may see photos in the admin."""
        photo = Photo.objects.select_related("workspace").filter(pk=pk).first()
        stored = photo.stored_thumbnail("small") if photo and self.has_view_permission(request, photo) else None
        if photo is None or stored is None:
            raise Http404
        extension = stored.path.rpartition(".")[2]
        return image_response(photo, stored.path, CONTENT_TYPES[extension], f"small.{extension}")


def _facts(data: dict[str, Any]) -> str:
    return " ".join(f"{name}={value}" for name, value in data.items() if value not in ("", None))
