"""Which bytes of a file a request asks for (RFC 9110, section 14)."""

from __future__ import annotations

import re

_ONE_RANGE = re.compile(r"bytes[ \t]*=[ \t]*([0-9]{0,100})-([0-9]{0,100})[ \t]*", re.IGNORECASE)


def requested(header: str, size: int) -> range | None:
    """The offsets that a Range header asks for, of a file of ``size`` bytes; an empty range can't be satisfied.

    None for all that RFC 9110 lets a server ignore: no header, several ranges, other units, nonsense.
    """
    found = _ONE_RANGE.fullmatch(header)
    if found is None or found[0].endswith("=-"):
        return None
    first, last = found.groups()
    if not first:
        return range(max(0, size - int(last)), size) if last else None
    if last and int(last) < int(first):
        return None
    return range(int(first), min(int(last) + 1, size) if last else size)
