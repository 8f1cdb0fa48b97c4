"""The API in OpenAPI's words: what all calls have in common, and how a call says what it has besides."""

from __future__ import annotations

from collections.abc import Iterable
from http import HTTPStatus
from typing import Any

from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.plumbing import ResolvedComponent
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import Direction, OpenApiParameter, OpenApiResponse
from rest_framework.authentication import SessionAuthentication
from rest_framework.negotiation import DefaultContentNegotiation
from rest_framework.permissions import SAFE_METHODS, IsAuthenticatedOrReadOnly

from photos.api.errors import FRAMEWORK_ERRORS, STATUS_OF_CODE
from photos.api.fields import SlugField, TextField

STATUSES = {code: status for _, status, code, _ in FRAMEWORK_ERRORS} | STATUS_OF_CODE
STATUSES |= {"csrf_failed": HTTPStatus.FORBIDDEN, "internal_error": HTTPStatus.INTERNAL_SERVER_ERROR}

ERROR = {
    "type": "object",
    "description": "Every error of the API has this shape, and no other.",
    "required": ["error"],
    "additionalProperties": False,
    "properties": {
        "error": {
            "type": "object",
            "required": ["code", "message"],
            "additionalProperties": False,
            "properties": {
                "code": {"type": "string", "description": "What clients decide by."},
                "message": {"type": "string", "description": "One sentence for people that says what to do."},
                "details": {"type": "object", "description": "Of `invalid`: what is wrong with each field."},
            },
        }
    },
}
IMAGE_TYPES = [f"image/{kind}" for kind in ("avif", "gif", "heic", "jpeg", "png", "webp")]
# What databases keep: any text without the character NUL.
TEXT = r"^[^\u0000]*$"
SLUG = "^[-a-zA-Z0-9_]+$"
RETRY_AFTER = {"schema": {"type": "integer", "minimum": 1}, "required": True, "description": "In seconds."}
# The headers that come with an error, by its status.
HEADERS: dict[int, dict[str, Any]] = {
    401: {"WWW-Authenticate": {"schema": {"type": "string"}, "required": True}},
    416: {"Content-Range": {"schema": {"type": "string"}, "required": True, "description": "The file's size."}},
    429: {"Retry-After": RETRY_AFTER},
    503: {"Retry-After": RETRY_AFTER},
}


class Refusal(OpenApiResponse):
    """An error answer, by the codes that it may carry."""

    def __init__(self, codes: Iterable[str]) -> None:
        super().__init__(response=ERROR)
        self.codes = set(codes)


def refusals(*codes: str) -> dict[int, Refusal]:
    """The error answers of a call, for its `responses`; those that all calls like it have need not be named."""
    return {status: Refusal(of_status) for status, of_status in by_status(codes).items()}


def by_status(codes: Iterable[str]) -> dict[int, set[str]]:
    """The codes in groups; one that is on no list is a 400."""
    found: dict[int, set[str]] = {}
    for code in codes:
        found.setdefault(int(STATUSES.get(code, HTTPStatus.BAD_REQUEST)), set()).add(code)
    return found


def header(name: str, description: str, **options: Any) -> OpenApiParameter:
    """A header of the request; of the answer with `response`, a list of statuses."""
    return OpenApiParameter(name, str, OpenApiParameter.HEADER, description=description, **options)


# What may be wrong with an uploaded file, or with the place for it.
FILE_ERRORS = ("empty_file", "corrupt_image", "too_many_pixels", "file_too_large", "unsupported_format")
# Of calls that make something.
CREATED = [header("Location", "The address of what was made.", response=[201], required=True)]

# Of calls whose answer a client may have already.
KNOWN = [
    header("If-None-Match", "An `ETag` from an earlier answer: 304 if nothing has changed since."),
    header("If-Match", "An `ETag` from an earlier answer: 412 if anything has changed since."),
    header("ETag", "Another one whenever the answer is.", response=[200, 304], required=True),
    header("Cache-Control", "How long it may be kept.", response=[200, 304], required=True),
]
UNCHANGED = {304: OpenApiResponse(description="As the client has it; no body."), **refusals("precondition_failed")}

# Of calls that answer with an image; HEAD answers with the headers alone.
IMAGE_CALL: dict[str, Any] = {
    "parameters": [
        *KNOWN,
        header("If-Modified-Since", "304 if the image is not younger."),
        header("If-Unmodified-Since", "412 if the image is younger."),
        header("Range", "A part, as in `bytes=0-499`; several parts or other units are answered with the whole."),
        header("If-Range", "An `ETag` or a date: the part only of this image, else the whole."),
        OpenApiParameter("download", str, description="If there, browsers save it rather than show it."),
        header("Last-Modified", "When it was made.", response=[200, 206, 304], required=True),
        header("Content-Range", "Which bytes, of how many.", response=[206], required=True),
        header("Accept-Ranges", "`bytes`", response=[200, 206, 304], required=True),
        header("Content-Disposition", "With a file name.", response=[200, 206], required=True),
    ],
    "responses": {
        (200, *IMAGE_TYPES): OpenApiResponse(OpenApiTypes.BINARY, "The image."),
        (206, *IMAGE_TYPES): OpenApiResponse(OpenApiTypes.BINARY, "The part that was asked for."),
        **UNCHANGED,
        **refusals("range_not_satisfiable", "storage_unavailable"),
    },
}


