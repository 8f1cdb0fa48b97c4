"""Addresses that are only posted to, and the pages that their forms stand on."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.http import require_http_methods

View = Callable[..., HttpResponse]


def posted_from(page: str, *names: str) -> Callable[[View], View]:
    """A view of POSTs only; who just looks there is led to the ``page`` whose address has the arguments ``names``."""

    def decorate(view: View) -> View:
        @require_http_methods(["GET", "HEAD", "POST"])
        @wraps(view)
        def wrapped(request: HttpRequest, **arguments: Any) -> HttpResponse:
            if request.method == "POST":
                return view(request, **arguments)
            # Signing in leads to the address that one had posted to, but what was posted is lost.
            messages.warning(request, "Nothing was changed yet. Please do it once more.")
            address = reverse(page, kwargs={name: arguments[name] for name in names})
            query = request.META["QUERY_STRING"]
            return redirect(f"{address}?{query}" if query else address)

        return wrapped

    return decorate
