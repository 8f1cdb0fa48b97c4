"""The addresses below /api/v1/."""

from django.urls import include, path
from rest_framework.permissions import AllowAny
from rest_framework.routers import APIRootView, DefaultRouter

from photos.api.albums import AlbumViewSet
from photos.api.bulk import CheckView, RetryView
from photos.api.docs import DocsView, SchemaView
from photos.api.images import OriginalView, ThumbnailView
from photos.api.members import MemberViewSet
from photos.api.photos import PhotoViewSet
from photos.api.service import CustomThumbnailView, ServiceView
from photos.api.status import PhotoStatusesView, PhotoStatusView
from photos.api.stream import StreamView
from photos.api.timeline import TimelineView
from photos.api.tokens import TokenView
from photos.api.workspaces import WorkspaceViewSet


class RootView(APIRootView):
    """Where to begin."""

    permission_classes = (AllowAny,)


class Router(DefaultRouter):
    """With converters in its paths, so that an id that isn't one is simply no address."""

    APIRootView = RootView
    include_format_suffixes = False

    def __init__(self) -> None:
        super().__init__(use_regex_path=False)


router = Router()
router.register("photos", PhotoViewSet, basename="photo-api")
router.register("workspaces", WorkspaceViewSet, basename="workspace")
router.register("albums", AlbumViewSet, basename="album")

urlpatterns = [
    path("photos/check/", CheckView.as_view(), name="photo-check"),
    path("photos/retry/", RetryView.as_view(), name="photo-retry-all"),
    path("photos/status/", PhotoStatusesView.as_view(), name="photo-statuses"),
    path("photos/<uuid:pk>/status/", PhotoStatusView.as_view(), name="photo-status"),
    path("photos/<uuid:pk>/timeline/", TimelineView.as_view(), name="photo-timeline"),
    path("photos/<uuid:pk>/original/", OriginalView.as_view(), name="photo-original"),
    path("thumbnails/", ServiceView.as_view(), name="thumbnail-service"),
    path("thumbnails/<uuid:pk>/", CustomThumbnailView.as_view(), name="custom-thumbnail"),
    path("thumbnails/<uuid:pk>.<slug:size>.<slug:version>/", ThumbnailView.as_view(), name="thumbnail"),
    path(
        "workspaces/<slug:slug>/members/",
        MemberViewSet.as_view({"get": "list", "post": "create"}),
        name="member-list",
    ),
    path(
        "workspaces/<slug:slug>/members/<str:username>/",
        MemberViewSet.as_view({"get": "retrieve", "patch": "partial_update", "delete": "destroy"}),
        name="member-detail",
    ),
    path("events/", StreamView.as_view(), name="events"),
    path("auth/token/", TokenView.as_view(), name="token"),
    path("schema/", SchemaView.as_view(), name="schema"),
    path("docs/", DocsView.as_view(), name="docs"),
    path("", include(router.urls)),
]
