"""Which room answers which address."""

from django.contrib import admin
from django.urls import include, path

handler400 = "photos.api.errors.bad_request"
handler404 = "photos.api.errors.not_found"
handler500 = "photos.api.errors.server_error"

urlpatterns = [
    path("admin/", admin.site.urls),
    path("api/v1/", include("photos.api.urls")),
    path("", include("photos.web.urls")),
]
