"""Checks of the configuration that Django runs at every start."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.checks import CheckMessage, Warning, register  # noqa: A004 - Django's own name

LOOPBACK = {"127.0.0.1", "localhost", "::1"}


@register()
def public_address_is_https(**_: Any) -> list[CheckMessage]:
    """Passwords and cookies must not travel in the clear to anywhere but this machine."""
    address = urlsplit(settings.PUBLIC_BASE_URL)
    if address.scheme == "https" or address.hostname in LOOPBACK:
        return []
    hint = "Put a proxy with TLS in front and set PUBLIC_BASE_URL to its https:// address."
    return [Warning(f"{settings.PUBLIC_BASE_URL} is plain http.", hint=hint, id="photos.W001")]


@register()
def presets_grow(**_: Any) -> list[CheckMessage]:
    """The three boxes must keep their order."""
    recipe = settings.THUMBNAIL_RECIPE
    if recipe.small <= recipe.medium <= recipe.large:
        return []
    hint = "Set THUMBNAIL_SMALL ≤ THUMBNAIL_MEDIUM ≤ THUMBNAIL_LARGE."
    return [Warning("The thumbnail sizes are not in growing order.", hint=hint, id="photos.W002")]
