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


def shown(answer: Any) -> dict[str, str]:
    """What the page's own form would send, unless somebody changes it."""
    main = answer.content.decode().split("<main")[-1]
    fields = {}
    for tag, name_and_more in re.findall(r"<(input|select)\b([^>]*)>", main):
        field = {name: unescape(value) for name, value in re.findall(r'([\w-]+)="([^"]*)"', name_and_more)}
        if "name" not in field or (field.get("type") == "checkbox" and "checked" not in name_and_more):
            continue
        if tag == "input":
            fields[field["name"]] = field.get("value", "on" if field["type"] == "checkbox" else "")
        else:
            options = main.split(f'name="{field["name"]}"')[1].split("</select>")[0]
            chosen = re.findall(r'<option value="([^"]*)" selected', options)
            fields[field["name"]] = chosen[0] if chosen else ""
    return fields
