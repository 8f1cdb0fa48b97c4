"""Tokens: stored hashed, expiring, several per user."""

from __future__ import annotations

from http import HTTPStatus

from django.contrib.auth import authenticate
from drf_spectacular.utils import extend_schema
from rest_framework.authentication import BaseAuthentication
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.permissions import AllowAny, IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.throttling import BaseThrottle
from rest_framework.views import APIView

from photos.api.authentication import TokenAuthentication
from photos.api.parsers import JSONParser
from photos.api.schema import refusals
from photos.api.serializers import CredentialsSerializer, TokenSerializer
from photos.api.throttles import TokenThrottle
from photos.models import AuthToken


class TokenView(APIView):
    """Get a token for a user name and password; revoke the one in use."""

    parser_classes = (JSONParser,)
    permission_classes = (AllowAny,)

    def get_authenticators(self) -> list[BaseAuthentication]:
        """None to get a token (an old one in the header must not hinder), the token itself to revoke it."""
        return [TokenAuthentication()] if self.request is not None and self.request.method == "DELETE" else []

    def get_throttles(self) -> list[BaseThrottle]:
        """Getting a token has a rate."""
        return [TokenThrottle()] if self.request.method == "POST" else []

    @extend_schema(
        request=CredentialsSerializer, responses={201: TokenSerializer, **refusals("invalid", "not_authenticated")}
    )
    def post(self, request: Request) -> Response:
        """Make a token; the secret is shown this once."""
        credentials = CredentialsSerializer(data=request.data)
        credentials.is_valid(raise_exception=True)
        user = authenticate(request, **credentials.validated_data)
        if user is None:
            raise AuthenticationFailed("The user name or the password is wrong.")
        row, token = AuthToken.objects.create(user)
        return Response({"token": token, "expires_at": row.expiry}, HTTPStatus.CREATED)

    @extend_schema(
        auth=[{"token": []}],  # type: ignore[list-item]  # annotated as names, taken as OpenAPI has it
        responses={204: None, **refusals("not_authenticated")},
    )
    def delete(self, request: Request) -> Response:
        """Revoke the token that the request carries."""
        if not IsAuthenticated().has_permission(request, self):
            raise AuthenticationFailed("Send the token to revoke in the Authorization header.")
        request.auth.delete()
        return Response(status=HTTPStatus.NO_CONTENT)
