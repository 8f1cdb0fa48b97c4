"""Tokens of the API: of a token, a digest is kept."""

from __future__ import annotations

from django.db import models
from knox.models import AbstractAuthToken
from knox.settings import CONSTANTS

from photos.models.ids import uuid7


class AuthToken(AbstractAuthToken):
    """Knox's, with an id of its own: pages and logs that name a token must not show its digest."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    digest = models.CharField(max_length=CONSTANTS.DIGEST_LENGTH, unique=True, editable=False)

    class Meta:
        ordering = ("-id",)
        verbose_name = "API token"

    def __str__(self) -> str:
        return f"token of {self.user}, made {self.created:%Y-%m-%d %H:%M}"
