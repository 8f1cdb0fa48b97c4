"""One's own account."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from django.contrib.auth import REDIRECT_FIELD_NAME
from django.contrib.auth.forms import AuthenticationForm
from django.contrib.auth.views import LoginView, PasswordChangeView, redirect_to_login
from django.contrib.messages.views import SuccessMessageMixin
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse, reverse_lazy
from django.views.decorators.http import require_safe

from photos import rates
from photos.web.posting import tell_nothing_saved


class SignIn(LoginView):
    """The way in; who had sent a form that was not taken is told so on its page."""

    template_name = "login.html"

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """Who is signed in already, by another tab perhaps, goes on."""
        if request.user.is_authenticated:
            return redirect(self.get_success_url())
        return super().dispatch(request, *args, **kwargs)

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Let in by the rate of tokens, THROTTLE_TOKENS; 429 when it is over."""
        username = request.POST.get("username", "")
        wait = rates.admit_credentials(request.META["REMOTE_ADDR"], username)
        if wait is None:
            return super().post(request, *args, **kwargs)
        # Not the form that was sent: to look for its mistakes would be to try its password.
        form = AuthenticationForm(request, initial={"username": username})
        context = self.get_context_data(form=form, wait=wait)
        headers = {"Retry-After": str(wait)}
        return self.render_to_response(context, status=HTTPStatus.TOO_MANY_REQUESTS, headers=headers)

    def get_success_url(self) -> str:
        """Where one came from."""
        if "unsaved" in self.request.GET:
            tell_nothing_saved(self.request)
        return super().get_success_url()


@require_safe
def staff_sign_in(request: HttpRequest) -> HttpResponse:
    """The admin's way in, which is everybody's; raises PermissionDenied for who is in and no staff."""
    if request.user.is_authenticated and not request.user.is_staff:
        raise PermissionDenied
    return redirect_to_login(request.GET.get(REDIRECT_FIELD_NAME) or reverse("admin:index"))


class ChangePassword(SuccessMessageMixin, PasswordChangeView):  # type: ignore[type-arg]  # takes none at run time
    """Another password; all other sessions of this user end."""

    template_name = "password.html"
    success_url = reverse_lazy("home")
    success_message = "Your password is changed."
