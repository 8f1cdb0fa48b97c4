"""Pages as their readers see them."""

from __future__ import annotations

import re
from html import unescape
from typing import Any


def text(answer: Any) -> str:
    """What a reader sees."""
    return " ".join(unescape(re.sub(r"<[^>]*>", " ", answer.content.decode())).split())


def attributes(answer: Any, tag: str) -> list[dict[str, str]]:
    """The attributes of each such tag."""
    found = re.findall(rf"<{tag}\b([^>]*)>", answer.content.decode())
    return [{name: unescape(value) for name, value in re.findall(r'([\w-]+)="([^"]*)"', one)} for one in found]
