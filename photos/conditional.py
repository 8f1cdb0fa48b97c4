"""Whether what the client has is still what there is (RFC 9110, section 13)."""

from __future__ import annotations

from datetime import datetime
from http import HTTPStatus

from django.http import HttpRequest
from django.utils.cache import get_conditional_response

from photos.errors import PhotoError


class PreconditionFailed(PhotoError):
    """The thing is not as the client's If-Match or If-Unmodified-Since wants it."""

    code = "precondition_failed"


def not_modified(request: HttpRequest, etag: str, modified_at: datetime | None = None) -> bool:
    """Whether 304 is the answer to a GET or HEAD; raises PreconditionFailed."""
    last_modified = None if modified_at is None else int(modified_at.timestamp())
    answer = get_conditional_response(request, etag, last_modified)
    if answer is not None and answer.status_code == HTTPStatus.PRECONDITION_FAILED:
        raise PreconditionFailed("It has changed since; get it again without If-Match and If-Unmodified-Since.")
    return answer is not None
