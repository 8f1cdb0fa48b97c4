"""Reading one variable of the environment; a wrong value stops the start with one line."""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from environs import Env, EnvError, validate

T = TypeVar("T")

env = Env()


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


def secret_from_file(path: Path) -> str:
    """The secret kept in a file that only its owner may read; made at the first call."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as new:
            new.write(secrets.token_urlsafe(50))
    except FileExistsError:
        pass  # made by an earlier start
    except OSError as error:
        raise SystemExit(f"{path.parent} can't be written ({error.strerror}): set DATA_DIR, or SECRET_KEY.") from None
    return path.read_text()
