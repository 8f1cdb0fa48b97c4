"""The environment: defaults that work, and wrong values that stop the start with one line."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.running import ROOT


def _manage(folder: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    kept = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    return subprocess.run(
        [sys.executable, "-W", "error", str(ROOT / "manage.py"), *arguments],
        env=kept | {"DATA_DIR": str(folder)} | environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def _setting(folder: Path, expression: str, **environment: str) -> str:
    command = f"from django.conf import settings; print({expression})"
    answer = _manage(folder, "shell", "--no-imports", "-c", command, **environment)
    assert answer.returncode == 0, answer.stderr
    return answer.stdout.strip()


@pytest.mark.parametrize(
    ("name", "value", "allowed"),
    [
        ("PORT", "eighty", "1 to 65535"),
        ("PORT", "70000", "1 to 65535"),
        ("DEBUG", "perhaps", "true or false"),
        ("STORAGE", "tape", "disk, s3"),
        ("THUMBNAIL_FORMAT", "bmp", "webp, jpeg, avif"),
        ("THUMBNAIL_SMALL", "0", "1 to 4096"),
        ("THUMBNAIL_QUALITY", "101", "1 to 100"),
        ("MAX_UPLOAD_BYTES", "-1", "from 1"),
        ("WORKERS", "0", "1 to 256"),
        ("PUBLIC_BASE_URL", "photos.example.org", "https://"),
        ("THROTTLE_UPLOADS", "many", "20/minute"),
        ("THROTTLE_UPLOADS", "0/minute", "from 1"),
        ("THROTTLE_RENDERS", "10/fortnight", "second, minute, hour or day"),
        ("THROTTLE_TOKENS", "10", "20/minute"),
        ("THROTTLE_TOKENS", "-1/day", "20/minute"),
        ("METRICS_FROM", "10.0.0.1/8", "10.0.0.0/8"),
        ("METRICS_FROM", "localhost", "10.0.0.0/8"),
        ("CORS_ORIGINS", "*", "https://"),
        ("CORS_ORIGINS", "null", "https://"),
        ("CORS_ORIGINS", "shop.example.org", "https://"),
        ("CORS_ORIGINS", "https://shop.example.org/path", "https://"),
        ("CORS_ORIGINS", "https://shop.example.org,ftp://files.example.org", "https://"),
        ("CORS_ORIGINS", "https://user@shop.example.org", "https://"),
        ("CORS_ORIGINS", "https://shop.example.org:port", "https://"),
        ("CORS_ORIGINS", "https://[::1", "https://"),
    ],
)
def test_a_wrong_value_stops_the_start_with_one_line(tmp_path: Path, name: str, value: str, allowed: str) -> None:
    answer = _manage(tmp_path, "check", **{name: value})

    assert answer.returncode == 1
    assert answer.stderr.count("\n") == 1, answer.stderr
    assert answer.stderr.startswith(f"{name}='{value}' is not allowed: ")
    assert allowed in answer.stderr


@pytest.mark.parametrize("name", ["DATABASE_URL", "REDIS_URL"])
def test_a_wrong_address_is_refused_without_showing_its_password(tmp_path: Path, name: str) -> None:
    answer = _manage(tmp_path, "check", **{name: "nonsense://user:hush@host/name"})

    assert answer.returncode == 1
    assert answer.stderr.count("\n") == 1, answer.stderr
    assert answer.stderr.startswith(f"{name} is not allowed: ")
    assert "hush" not in answer.stderr


def test_a_rate_is_a_number_of_calls_in_a_span_of_time(tmp_path: Path) -> None:
    facts = "*settings.THROTTLE_UPLOADS, *settings.THROTTLE_RENDERS, *settings.THROTTLE_TOKENS"
    rates = {"THROTTLE_UPLOADS": "7/second", "THROTTLE_RENDERS": " 8/hour ", "THROTTLE_TOKENS": "9/day"}

    assert _setting(tmp_path, facts) == "600 60 120 60 20 60"
    assert _setting(tmp_path, facts, **rates) == "7 1 8 3600 9 86400"


def test_origins_are_taken_as_browsers_send_them(tmp_path: Path) -> None:
    origins = "https://shop.example.org/, http://localhost:3000,http://[::1]:3000"

    assert _setting(tmp_path, "settings.CORS_ALLOWED_ORIGINS") == "[]"
    assert _setting(tmp_path, "*settings.CORS_ALLOWED_ORIGINS", CORS_ORIGINS=origins) == (
        "https://shop.example.org http://localhost:3000 http://[::1]:3000"
    )


def test_without_any_variable_the_site_is_closed_but_works_on_this_machine(tmp_path: Path) -> None:
    facts = _setting(tmp_path, "settings.DEBUG, settings.HOST, settings.PORT, settings.ALLOWED_HOSTS[0]")

    assert facts == "False 127.0.0.1 8000 127.0.0.1"


def test_a_secret_key_is_made_once_and_kept_from_others(tmp_path: Path) -> None:
    first = _setting(tmp_path, "settings.SECRET_KEY")

    assert len(first) > 50
    assert _setting(tmp_path, "settings.SECRET_KEY") == first
    assert (tmp_path / "secret_key").stat().st_mode & 0o777 == 0o600


def test_an_https_address_turns_on_all_that_needs_https(tmp_path: Path) -> None:
    names = ("SESSION_COOKIE_SECURE", "CSRF_COOKIE_SECURE", "SECURE_SSL_REDIRECT")
    facts = ", ".join(f"settings.{name}" for name in names)

    assert _setting(tmp_path, facts, PUBLIC_BASE_URL="https://photos.example.org") == "True True True"
    assert _setting(tmp_path, facts) == "False False False"


def test_a_plain_http_address_elsewhere_is_warned_of(tmp_path: Path) -> None:
    answer = _manage(tmp_path, "check", PUBLIC_BASE_URL="http://photos.example.org")

    assert "photos.W001" in answer.stderr


def test_the_deployment_check_is_clean_with_production_settings(tmp_path: Path) -> None:
    answer = _manage(
        tmp_path,
        *("check", "--deploy", "--fail-level", "WARNING"),
        PUBLIC_BASE_URL="https://photos.example.org",
        SECRET_KEY="a-secret-key-of-more-than-fifty-characters-for-this-one-test",
        DATABASE_URL="postgres://thumbsite@127.0.0.1/thumbsite",
        REDIS_URL="redis://127.0.0.1:6379/0",
        STORAGE="s3",
    )

    assert answer.returncode == 0, answer.stderr


def test_the_models_have_all_their_migrations(tmp_path: Path) -> None:
    answer = _manage(tmp_path, "makemigrations", "--check", "--dry-run")

    assert answer.returncode == 0, answer.stdout


def test_every_variable_that_is_read_is_documented() -> None:
    read = re.findall(r'read\w*\((?:env\.\w+, )?"([A-Z0-9_]+)"', (ROOT / "thumbsite" / "settings.py").read_text())
    documented = (ROOT / "docs" / "configuration.md").read_text()

    assert len(read) > 20
    assert [name for name in read if f"`{name}`" not in documented] == []


def test_a_folder_may_have_any_name(tmp_path: Path) -> None:
    folder = tmp_path / "my #1 photos?"
    folder.mkdir()

    assert _setting(folder, "settings.DATABASES['default']['NAME']") == str(folder / "db.sqlite3")


@pytest.mark.parametrize(("host", "shown"), [("::1", "[::1]"), ("0.0.0.0", "127.0.0.1"), ("::", "[::1]")])
def test_the_address_that_is_shown_can_be_opened(tmp_path: Path, host: str, shown: str) -> None:
    facts = _setting(tmp_path, "settings.PUBLIC_BASE_URL, settings.ALLOWED_HOSTS[0]", HOST=host)

    assert facts == f"http://{shown}:8000 {shown}"


def test_half_a_secret_key_is_never_taken_for_one(tmp_path: Path) -> None:
    (tmp_path / "secret_key.left-by-a-crash").touch()

    assert len(_setting(tmp_path, "settings.SECRET_KEY")) > 50
