"""How far a photo's thumbnails can be, and where they start over."""

from __future__ import annotations

from typing import Any

from django.db import models
from django.db.models.functions import Now


class ThumbnailStatus(models.TextChoices):
    """Waiting, held by a worker, all three files exist, given up with a reason."""

    PENDING = "pending"
    PROCESSING = "processing"
    COMPLETE = "complete"
    FAILED = "failed"


# What a retry writes.
RETRIED: dict[str, Any] = {
    "thumbnail_status": ThumbnailStatus.PENDING,
    "thumbnail_attempts": 0,
    "thumbnail_error_code": "",
    "thumbnail_error": "",
    "thumbnail_next_attempt_at": Now(),
    "thumbnail_rung_at": None,
}