class TokenScheme(OpenApiAuthenticationExtension):
    """A token in the header."""

    target_class = "photos.api.authentication.TokenAuthentication"
    name = "token"

    def get_security_definition(self, auto_schema: AutoSchema) -> dict[str, Any]:
        """The header."""
        description = "`Token` and a token, as in `Authorization: Token …`; see `POST auth/token/`."
        return {"type": "apiKey", "in": "header", "name": "Authorization", "description": description}


class ApiSchema(AutoSchema):
    """Adds to each call the errors that it has because of what it is."""

    def _get_filter_parameters(self) -> list[dict[str, Any]]:
        parameters: list[dict[str, Any]] = super()._get_filter_parameters()  # type: ignore[no-untyped-call]  # drf-spectacular is untyped
        # As forms send what is not filled in: it narrows nothing.
        for one in parameters:
            one["allowEmptyValue"] = True
            if one["schema"] == {"type": "string"}:
                one["schema"] = {"type": "string", "pattern": TEXT}
        return parameters

    def _map_serializer_field(self, field: Any, direction: Direction, bypass_extensions: bool = False) -> Any:
        schema = super()._map_serializer_field(field, direction, bypass_extensions)  # type: ignore[no-untyped-call]  # drf-spectacular is untyped
        if direction == "request" and isinstance(field, TextField):
            schema["pattern"] = SLUG if isinstance(field, SlugField) else TEXT
        return schema

    def get_auth(self) -> list[dict[str, list[str]]]:
        """The schemes; none too, where the anonymous may read."""
        schemes: list[dict[str, list[str]]] = super().get_auth()
        may_read = any(isinstance(one, IsAuthenticatedOrReadOnly) for one in self.view.get_permissions())
        return schemes + [{}] * (may_read and self.method in SAFE_METHODS and {} not in schemes)

    def _get_response_bodies(self, direction: Direction = "response") -> dict[str, Any]:
        bodies: dict[str, Any] = super()._get_response_bodies(direction)
        for status in self._common():
            bodies.setdefault(str(status), self._refusal(status))
        return dict(sorted(bodies.items()))

    def _get_response_for_code(
        self, serializer: Any, status_code: str, media_types: Any = None, direction: Direction = "response"
    ) -> dict[str, Any]:
        if isinstance(serializer, Refusal):
            return self._refusal(int(status_code), serializer.codes)
        answer: dict[str, Any] = super()._get_response_for_code(  # type: ignore[no-untyped-call]  # drf-spectacular is untyped
            serializer, status_code, media_types, direction
        )
        if answer["description"] == "":
            answer["description"] = HTTPStatus(int(status_code)).phrase
        return answer

    def _common(self) -> dict[int, set[str]]:
        """The codes of all calls like this one, by status."""
        view, codes = self.view, ["invalid", "internal_error"]
        if authenticators := view.get_authenticators():
            codes.append("not_authenticated")
        if self.method not in SAFE_METHODS and any(isinstance(one, SessionAuthentication) for one in authenticators):
            codes += ["csrf_failed", "permission_denied"]
        if "{" in self.path or len(self.map_renderers("format")) > 1:
            codes.append("not_found")
        if issubclass(view.content_negotiation_class, DefaultContentNegotiation):
            codes.append("not_acceptable")
        if self.method in {"POST", "PUT", "PATCH"}:
            codes += ["file_too_large", "request_timeout", "unsupported_format"]
        if view.get_throttles():
            codes.append("throttled")
        return by_status(codes)

    def _refusal(self, status: int, codes: Iterable[str] = ()) -> dict[str, Any]:
        """An error answer of the call; its codes are the given ones and those in common."""
        error = ResolvedComponent(name="Error", type=ResolvedComponent.SCHEMA, object="Error", schema=ERROR)
        self.registry.register_on_missing(error)
        all_codes = sorted(self._common().get(status, set()).union(codes))
        code = {"type": "object", "properties": {"code": {"type": "string", "enum": all_codes}}}
        schema = {"allOf": [error.ref, {"type": "object", "properties": {"error": code}}]}
        return {
            "description": " or ".join(f"`{code}`" for code in all_codes),
            "content": {"application/json": {"schema": schema}},
        } | ({"headers": HEADERS[status]} if status in HEADERS else {})
