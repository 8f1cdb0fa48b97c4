"""The rows: whose photos, the photos, what happened to them, and the files that nobody names."""

from photos.models.event import PhotoEvent
from photos.models.lifecycle import ThumbnailStatus
from photos.models.orphan import Orphan
from photos.models.photo import Photo
from photos.models.workspace import Album, Membership, Role, Workspace

__all__ = ["Album", "Membership", "Orphan", "Photo", "PhotoEvent", "Role", "ThumbnailStatus", "Workspace"]
