"""The rows: whose photos, the photos, what happened to them, and the files that nobody names."""

from photos.models.album import Album
from photos.models.custom import CustomClaim, CustomThumbnail
from photos.models.event import PhotoEvent
from photos.models.orphan import Orphan
from photos.models.photo import Photo
from photos.models.status import ThumbnailStatus
from photos.models.throttle import ThrottleWindow
from photos.models.token import AuthToken
from photos.models.worker import Worker
from photos.models.workspace import Membership, Role, Workspace

__all__ = [
    "Album",
    "AuthToken",
    "CustomClaim",
    "CustomThumbnail",
    "Membership",
    "Orphan",
    "Photo",
    "PhotoEvent",
    "Role",
    "ThrottleWindow",
    "ThumbnailStatus",
    "Worker",
    "Workspace",
]
