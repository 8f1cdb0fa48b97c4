"""One's own account."""

from __future__ import annotations

from django.contrib.auth.views import PasswordChangeView
from django.contrib.messages.views import SuccessMessageMixin
from django.urls import reverse_lazy


class ChangePassword(SuccessMessageMixin, PasswordChangeView):  # type: ignore[type-arg]
    """Another password; all other sessions of this user end."""

    template_name = "password.html"
    success_url = reverse_lazy("home")
    success_message = "Your password is changed."
