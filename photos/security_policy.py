"""What browsers may load on our pages, as a header: from here only, and no script or style but from a file."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from asgiref.sync import iscoroutinefunction
from django.http import HttpRequest, HttpResponseBase
from django.utils.decorators import sync_and_async_middleware

HEADER = "Content-Security-Policy"

# Pictures also from the page itself: placeholders, and files that are about to be uploaded.
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; font-src 'self'; "
    "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)


@sync_and_async_middleware
def security_policy(get_response: Callable[[HttpRequest], Any]) -> Callable[[HttpRequest], Any]:
    """Middleware: every answer carries the policy, unless it has one of its own."""

    def guarded(response: HttpResponseBase) -> HttpResponseBase:
        response.headers.setdefault(HEADER, POLICY)
        return response

    async def guard_async(request: HttpRequest) -> HttpResponseBase:
        return guarded(await get_response(request))

    def guard(request: HttpRequest) -> HttpResponseBase:
        return guarded(get_response(request))

    return guard_async if iscoroutinefunction(get_response) else guard
