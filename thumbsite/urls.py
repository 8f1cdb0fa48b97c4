"""Which room answers which address."""

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.urls import include, path

from photos.api import errors
from photos.web import account, posting

handler400 = "photos.api.errors.bad_request"
handler404 = "photos.api.errors.not_found"
handler500 = "photos.api.errors.server_error"

urlpatterns = [
    path("admin/login/", account.staff_sign_in),
    path("admin/", admin.site.urls),
    path("api/v1/", include("photos.api.urls")),
    path("", include("photos.web.urls")),
]


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """Django's CSRF_FAILURE_VIEW: whose refusal it is."""
    is_api = request.path.startswith(errors.API_PREFIX)
    return errors.csrf_failure() if is_api else posting.csrf_failure(request, reason)
