"""Real things for Schemathesis to ask about: its hooks, loaded by `schemathesis run` in tests/test_schema.py.

A value that fits the schema is only right if it names something that is there: the workspace of the test, an album in
it, a photo that failed. What is deleted is made for it first, so that later calls still find the others.
"""

from __future__ import annotations

import io
import json
import os
import random
from collections.abc import Callable
from typing import Any

import requests
import schemathesis
from hypothesis import strategies as st
from PIL import Image
from schemathesis.core import NotSet
from schemathesis.core.parameters import ParameterLocation
from schemathesis.generation.meta import TestPhase
from schemathesis.transport.serialization import Binary

URL, TOKEN, ANSWERS = os.environ["TRIAL_URL"], os.environ["TRIAL_TOKEN"], os.environ["TRIAL_ANSWERS"]
TRIAL: dict[str, Any] = json.loads(os.environ["TRIAL_DATA"])

site = requests.Session()
site.headers["Authorization"] = f"Token {TOKEN}"


def picture(seed: int) -> bytes:
    """A small PNG; another one for each seed below a million."""
    file = io.BytesIO()
    Image.new("RGB", (8, 6), (seed % 256, seed // 256 % 256, seed // 65536 % 256)).save(file, "PNG")
    return file.getvalue()


schemathesis.openapi.format("binary", st.integers(0, 999_999).map(picture).map(Binary))


def call(method: str, path: str, status: int, **options: Any) -> Any:
    """What the site answers to a call that must work."""
    answer = site.request(method, f"{URL}/api/v1/{path}", timeout=30, **options)
    assert answer.status_code == status, answer.text
    return answer.json()


def new_photo() -> str:
    """The id of a photo that is only for this call."""
    file = {"file": ("new.png", picture(random.randrange(1_000_000, 16_000_000)))}
    answer = site.post(f"{URL}/api/v1/photos/", {"workspace": TRIAL["slug"]}, files=file, timeout=30)
    return str(answer.json()["id"])


def new_workspace() -> str:
    """The slug of a workspace that is only for this call."""
    slug = f"gone-{random.randrange(10**9)}"
    return str(call("POST", "workspaces/", 201, json={"slug": slug, "name": "Gone"})["slug"])


def new_album() -> str:
    """The id of an album that is only for this call."""
    name = f"Gone {random.randrange(10**9)}"
    return str(call("POST", "albums/", 201, json={"workspace": TRIAL["slug"], "name": name})["id"])


def album() -> str:
    """The id of the album of the trial; another one once a chain of calls has deleted it."""
    if site.get(f"{URL}/api/v1/albums/{TRIAL['album']}/", timeout=30).status_code != 200:
        TRIAL["album"] = new_album()
    return str(TRIAL["album"])


def new_member() -> str:
    """A member who is only for this call."""
    site.post(f"{URL}/api/v1/workspaces/{TRIAL['slug']}/members/", json={"username": TRIAL["guest"]}, timeout=30)
    return str(TRIAL["guest"])


# What each path parameter is, by the first words of the address; what a call deletes is new.
NAMES: dict[str, Callable[[], dict[str, str]]] = {
    "DELETE /api/v1/photos/{id}/": lambda: {"id": new_photo()},
    "DELETE /api/v1/albums/{id}/": lambda: {"id": new_album()},
    "DELETE /api/v1/workspaces/{slug}/": lambda: {"slug": new_workspace()},
    "DELETE /api/v1/workspaces/{slug}/members/{username}/": lambda: {"slug": TRIAL["slug"], "username": new_member()},
    "POST /api/v1/photos/{id}/retry/": lambda: {"id": TRIAL["failed"]},
    "GET /api/v1/thumbnails/{id}/": lambda: {"id": TRIAL["custom"]},
}
THINGS: dict[str, Callable[[], dict[str, str]]] = {
    "/api/v1/photos/": lambda: {"id": TRIAL["photo"]},
    "/api/v1/albums/": lambda: {"id": album()},
    "/api/v1/workspaces/": lambda: {"slug": TRIAL["slug"], "username": TRIAL["member"]},
    "/api/v1/thumbnails/": lambda: TRIAL["thumbnail"],
}


def names(label: str) -> dict[str, str]:
    """The path parameters of a call on something that is there."""
    if label in NAMES:
        return NAMES[label]()
    path = label.split()[1]
    return next((make() for start, make in THINGS.items() if path.startswith(start)), {})


# Calls that need to be told the workspace, since the asker has several.
IN_WORKSPACE = {f"POST /api/v1/{path}/" for path in ("albums", "photos", "photos/check", "photos/retry", "thumbnails")}


def named(label: str, body: dict[str, Any]) -> dict[str, Any]:
    """The body with the names in it that are right for the call."""
    right = {"username": TRIAL["guest"]}
    if "album" in body:
        right["album"] = album()
    if label == "POST /api/v1/auth/token/":
        right |= TRIAL["credentials"]
    body = {name: right.get(name, value) for name, value in body.items()}
    return body | ({"workspace": TRIAL["slug"]} if label in IN_WORKSPACE else {})


@schemathesis.hook
def map_case(context: schemathesis.HookContext, case: schemathesis.Case) -> schemathesis.Case:
    """Name real things wherever the case does not mean to be wrong."""
    label, meta = case.operation.label, case.meta
    if meta is None:
        return case
    # In a chain of calls, the address is that of what an earlier call told of.
    chained = meta.phase.name == TestPhase.STATEFUL
    if case.path_parameters and not chained and not meta.is_negative_at(ParameterLocation.PATH):
        right = names(label)
        case.path_parameters = {name: right.get(name, value) for name, value in case.path_parameters.items()}
    if case.query.get("cursor") and not meta.is_negative_at(ParameterLocation.QUERY):
        case.query["cursor"] = TRIAL["cursor"]
    if label == "POST /api/v1/photos/retry/" and isinstance(case.body, NotSet):
        case.body, case.media_type = {}, "application/json"
    if isinstance(case.body, dict) and not meta.is_negative_at(ParameterLocation.BODY):
        # Past Schemathesis' own eyes, which would take a body with a file for wrong as soon as it changes.
        object.__setattr__(case, "body", named(label, case.body))
        case._sync_validated_hashes()
    return case


@schemathesis.hook
def before_call(context: schemathesis.HookContext, case: schemathesis.Case, kwargs: dict[str, Any]) -> None:
    """A chain of calls may find the trial's workspace and its slug to confirm with; all other calls need it."""
    if case.operation.label == "DELETE /api/v1/workspaces/{slug}/" and case.path_parameters["slug"] == TRIAL["slug"]:
        case.path_parameters = {"slug": new_workspace()}


@schemathesis.auth(refresh_interval=None)
class Authorization:
    """The token of the test; a new one for the call that revokes it."""

    def get(self, case: schemathesis.Case, context: schemathesis.AuthContext) -> str:
        return TRIAL["tokens"].pop() if case.operation.label == "DELETE /api/v1/auth/token/" else TOKEN

    def set(self, case: schemathesis.Case, data: str, context: schemathesis.AuthContext) -> None:
        case.headers = {**(case.headers or {}), "Authorization": f"Token {data}"}


@schemathesis.hook
def after_call(context: schemathesis.HookContext, case: schemathesis.Case, response: schemathesis.Response) -> None:
    """Note which operations were answered how; calls by other methods are not theirs."""
    if response.request.method != case.operation.method.upper():
        return
    with open(ANSWERS, "a", encoding="utf-8") as file:  # noqa: PTH123
        file.write(f"{response.status_code} {case.operation.label}\n")
