"""What a client would like beside the thing itself (RFC 7240)."""

from __future__ import annotations

import re

WAIT_LIMIT_SECONDS = 30

# Commas within quotes do not part preferences; a quote that is never closed reaches to the end.
_PREFERENCE = re.compile(r'(?:[^,"]|"(?:\\.?|[^"\\])*(?:"|$))+', re.DOTALL)
_WAIT = re.compile(r'\s*wait\s*=\s*("?)([0-9]{1,9})\1\s*(?:;.*)?', re.IGNORECASE | re.DOTALL | re.ASCII)
_NAMED_WAIT = re.compile(r"\s*wait\s*(?:[=;]|$)", re.IGNORECASE | re.ASCII)


def wait_seconds(header: str) -> int | None:
    """How long a Prefer header lets the answer wait, in seconds, at most 30; None when it does not say so rightly.

    Of several only the first counts (RFC 7240, section 2), as a number of whole seconds (section 4.3).
    """
    first = next((one for one in _PREFERENCE.findall(header) if _NAMED_WAIT.match(one)), "")
    found = _WAIT.fullmatch(first)
    return min(int(found[2]), WAIT_LIMIT_SECONDS) if found else None
