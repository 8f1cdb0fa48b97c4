"""Who may see and do what on the pages. A thing that one may not see answers 404, as if it did not exist."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest
from django.shortcuts import get_object_or_404

from photos.models import Photo, Role, Workspace
from photos.models.workspace import EDITING_ROLES


def visible_workspace(request: HttpRequest, slug: str) -> Workspace:
    """The workspace, if this user may look into it; raises Http404."""
    return get_object_or_404(Workspace.objects.visible_to(request.user), slug=slug)


def visible_photo(request: HttpRequest, pk: UUID) -> Photo:
    """The photo, if this user may look at it; raises Http404."""
    photos = Photo.objects.visible_to(request.user).select_related("workspace", "album", "uploaded_by")
    return get_object_or_404(photos, pk=pk)


def seen_by(request: HttpRequest, workspace: Workspace) -> dict[str, Any]:
    """What each page about a workspace is told: which, and what this user may do there."""
    role = workspace.role_of(request.user)
    return {
        "workspace": workspace,
        "is_member": role is not None,
        "can_edit": role in EDITING_ROLES,
        "is_owner": role == Role.OWNER,
    }


def seen_by_member(request: HttpRequest, workspace: Workspace) -> dict[str, Any]:
    """As `seen_by`; raises PermissionDenied for who only looks into a public workspace."""
    return _if("is_member", seen_by(request, workspace))


def seen_by_editor(request: HttpRequest, workspace: Workspace) -> dict[str, Any]:
    """As `seen_by`; raises PermissionDenied for who may not upload, edit and delete."""
    return _if("can_edit", seen_by(request, workspace))


def seen_by_owner(request: HttpRequest, workspace: Workspace) -> dict[str, Any]:
    """As `seen_by`; raises PermissionDenied for who may not manage the workspace."""
    return _if("is_owner", seen_by(request, workspace))


def _if(right: str, seen: dict[str, Any]) -> dict[str, Any]:
    if not seen[right]:
        raise PermissionDenied
    return seen
