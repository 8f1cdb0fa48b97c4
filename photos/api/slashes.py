"""Addresses that lack their last slash."""

from __future__ import annotations

from django.http import HttpRequest
from django.middleware import common

from photos.api.errors import API_PREFIX


class CommonMiddleware(common.CommonMiddleware):
    """Django's, which sends people to the address with a slash; a program is told, since its body would get lost."""

    def should_redirect_with_slash(self, request: HttpRequest) -> bool:
        """Whether to redirect: pages only."""
        return not request.path_info.startswith(API_PREFIX) and super().should_redirect_with_slash(request)
