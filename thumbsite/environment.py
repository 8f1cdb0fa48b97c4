"""Reading one variable of the environment; a wrong value stops the start with one line."""

from __future__ import annotations

import contextlib
import os
import re
import secrets
import tempfile
from collections.abc import Callable
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from typing import Any, NamedTuple, TypeVar
from urllib.parse import urlsplit

from environs import Env, EnvError, validate

T = TypeVar("T")

env = Env()

PERIODS = {"second": 1, "minute": 60, "hour": 3600, "day": 86_400}


class Rate(NamedTuple):
    """So many calls in so many seconds."""

    calls: int
    seconds: int


def read(parse: Callable[..., T], name: str, default: T, allowed: str = "", **rules: Any) -> T:
    """The parsed value of an environment variable, or the default; exits naming variable, value and what is allowed."""
    try:
        return parse(name, default, **rules)
    except EnvError:
        raise SystemExit(f"{name}={os.environ.get(name, '')!r} is not allowed: {allowed}") from None


def read_bool(name: str, default: bool) -> bool:
    """Yes or no."""
    return read(env.bool, name, default, "It must be true or false.")


def read_int(name: str, default: int, lowest: int, highest: int) -> int:
    """A whole number within bounds, both included."""
    allowed = f"It must be a whole number from {lowest} to {highest}."
    return read(env.int, name, default, allowed, validate=validate.Range(lowest, highest))


def read_choice(name: str, default: str, *choices: str) -> str:
    """One of a few words."""
    return read(env.str, name, default, f"It must be one of: {', '.join(choices)}.", validate=validate.OneOf(choices))


def read_list(name: str, default: list[str]) -> list[str]:
    """Words separated by commas."""
    return [word.strip() for word in read(env.list, name, default) if word.strip()]


def read_origins(name: str) -> list[str]:
    """Origins of web pages (RFC 6454) separated by commas; none by default."""
    origins = [word.rstrip("/") for word in read_list(name, [])]
    if not all(map(_is_origin, origins)):
        allowed = "It must be like https://shop.example.org, several with commas between."
        raise SystemExit(f"{name}={os.environ[name]!r} is not allowed: {allowed}")
    return origins


def _is_origin(word: str) -> bool:
    try:
        parts = urlsplit(word)
        # With user, path, query, fragment, an empty or a wrong port it would never equal what browsers send.
        port = "" if parts.port is None else f":{parts.port}"
    except ValueError:
        return False
    host = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname
    return parts.scheme in {"http", "https"} and bool(host) and word == f"{parts.scheme}://{host}{port}"


def read_networks(name: str, default: list[str]) -> list[IPv4Network | IPv6Network]:
    """Networks of clients (CIDR) separated by commas."""
    words = read_list(name, default)
    try:
        return [ip_network(word) for word in words]
    except ValueError:
        allowed = "It must be like 10.0.0.0/8, several with commas between."
        raise SystemExit(f"{name}={os.environ[name]!r} is not allowed: {allowed}") from None


def read_rate(name: str, default: str) -> Rate:
    """How often something may be called, like 20/minute."""
    found = re.fullmatch(r"([1-9][0-9]{0,8})/(second|minute|hour|day)", read(env.str, name, default).strip())
    if found is None:
        allowed = "It must be like 20/minute: a whole number from 1, then second, minute, hour or day."
        raise SystemExit(f"{name}={os.environ[name]!r} is not allowed: {allowed}")
    return Rate(int(found[1]), PERIODS[found[2]])


def in_address(host: str) -> str:
    """A host as it stands in an address: IPv6 in brackets."""
    return f"[{host}]" if ":" in host else host


def secret_from_file(path: Path) -> str:
    """The secret kept in a file that only its owner may read; made at the first call."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        if not path.exists():
            # Under its name only when it is whole: another process, or a later start, must not find half of it.
            with tempfile.NamedTemporaryFile("w", dir=path.parent, prefix=path.name) as new:
                new.write(secrets.token_urlsafe(50))
                new.flush()
                with contextlib.suppress(FileExistsError):
                    os.link(new.name, path)
        return path.read_text()
    except OSError as error:
        raise SystemExit(f"{path.parent} can't be written ({error.strerror}): set DATA_DIR, or SECRET_KEY.") from None
