"""The schema is true: Schemathesis asks a live site whatever the schema allows, and much that it doesn't."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import requests

from tests import pictures
from tests.running import ROOT, RunningSite

# Two users, and tokens to be revoked.
PEOPLE = """
from django.contrib.auth.models import User
from photos.models import AuthToken
admin, *_ = User.objects.get(), *map(User.objects.create_user, ("mia", "gus"))
print(*(AuthToken.objects.create(admin)[1] for _ in range(500)))
"""
OFTEN = dict.fromkeys(("THROTTLE_UPLOADS", "THROTTLE_RENDERS", "THROTTLE_TOKENS"), "1000000/minute")
EXAMPLES = 5
CONFIG = ROOT / "tests" / "schemathesis.toml"


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningSite]:
    """A running site that may be asked as often as one likes."""
    with RunningSite(tmp_path_factory.mktemp("site"), **OFTEN) as running:
        yield running


def made(site: RunningSite, path: str, **options: Any) -> Any:
    """What a call made."""
    answer = site.api("POST", path, **options)
    assert answer.ok, answer.text
    return answer.json()


def trial(site: RunningSite) -> dict[str, Any]:
    """A workspace with one of each, for Schemathesis to ask about."""
    manage = [sys.executable, str(ROOT / "manage.py"), "shell", "-c", PEOPLE]
    shown = subprocess.run(manage, env=site.environment, check=True, capture_output=True, text=True).stdout
    made(site, "workspaces/", json={"slug": "trial", "name": "Trial"})
    made(site, "workspaces/trial/members/", json={"username": "mia"})
    whole = pictures.jpeg(image=pictures.photo(400, 300))
    photo = site.finished(site.upload(whole, "whole.jpg", workspace="trial").json()["id"])
    failed = site.finished(site.upload(pictures.truncated(whole), "cut.jpg", workspace="trial").json()["id"])
    order = {"workspace": "trial", "width": 50}
    (custom,) = made(site, "thumbnails/", files={"file": ("x.jpg", whole)}, data=order)["results"][0]["thumbnails"]
    identity, size, version = photo["thumbnail_url"].rstrip("/").rpartition("/")[2].split(".")
    page = site.api("GET", "photos/?page_size=1").json()
    return {
        "tokens": shown.split()[-500:],
        "slug": "trial",
        "cursor": parse_qs(urlsplit(page["next"]).query)["cursor"][0],
        "member": "mia",
        "guest": "gus",
        "album": made(site, "albums/", json={"workspace": "trial", "name": "Trial"})["id"],
        "photo": photo["id"],
        "failed": failed["id"],
        "custom": custom["id"],
        "thumbnail": {"id": identity, "size": size, "version": version},
        "credentials": {"username": "admin", "password": site.shown("password")},
    }


@pytest.mark.timeout(300)
def test_the_schema_is_true_in_all_that_schemathesis_can_think_of(site: RunningSite, tmp_path: Path) -> None:
    authorization = str(site.session.headers["Authorization"])
    answers = tmp_path / "answers.txt"
    environment = os.environ | {
        "PYTHONPATH": str(ROOT),
        "SCHEMATHESIS_HOOKS": "tests.schema_hooks",
        "TRIAL_URL": site.url,
        "TRIAL_TOKEN": authorization.removeprefix("Token "),
        "TRIAL_ANSWERS": str(answers),
        "TRIAL_DATA": json.dumps(trial(site)),
    }
    command = [str(Path(sys.executable).parent / "schemathesis"), "--config-file", str(CONFIG)]
    # From a file: Schemathesis does not ask about the address that it has the schema from.
    schema = tmp_path / "schema.json"
    schema.write_bytes(site.api("GET", "schema/").content)
    command += ["run", str(schema), "--url", site.url]
    command += [
        "--checks",
        "all",
        "--continue-on-failure",
        "--seed",
        "1",
        "--max-examples",
        str(EXAMPLES),
        "--no-shrink",
    ]
    command += ["--request-timeout", "60"]

    ran = subprocess.run(command, env=environment, cwd=tmp_path, capture_output=True, text=True, check=False)

    assert ran.returncode == 0, ran.stdout[-30_000:] + ran.stderr
    asked: dict[str, set[int]] = defaultdict(set)
    for line in answers.read_text().splitlines():
        status, operation = line.split(" ", 1)
        asked[operation].add(int(status))
    paths = requests.get(f"{site.url}/api/v1/schema/", timeout=30).json()["paths"]
    in_schema = {f"{method.upper()} {path}" for path, calls in paths.items() for method in calls}
    assert asked.keys() == in_schema - {"GET /api/v1/events/"}  # as tests/schemathesis.toml says
    assert {operation for operation, statuses in asked.items() if not statuses & {200, 201, 202, 204}} == set()


def operations(site: RunningSite) -> list[dict[str, Any]]:
    """All operations of the schema."""
    paths = requests.get(f"{site.url}/api/v1/schema/", timeout=30).json()["paths"]
    return [call for calls in paths.values() for call in calls.values()]


def test_every_address_of_the_api_is_in_the_schema(site: RunningSite) -> None:
    from django.urls import URLPattern, URLResolver

    from photos.api import urls

    def addresses(patterns: list[Any], start: str = "/api/v1/") -> Iterator[str]:
        for one in patterns:
            if isinstance(one, URLResolver):
                yield from addresses(one.url_patterns, start + str(one.pattern))
            elif isinstance(one, URLPattern):
                yield re.sub(
                    r"<\w+:(\w+)>",
                    lambda found: f"{{{'id' if found[1] == 'pk' else found[1]}}}",
                    start + str(one.pattern),
                )

    paths = requests.get(f"{site.url}/api/v1/schema/", timeout=30).json()["paths"]
    # What is for people: the page that draws the schema, and the list of lists.
    assert set(addresses(urls.urlpatterns)) - set(paths) == {"/api/v1/", "/api/v1/docs/"}


def test_every_operation_says_what_it_is_for_and_how_it_fails(site: RunningSite) -> None:
    for operation in operations(site):
        assert operation["description"]
        assert "500" in operation["responses"]
        for status, answer in operation["responses"].items():
            assert answer["description"], operation["operationId"]
            if int(status) >= 400:
                assert answer["content"]["application/json"]["schema"]["allOf"][0] == {
                    "$ref": "#/components/schemas/Error"
                }
            if status in {"429", "503"}:
                assert answer["headers"]["Retry-After"]["required"]


def test_the_schema_comes_in_json_and_in_yaml_to_anybody(site: RunningSite) -> None:
    plain = requests.get(f"{site.url}/api/v1/schema/", timeout=30)
    assert plain.headers["Content-Type"] == "application/json"
    assert plain.json()["openapi"].startswith("3.")
    yaml = requests.get(f"{site.url}/api/v1/schema/", headers={"Accept": "application/yaml"}, timeout=30)
    assert yaml.text.startswith("openapi: 3.")


def test_the_page_that_draws_the_schema_loads_nothing_from_elsewhere_and_runs_no_inline_script(
    site: RunningSite,
) -> None:
    page = requests.get(f"{site.url}/api/v1/docs/", timeout=30)

    assert page.status_code == 200
    assert "script-src 'self';" in page.headers["Content-Security-Policy"]
    assert set(re.findall(r"<script([^>]*)>(.*?)</script>", page.text, re.DOTALL)) == {
        (attributes, "") for attributes in re.findall(r'<script( src="[^"]+")>', page.text)
    }
    loaded = re.findall(r'<(?:script|link|img)\b[^>]*(?:src|href)="([^"]+)"', page.text)
    assert len(loaded) == 6
    for address in loaded:
        assert re.match(r"/(static|api/v1/docs)/", address)
        assert requests.get(site.url + address.replace("&amp;", "&"), timeout=30).status_code == 200


def test_the_browsable_pages_load_only_our_own_static_files(site: RunningSite) -> None:
    page = site.api("GET", "photos/", headers={"Accept": "text/html"})

    assert page.headers["Content-Type"].startswith("text/html")
    loaded = re.findall(r'<(?:script|link|img)\b[^>]*(?:src|href)="([^"]+)"', page.text)
    assert len(loaded) > 5
    for address in loaded:
        assert address.startswith("/static/")
        assert requests.get(site.url + address, timeout=30).status_code == 200
