"""Primary keys that sort by the moment of their making."""

from uuid import UUID

from uuid_utils.compat import uuid7 as _uuid7


def uuid7() -> UUID:
    """A fresh UUIDv7 (RFC 9562, section 5.7)."""
    return _uuid7()
