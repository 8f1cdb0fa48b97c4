"""The API's description, for machines and for people; anybody may read it."""

from __future__ import annotations

from typing import Any

from drf_spectacular.renderers import OpenApiJsonRenderer2, OpenApiYamlRenderer2
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerSplitView
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response


class SchemaView(SpectacularAPIView):
    """The whole API in OpenAPI 3: in JSON, or in YAML for who asks for it."""

    authentication_classes = ()
    permission_classes = (AllowAny,)
    renderer_classes = [OpenApiJsonRenderer2, OpenApiYamlRenderer2]

    @extend_schema(responses=OpenApiTypes.OBJECT)
    def get(self, request: Request) -> Response:
        """This description."""
        response: Response = self._get_schema_response(request)  # type: ignore[no-untyped-call]  # drf-spectacular is untyped
        return response

    def _get_version_parameter(self, request: Request) -> None:
        """There is one version, in the address; what the query says would end in a header."""


class DocsView(SpectacularSwaggerSplitView):
    """The schema, drawn; every call can be tried."""

    authentication_classes = ()
    permission_classes = (AllowAny,)

    @extend_schema(exclude=True)
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """The page, and with `script` its script."""
        response: Response = super().get(request, *args, **kwargs)  # type: ignore[no-untyped-call]  # drf-spectacular is untyped
        return response
