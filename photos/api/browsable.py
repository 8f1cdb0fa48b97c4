"""The API as pages, for people who look around in it."""

from __future__ import annotations

from base64 import b64encode
from hashlib import sha256
from typing import Any

from rest_framework import renderers, serializers
from rest_framework.request import Request, override_method

from photos.api.serializers import UploadSerializer
from photos.models import Album, Workspace
from photos.models.workspace import EDITING_ROLES
from photos.security_policy import HEADER, POLICY

# A longer list of albums would be of no use in a form; others go by the album filter's id, in JSON.
ALBUMS_SHOWN = 500


# DRF's templates place two buttons and the frames of nested fields by these style attributes. The policy admits each by
# its digest; a test finds what another version of DRF would add.
STYLES = ("float: right; margin-right: 10px", "border-bottom: 1px solid #e5e5e5", "border-bottom: 0")
DIGESTS = " ".join(f"'sha256-{b64encode(sha256(style.encode()).digest()).decode()}'" for style in STYLES)


class BrowsableAPIRenderer(renderers.BrowsableAPIRenderer):
    """DRF's, with a form for uploads, whose answer is not what was sent."""

    def render(self, data: Any, accepted_media_type: str | None = None, renderer_context: Any = None) -> Any:
        """The page, with a policy that admits its few style attributes."""
        page = super().render(data, accepted_media_type, renderer_context)
        renderer_context["response"].headers[HEADER] = f"{POLICY}; style-src-attr 'unsafe-hashes' {DIGESTS}"
        return page

    def get_context(self, *args: Any, **options: Any) -> dict[str, Any]:
        """DRF's, without the styles for code that it would put into the page where pygments is installed."""
        return {**super().get_context(*args, **options), "code_style": None}

    def get_rendered_html_form(self, data: Any, view: Any, method: str, request: Request) -> Any:
        """The form; None for who may not send it."""
        if method == "POST" and getattr(view, "action_map", {}).get("post") == "create" and hasattr(view, "form"):
            with override_method(view, request, method) as posted:
                if not self.show_form_for_method(view, method, posted, None):
                    return None
                return self.render_form_for_serializer(view.form(context={"request": posted}))
        return super().get_rendered_html_form(data, view, method, request)


class UploadForm(UploadSerializer):
    """An upload; its workspaces and albums are the ones that the user may fill."""

    def get_fields(self) -> dict[str, serializers.Field[Any, Any, Any, Any]]:
        """The fields, with what can be chosen."""
        workspaces = Workspace.objects.of_member(self.context["request"].user, EDITING_ROLES)
        albums = Album.objects.filter(workspace__in=workspaces).select_related("workspace")[:ALBUMS_SHOWN]
        of_albums = [(str(album.pk), f"{album.workspace} / {album}") for album in albums]
        fields = super().get_fields()
        return {"file": fields.pop("file"), **fields} | {
            "workspace": serializers.ChoiceField([(one.slug, one.name) for one in workspaces]),
            "album": serializers.ChoiceField(of_albums, allow_blank=True, required=False),
        }
