"""The one shape of every error of the API, from a refused file to a crash."""

from __future__ import annotations

import logging
import math
import sys
from http import HTTPStatus
from typing import Any
from uuid import uuid4

from django.core.exceptions import PermissionDenied, RequestDataTooBig, SuspiciousOperation
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse, UnreadablePostError
from django.views import defaults
from rest_framework import exceptions

from photos.errors import PhotoError

logger = logging.getLogger(__name__)

API_PREFIX = "/api/"
RETRY_AFTER_SECONDS = 10

STATUS_OF_CODE: dict[str, int] = {
    "busy": HTTPStatus.SERVICE_UNAVAILABLE,
    "conflict": HTTPStatus.CONFLICT,
    "not_failed": HTTPStatus.CONFLICT,
    "precondition_failed": HTTPStatus.PRECONDITION_FAILED,
    "request_timeout": HTTPStatus.REQUEST_TIMEOUT,
    "range_not_satisfiable": HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE,
    "file_too_large": HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    "unsupported_format": HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
    "storage_unavailable": HTTPStatus.SERVICE_UNAVAILABLE,
}

CSRF_MESSAGE = "Send the CSRF token in the X-CSRFToken header, or use a token instead of the session."
SIGN_IN_MESSAGE = "Send a token in the Authorization header, as in Authorization: Token …, or sign in."
FORBIDDEN_MESSAGE = "Your role here does not allow this; ask an owner of the workspace."
NOT_FOUND_MESSAGE = "There is nothing at this address."
NO_SLASH_MESSAGE = "There is nothing at this address; all of the API's end with a slash."

# Of the framework's own exceptions: the code, and a sentence that says what to do (none: the exception's own).
FRAMEWORK_ERRORS: tuple[tuple[type[Exception], int, str, str], ...] = (
    (exceptions.ValidationError, 400, "invalid", "Some fields are wrong; see details."),
    (exceptions.ParseError, 400, "invalid", "The request's body can't be read; check how it is encoded."),
    (RequestDataTooBig, 413, "file_too_large", "The request's fields are too long; send less."),
    (SuspiciousOperation, 400, "invalid", "The request is malformed or has too many parts."),
    (UnreadablePostError, 400, "invalid", "The request broke off before its end; send it again."),
    (exceptions.NotAuthenticated, 401, "not_authenticated", SIGN_IN_MESSAGE),
    (exceptions.AuthenticationFailed, 401, "not_authenticated", ""),
    (exceptions.PermissionDenied, 403, "permission_denied", FORBIDDEN_MESSAGE),
    (PermissionDenied, 403, "permission_denied", FORBIDDEN_MESSAGE),
    (exceptions.NotFound, 404, "not_found", NOT_FOUND_MESSAGE),
    (Http404, 404, "not_found", NOT_FOUND_MESSAGE),
    (exceptions.MethodNotAllowed, 405, "method_not_allowed", "Use one of the methods in the Allow header."),
    (exceptions.NotAcceptable, 406, "not_acceptable", "Ask for application/json."),
    (exceptions.UnsupportedMediaType, 415, "unsupported_format", "Send the body as this call reads it; see details."),
    (exceptions.Throttled, 429, "throttled", "That was too often; wait as many seconds as Retry-After says."),
)


class UnknownWorkspace(PhotoError):
    """No such workspace, or none that this user may see."""

    code = "unknown_workspace"


class UnknownAlbum(PhotoError):
    """No such album in this workspace."""

    code = "unknown_album"


class UnknownPreset(PhotoError):
    """No thumbnail size of that name."""

    code = "unknown_preset"


class InvalidDimensions(PhotoError):
    """A width or height that no thumbnail may have."""

    code = "invalid_dimensions"


class NotFailed(PhotoError):
    """Only failed photos can be retried."""

    code = "not_failed"


def answer(
    status: int, code: str, message: str, details: Any = None, headers: dict[str, str] | None = None
) -> HttpResponse:
    """An error as the contract words it: in JSON, whatever the client accepts."""
    return JsonResponse({"error": described(code, message, details)}, status=status, headers=headers)


def described(code: str, message: str, details: Any = None) -> dict[str, Any]:
    """What the contract has below ``error``."""
    return {"code": code, "message": message} | ({"details": details} if details else {})


def exception_handler(error: Exception, context: dict[str, Any]) -> HttpResponse:
    """DRF's hook: any exception of a view as the contract's answer."""
    if isinstance(error, PhotoError):
        status = STATUS_OF_CODE.get(error.code, HTTPStatus.BAD_REQUEST)
        return answer(status, error.code, str(error), error.details, _headers(error, status))
    if isinstance(error, exceptions.PermissionDenied) and str(error.detail).startswith("CSRF"):
        return csrf_failure()
    for kind, status, code, message in FRAMEWORK_ERRORS:
        if isinstance(error, kind):
            sentence = message or str(getattr(error, "detail", error))
            return answer(status, code, sentence, _details(error, context), _headers(error, status))
    return _internal_error(error)


def _details(error: Exception, context: dict[str, Any]) -> Any:
    if isinstance(error, exceptions.ValidationError):
        return error.detail
    if isinstance(error, exceptions.UnsupportedMediaType):
        return {"content_types": [parser.media_type for parser in context["view"].get_parsers()]}
    return {"reason": str(error.detail)} if isinstance(error, exceptions.ParseError) else None


def _headers(error: Exception, status: int) -> dict[str, str]:
    if status == HTTPStatus.UNAUTHORIZED:
        return {"WWW-Authenticate": "Token"}
    if status in {HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE}:
        return {"Retry-After": str(max(1, math.ceil(getattr(error, "wait", None) or RETRY_AFTER_SECONDS)))}
    if isinstance(error, PhotoError) and status == HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE:
        return {"Content-Range": f"bytes */{error.details['byte_size']}"}
    return {}


def _internal_error(error: BaseException | None) -> HttpResponse:
    request_id = str(uuid4())
    logger.error("internal error", extra={"request_id": request_id}, exc_info=error)
    message = "Something broke on our side; it was logged under the request id."
    return answer(HTTPStatus.INTERNAL_SERVER_ERROR, "internal_error", message, {"request_id": request_id})


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Django's handler400: a request that was refused before any view."""
    if not request.path.startswith(API_PREFIX):
        return defaults.bad_request(request, exception)
    return answer(HTTPStatus.BAD_REQUEST, "invalid", "The request is malformed; check its headers and address.")


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Django's handler404."""
    if not request.path.startswith(API_PREFIX):
        return defaults.page_not_found(request, exception)
    message = NOT_FOUND_MESSAGE if request.path.endswith("/") else NO_SLASH_MESSAGE
    return answer(HTTPStatus.NOT_FOUND, "not_found", message)


def server_error(request: HttpRequest) -> HttpResponse:
    """Django's handler500: a crash outside the API's views."""
    if not request.path.startswith(API_PREFIX):
        return defaults.server_error(request)
    return _internal_error(sys.exception())


def csrf_failure() -> HttpResponse:
    """Of the API: a session's request without its token."""
    return answer(HTTPStatus.FORBIDDEN, "csrf_failed", CSRF_MESSAGE)
