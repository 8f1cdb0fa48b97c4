"""The one shape of every error of the API, from a refused file to a crash."""

from __future__ import annotations

import logging
from http import HTTPStatus
from typing import Any
from uuid import uuid4

from django.core.exceptions import PermissionDenied, SuspiciousOperation
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse, UnreadablePostError
from django.views import csrf, defaults
from rest_framework import exceptions
from rest_framework.response import Response

from photos.errors import PhotoError

logger = logging.getLogger(__name__)

API_PREFIX = "/api/"
RETRY_AFTER_SECONDS = 10

STATUS_OF_CODE = {
    "conflict": HTTPStatus.CONFLICT,
    "not_failed": HTTPStatus.CONFLICT,
    "file_too_large": HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    "unsupported_format": HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
    "storage_unavailable": HTTPStatus.SERVICE_UNAVAILABLE,
}

CSRF_MESSAGE = "Send the CSRF token in the X-CSRFToken header, or use a token instead of the session."
FORBIDDEN_MESSAGE = "Your role here does not allow this; ask an owner of the workspace."
NOT_FOUND_MESSAGE = "There is nothing at this address."

# Of the framework's own exceptions: the code, and a sentence that says what to do (none: the exception's own).
FRAMEWORK_ERRORS: tuple[tuple[type[Exception], int, str, str], ...] = (
    (exceptions.ValidationError, 400, "invalid", "Some fields are wrong; see details."),
    (exceptions.ParseError, 400, "invalid", "The request's body can't be read; check how it is encoded."),
    (SuspiciousOperation, 400, "invalid", "The request is malformed or has too many parts."),
    (UnreadablePostError, 400, "invalid", "The request broke off before its end; send it again."),
    (exceptions.NotAuthenticated, 401, "not_authenticated", ""),
    (exceptions.AuthenticationFailed, 401, "not_authenticated", ""),
    (exceptions.PermissionDenied, 403, "permission_denied", FORBIDDEN_MESSAGE),
    (PermissionDenied, 403, "permission_denied", FORBIDDEN_MESSAGE),
    (exceptions.NotFound, 404, "not_found", NOT_FOUND_MESSAGE),
    (Http404, 404, "not_found", NOT_FOUND_MESSAGE),
    (exceptions.MethodNotAllowed, 405, "method_not_allowed", "Use one of the methods in the Allow header."),
    (exceptions.NotAcceptable, 406, "not_acceptable", "Ask for application/json."),
    (exceptions.UnsupportedMediaType, 415, "unsupported_format", "Send multipart/form-data or application/json."),
    (exceptions.Throttled, 429, "throttled", "That was too often; wait as many seconds as Retry-After says."),
)


class UnknownWorkspace(PhotoError):
    """No such workspace, or none that this user may see."""

    code = "unknown_workspace"


class UnknownAlbum(PhotoError):
    """No such album in this workspace."""

    code = "unknown_album"


class NotFailed(PhotoError):
    """Only failed photos can be retried."""

    code = "not_failed"


def body(code: str, message: str, details: Any = None) -> dict[str, Any]:
    """The JSON of an error."""
    return {"error": {"code": code, "message": message} | ({"details": details} if details else {})}


def exception_handler(error: Exception, context: dict[str, Any]) -> Response:
    """DRF's hook: any exception of a view as the contract's answer."""
    if isinstance(error, PhotoError):
        return _photo_error(error)
    if isinstance(error, exceptions.PermissionDenied) and str(error.detail).startswith("CSRF"):
        return Response(body("csrf_failed", CSRF_MESSAGE), HTTPStatus.FORBIDDEN)
    for kind, status, code, message in FRAMEWORK_ERRORS:
        if isinstance(error, kind):
            detail = getattr(error, "detail", None)
            details = detail if isinstance(error, exceptions.ValidationError) else None
            return Response(body(code, message or str(detail), details), status, headers=_headers(error))
    return Response(_internal_error(error), HTTPStatus.INTERNAL_SERVER_ERROR)


def _headers(error: Exception) -> dict[str, str]:
    if isinstance(error, exceptions.Throttled):
        return {"Retry-After": str(max(1, round(getattr(error, "wait", None) or RETRY_AFTER_SECONDS)))}
    if isinstance(error, exceptions.NotAuthenticated | exceptions.AuthenticationFailed):
        return {"WWW-Authenticate": "Token"}
    return {}


def _photo_error(error: PhotoError) -> Response:
    status = STATUS_OF_CODE.get(error.code, HTTPStatus.BAD_REQUEST)
    headers = {"Retry-After": str(RETRY_AFTER_SECONDS)} if status == HTTPStatus.SERVICE_UNAVAILABLE else None
    return Response(body(error.code, str(error), error.details), status, headers=headers)


def _internal_error(error: BaseException | None) -> dict[str, Any]:
    request_id = str(uuid4())
    logger.error("internal error", extra={"request_id": request_id}, exc_info=error)
    message = "Something broke on our side; it was logged under the request id."
    return body("internal_error", message, {"request_id": request_id})


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Django's handler400: a request that was refused before any view."""
    if not request.path.startswith(API_PREFIX):
        return defaults.bad_request(request, exception)
    return JsonResponse(body("invalid", "The request is malformed; check its headers and address."), status=400)


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Django's handler404."""
    if not request.path.startswith(API_PREFIX):
        return defaults.page_not_found(request, exception)
    return JsonResponse(body("not_found", NOT_FOUND_MESSAGE), status=404)


def server_error(request: HttpRequest) -> HttpResponse:
    """Django's handler500: a crash outside the API's views."""
    if not request.path.startswith(API_PREFIX):
        return defaults.server_error(request)
    return JsonResponse(_internal_error(None), status=500)


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """Django's CSRF_FAILURE_VIEW."""
    if not request.path.startswith(API_PREFIX):
        return csrf.csrf_failure(request, reason)
    return JsonResponse(body("csrf_failed", CSRF_MESSAGE), status=403)
