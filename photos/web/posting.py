"""Forms that are sent: what is only posted to, and who must sign in first, or has an old page."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.contrib import messages
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse
from django.views import csrf
from django.views.decorators.http import require_http_methods

View = Callable[..., HttpResponseBase]


def posted_from(page: str, *names: str) -> Callable[[View], View]:
    """A view of POSTs only; who just looks there is led to the ``page`` whose address has the arguments ``names``."""

    def decorate(view: View) -> View:
        @require_http_methods(["GET", "HEAD", "POST"])
        @wraps(view)
        def wrapped(request: HttpRequest, **arguments: Any) -> HttpResponseBase:
            if request.method == "POST":
                return view(request, **arguments)
            address = reverse(page, kwargs={name: arguments[name] for name in names})
            query = request.META["QUERY_STRING"]
            return redirect(f"{address}?{query}" if query else address)

        return wrapped

    return decorate


def signed_in(view: View) -> View:
    """A view for whoever is signed in; others are led to do so, and back."""

    @wraps(view)
    def wrapped(request: HttpRequest, **arguments: Any) -> HttpResponseBase:
        if request.user.is_authenticated:
            return view(request, **arguments)
        return _led_to_sign_in(request)

    return wrapped


def tell_nothing_saved(request: HttpRequest) -> None:
    """Say on the next page that what was sent is not saved, by which `typed.js` knows that it may show it again."""
    messages.warning(request, "Nothing is saved yet: look at it, and send it once more.", extra_tags="unsaved")


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """Of the pages: who signed in anew since the form was loaded gets it again; any other failure is refused."""
    match = request.resolver_match
    is_old = reason.startswith("CSRF token")
    if not is_old or match is None or match.namespaces:
        return csrf.csrf_failure(request, reason)
    if match.url_name in {"login", "logout"}:
        return _about_the_session(request, match.url_name)
    if not request.user.is_authenticated:
        return _led_to_sign_in(request)
    tell_nothing_saved(request)
    return redirect(request.get_full_path())


def _about_the_session(request: HttpRequest, name: str) -> HttpResponse:
    if name == "logout":
        if request.user.is_authenticated:
            messages.warning(request, "You are still signed in; press Sign out again.")
        return redirect("home")
    if not request.user.is_authenticated:
        messages.warning(request, "You are not signed in yet; sign in once more.")
    return redirect(request.get_full_path())


def _led_to_sign_in(request: HttpRequest) -> HttpResponse:
    # Nothing of what was sent goes along: this browser's own tab has it.
    unsaved = "?unsaved=1" if request.method == "POST" else ""
    return redirect_to_login(request.get_full_path(), reverse("login") + unsaved)
