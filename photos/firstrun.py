"""What a fresh installation starts with: an admin, a token, a workspace, and sample photos drawn by code."""

from __future__ import annotations

import secrets
from collections.abc import Callable

from django.conf import settings
from django.contrib.auth import get_user_model
from django.core.files.base import ContentFile
from django.db import transaction

from photos import samples, uploads
from photos.models import AuthToken, Workspace


def prepare(tell: Callable[[str], None], *, with_samples: bool) -> None:
    """Make what is missing, once; tells the secrets that are shown this once before it keeps them."""
    users = get_user_model()
    if users.objects.exists():
        return
    password = settings.ADMIN_PASSWORD or secrets.token_urlsafe(12)
    # Told inside: whoever breaks it off here has seen them, or finds nothing made.
    with transaction.atomic():
        admin = users.objects.create_superuser("admin", "", password)
        _, token = AuthToken.objects.create(admin)
        workspace = Workspace.objects.found(admin, slug="main", name="Main")
        tell(_shown_once({"user": "admin", "password": password, "API token": token}))
    for name, data in samples.draw() if with_samples else ():
        uploads.ingest(ContentFile(data, name), workspace, uploaded_by=admin, title=name.partition(".")[0])


def _shown_once(lines: dict[str, str]) -> str:
    return "\n  Shown this once:\n" + "".join(f"    {label:<12} {value}\n" for label, value in lines.items())
