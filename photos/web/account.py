"""One's own account."""

from __future__ import annotations

from django.contrib.auth.forms import AuthenticationForm
from django.contrib.auth.views import LoginView, PasswordChangeView
from django.contrib.messages.views import SuccessMessageMixin
from django.http import HttpResponse
from django.urls import reverse_lazy

from photos.web.posting import tell_nothing_saved


class SignIn(LoginView):
    """The way in; who had sent a form that was not taken is told so on its page."""

    template_name = "login.html"

    def form_valid(self, form: AuthenticationForm) -> HttpResponse:
        """Lead to where one came from."""
        if "unsaved" in self.request.GET:
            tell_nothing_saved(self.request)
        return super().form_valid(form)


class ChangePassword(SuccessMessageMixin, PasswordChangeView):  # type: ignore[type-arg]
    """Another password; all other sessions of this user end."""

    template_name = "password.html"
    success_url = reverse_lazy("home")
    success_message = "Your password is changed."
