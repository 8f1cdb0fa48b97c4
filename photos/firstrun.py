"""What a fresh installation starts with: an admin, a token, a workspace, and sample photos drawn by code."""

from __future__ import annotations

import secrets

from django.conf import settings
from django.contrib.auth import get_user_model
from django.core.files.base import ContentFile
from knox.models import AuthToken

from photos import samples, uploads
from photos.models import Membership, Role, Workspace


def prepare() -> str:
    """Make what is missing, once; answers the lines to show, with the secrets that are shown this once."""
    users = get_user_model()
    if users.objects.exists():
        return ""
    password = settings.ADMIN_PASSWORD or secrets.token_urlsafe(12)
    admin = users.objects.create_superuser("admin", "", password)
    _, token = AuthToken.objects.create(admin)
    workspace = Workspace.objects.create(slug="main", name="Main")
    Membership.objects.create(workspace=workspace, user=admin, role=Role.OWNER)
    for name, data in samples.draw():
        uploads.ingest(ContentFile(data, name), workspace, uploaded_by=admin, title=name.partition(".")[0])
    lines = {
        "user": "admin",
        "password": password,
        "API token": token,
        "admin pages": f"{settings.PUBLIC_BASE_URL}/admin/",
    }
    return "  Shown this once:\n" + "".join(f"    {label:<12} {value}\n" for label, value in lines.items())
