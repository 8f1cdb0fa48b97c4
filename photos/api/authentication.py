"""Who sends a request."""

from __future__ import annotations

from typing import Any

from knox import auth
from rest_framework.exceptions import AuthenticationFailed


class TokenAuthentication(auth.TokenAuthentication):
    """Knox's, for which a token that isn't even text is as wrong as any other."""

    def authenticate_credentials(self, token: bytes) -> Any:
        """The user and the token's row; raises AuthenticationFailed."""
        try:
            return super().authenticate_credentials(token)  # type: ignore[no-untyped-call]  # knox is untyped
        except UnicodeDecodeError as error:
            raise AuthenticationFailed("Invalid token.") from error
