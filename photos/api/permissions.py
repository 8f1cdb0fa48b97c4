"""Who may do what to a workspace and what is in it, and which of it a request names."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from rest_framework.exceptions import PermissionDenied
from rest_framework.permissions import SAFE_METHODS, IsAuthenticatedOrReadOnly
from rest_framework.request import Request
from rest_framework.views import APIView

from photos.api.errors import UnknownAlbum, UnknownWorkspace
from photos.models import Album, Workspace
from photos.models.workspace import Viewer


class OwnersWrite(IsAuthenticatedOrReadOnly):
    """A workspace is changed by its owners."""

    def has_object_permission(self, request: Request, view: APIView, obj: Workspace) -> bool:
        """Whether the user may do this to the workspace, which he may see."""
        return request.method in SAFE_METHODS or obj.is_owned_by(request.user)


class EditorsWrite(IsAuthenticatedOrReadOnly):
    """What is in a workspace is changed by its editors and owners."""

    def has_object_permission(self, request: Request, view: APIView, obj: Any) -> bool:
        """Whether the user may do this to what he may see."""
        return request.method in SAFE_METHODS or obj.workspace.is_editable_by(request.user)


def require_editor(user: Viewer, workspace: Workspace) -> None:
    """Raise PermissionDenied unless the user may upload, edit, delete and retry here."""
    if not workspace.is_editable_by(user):
        raise PermissionDenied


def workspace_named(user: Viewer, slug: str) -> Workspace:
    """The workspace of this slug, or the only one of this user if it is empty.

    Raises UnknownWorkspace, also for one that the user may not see.
    """
    if slug:
        workspace = Workspace.objects.visible_to(user).filter(slug=slug).first()
    else:
        mine = Workspace.objects.of_member(user)[:2]
        workspace = mine[0] if len(mine) == 1 else None
    if workspace is None:
        raise UnknownWorkspace("Name one of your workspaces by its slug in the field workspace.")
    return workspace


def workspace_to_fill(user: Viewer, slug: str) -> Workspace:
    """The workspace as by `workspace_named`, as long as the user is an editor there; else raises PermissionDenied."""
    workspace = workspace_named(user, slug)
    require_editor(user, workspace)
    return workspace


def album_of(workspace: Workspace, album_id: UUID) -> Album:
    """The album of this id in this workspace; raises UnknownAlbum."""
    album = workspace.albums.filter(pk=album_id).first()
    if album is None:
        raise UnknownAlbum("Name an album of this workspace by its id in the field album.")
    return album
