"""The ASGI application that the web server runs."""

import os

from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "thumbsite.settings")
django_application = get_asgi_application()

from django.conf import settings  # noqa: E402 - the settings module must be named first

from photos.body_limit import BodyLimit  # noqa: E402

# What multipart adds around a file: boundaries, headers, the other fields.
ENVELOPE_BYTES = 2**20

application = BodyLimit(django_application, settings.MAX_UPLOAD_BYTES + ENVELOPE_BYTES)
