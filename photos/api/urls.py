"""The addresses below /api/v1/."""

from django.urls import include, path
from rest_framework.routers import DefaultRouter

from photos.api.images import OriginalView, ThumbnailView
from photos.api.tokens import TokenView
from photos.api.views import AlbumListView, PhotoViewSet, WorkspaceListView


class Router(DefaultRouter):
    """With converters in its paths, so that an id that isn't one is simply no address."""

    include_format_suffixes = False

    def __init__(self) -> None:
        super().__init__(use_regex_path=False)


router = Router()
router.register("photos", PhotoViewSet, basename="photo-api")

urlpatterns = [
    path("photos/<uuid:pk>/original/", OriginalView.as_view(), name="photo-original"),
    path("thumbnails/<uuid:pk>.<slug:size>.<slug:version>/", ThumbnailView.as_view(), name="thumbnail"),
    path("workspaces/", WorkspaceListView.as_view(), name="workspace-list"),
    path("albums/", AlbumListView.as_view(), name="album-list"),
    path("auth/token/", TokenView.as_view(), name="token"),
    path("", include(router.urls)),
]
