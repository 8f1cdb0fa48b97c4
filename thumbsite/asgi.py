"""The ASGI application that the web server runs."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import IO, Any

import django
from django.conf import settings
from django.core.handlers.asgi import ASGIHandler, ASGIRequest
from django.http import HttpResponseBase

from photos.body_limit import BodyLimit

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "thumbsite.settings")
django.setup(set_prefix=False)


class Handler(ASGIHandler):
    """Django's, which would take the body of a request without Content-Length (sent in chunks) for an empty one."""

    def create_request(
        self, scope: Mapping[str, Any], body_file: IO[bytes]
    ) -> tuple[ASGIRequest, None] | tuple[None, HttpResponseBase]:
        """The request, with the length of what has come."""
        if b"content-length" not in dict(scope["headers"]):
            length = body_file.seek(0, os.SEEK_END)
            body_file.seek(0)
            scope = {**scope, "headers": [*scope["headers"], (b"content-length", str(length).encode())]}
        return super().create_request(scope, body_file)


application = BodyLimit(Handler(), settings.MAX_REQUEST_BYTES)
