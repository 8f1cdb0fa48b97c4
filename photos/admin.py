"""The admin: what a photo's state is, and a way to try again. State is read-only."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from django.apps import apps
from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponseBase
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html, format_html_join

from photos import images, thumbnails
from photos.errors import PhotoError
from photos.models import Album, AuthToken, Membership, Photo, PhotoEvent, Workspace
from photos.sizes import Box, fit

# Small enough for many rows on a screen, in pixels.
PREVIEW = Box(80, 80)

# The queue's own tables carry nothing that counts: a photo's row is the truth.
for _model in apps.get_app_config("django_q").get_models():
    if admin.site.is_registered(_model):
        admin.site.unregister(_model)


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

    def get_queryset(self, request: HttpRequest) -> QuerySet[Workspace]:
        """Those that are still somebody's."""
        return super().get_queryset(request).filter(closed_at=None)

    def get_deleted_objects(
        self, objs: Iterable[Workspace], request: HttpRequest
    ) -> tuple[list[Any], dict[str, int], set[str], list[str]]:
        """How many photos go, instead of a line for each."""
        workspaces = list(objs)
        return [f"{one} with {one.photos.count()} photos" for one in workspaces], {}, set(), []

    def delete_model(self, request: HttpRequest, obj: Workspace) -> None:
        """Out of sight at once; the photos follow bit by bit, so that nobody waits for a lock."""
        obj.close(with_photos=True)

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Workspace]) -> None:
        """As for one."""
        for workspace in queryset:
            workspace.close(with_photos=True)


@admin.register(AuthToken)
class AuthTokenAdmin(admin.ModelAdmin[AuthToken]):
    """Tokens: whose, and until when; to delete one is to revoke it. What would open the door is in no page."""

    list_display = ("user", "created", "expiry")
    list_display_links = None
    list_filter = ("created", "expiry")
    list_select_related = ("user",)
    search_fields = ("user__username",)
    fields = ("user", "created", "expiry")

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Tokens are given by the API, for a password."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: AuthToken | None = None) -> bool:
        """A token is good or revoked."""
        return False


@admin.register(Album)
class AlbumAdmin(admin.ModelAdmin[Album]):
    """Albums; one never moves to another workspace, since its photos would not."""

    list_display = ("name", "workspace", "created_at")
    list_filter = ("workspace",)
    search_fields = ("name",)

    def get_readonly_fields(self, request: HttpRequest, obj: Album | None = None) -> tuple[str, ...]:
        """The workspace, once it is chosen."""
        return ("workspace",) if obj else ()


@admin.register(Photo)
class PhotoAdmin(admin.ModelAdmin[Photo]):
    """Photos; they come in by upload only, and their state changes by its own rules only."""

    list_display = ("preview", "__str__", "workspace", "status", "attempts", "thumbnail_error", "created_at")
    list_display_links = ("preview", "__str__")
    list_filter = ("thumbnail_status", "thumbnail_error_code", "workspace", "kind")
    list_select_related = ("workspace",)
    search_fields = ("title", "original_filename", "sha256")
    show_full_result_count = False
    actions = ("retry",)
    fields = ("preview", "title", "kind", "thumbnail_status", "thumbnail_error_code", "thumbnail_error", "history")
    written_by_people = ("title", "kind")

    def get_readonly_fields(self, request: HttpRequest, obj: Photo | None = None) -> list[str]:
        """All columns but the two that people write."""
        columns = [field.name for field in Photo._meta.fields]
        return [name for name in dict.fromkeys([*self.fields, *columns]) if name not in self.written_by_people]

    def get_fields(self, request: HttpRequest, obj: Photo | None = None) -> list[Any]:
        """What people write and look for, then all the rest."""
        return list(dict.fromkeys([*self.fields, *self.get_readonly_fields(request, obj)]))

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Photos come in by upload only."""
        return False

    @admin.display(description="status", ordering="thumbnail_status")
    def status(self, photo: Photo) -> str:
        """The state, under a short heading."""
        return photo.get_thumbnail_status_display()

    @admin.display(description="attempts", ordering="thumbnail_attempts")
    def attempts(self, photo: Photo) -> int:
        """How often it was tried, under a short heading."""
        return photo.thumbnail_attempts

    @admin.display(description="preview")
    def preview(self, photo: Photo) -> str:
        """The small thumbnail, by an address that asks for the admin's own rights."""
        if not (stored := photo.stored_thumbnail("small")):
            return "–"
        address = reverse("admin:photo-preview", args=[photo.pk])
        width, height = fit(stored.width, stored.height, PREVIEW)
        return format_html('<img src="{}" width="{}" height="{}" alt="">', address, width, height)

    @admin.display(description="history")
    def history(self, photo: Photo) -> str:
        """What happened to it, oldest first."""
        events = PhotoEvent.objects.filter(photo_id=photo.pk)
        lines = [(f"{event.created_at:%Y-%m-%d %H:%M:%S} {event.type} {_facts(event.data)}",) for event in events]
        return format_html_join("", "<div>{}</div>", lines)

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
        if photo is None or not self.has_view_permission(request, photo):
            raise Http404
        try:
            return images.thumbnail(request, photo, "small")
        except PhotoError as error:
            raise Http404 from error


def _facts(data: dict[str, Any]) -> str:
    return " ".join(f"{name}={value}" for name, value in data.items() if value not in ("", None))
