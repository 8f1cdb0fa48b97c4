"""What those who watch the service ask: could this process serve, and what are the figures?"""

from __future__ import annotations

from collections.abc import Callable
from ipaddress import ip_network
from pathlib import Path
from typing import Any

import pytest
import requests
from django.db import connection
from django.test import Client
from prometheus_client.parser import text_string_to_metric_families

from photos import readiness, storage
from photos.models import Orphan, Photo, ThumbnailStatus, Worker
from tests import pictures
from tests.running import RunningSite

ALL = {"database": "ok", "migrations": "ok", "storage": "ok"}
Files = Callable[[], set[str]]


@pytest.fixture(autouse=True)
def nothing_found_yet(transactional_db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(readiness, "READINESS", readiness.Readiness())


def reason(caplog: pytest.LogCaptureFixture) -> str:
    """Why it was not ready, as the log has it."""
    [told] = [record.__dict__["error"] for record in caplog.records if record.message == "not ready"]
    return str(told)


def ask(client: Client) -> tuple[int, dict[str, Any]]:
    answer = client.get("/health/ready", headers={"host": "10.1.2.3"})
    assert answer.headers["Cache-Control"] == "no-store"
    return answer.status_code, answer.json()


def test_a_site_that_works_is_ready_and_leaves_nothing_behind(client: Client, stored_files: Files) -> None:
    assert ask(client) == (200, {"status": "ok", "checks": ALL})

    assert stored_files() == set()
    assert not Orphan.objects.exists()


def test_a_storage_that_takes_nothing_is_told(
    client: Client, settings: Any, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "a file").touch()
    nowhere = {"bucket_name": "nobodys"} if settings.STORAGE == "s3" else {"location": tmp_path / "a file"}
    default = settings.STORAGES["default"]
    options = default.get("OPTIONS", {}) | nowhere
    settings.STORAGES = settings.STORAGES | {"default": default | {"OPTIONS": options}}

    told = ask(client)

    assert told == (503, {"status": "unready", "checks": ALL | {"storage": "failing"}})
    assert "The file storage does not work" in reason(caplog)


def test_a_storage_whose_photos_are_not_there_at_all_is_told(
    client: Client, photo: Photo, settings: Any, media: Path, stored_files: Files
) -> None:
    if settings.STORAGE == "s3":
        pytest.skip("about a folder that is not mounted")
    (media / "originals").rename(media / "elsewhere")

    assert ask(client)[1]["checks"]["storage"] == "failing"


def test_one_lost_original_is_no_reason(client: Client, photo: Photo) -> None:
    storage.delete(photo.original_path)

    assert ask(client)[0] == 200


def test_tables_of_an_older_version_are_told(client: Client, caplog: pytest.LogCaptureFixture) -> None:
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM django_migrations WHERE app = 'sessions' RETURNING name, applied")
        rows = cursor.fetchall()
    try:
        assert ask(client) == (503, {"status": "unready", "checks": {"database": "ok", "migrations": "failing"}})
        assert "sessions.0001_initial" in reason(caplog)
    finally:
        with connection.cursor() as cursor:
            for row in rows:
                cursor.execute("INSERT INTO django_migrations (app, name, applied) VALUES ('sessions', %s, %s)", row)


def test_whoever_asks_again_at_once_is_told_the_same_without_a_look(
    client: Client, monkeypatch: pytest.MonkeyPatch, django_assert_num_queries: Any
) -> None:
    first = ask(client)
    with django_assert_num_queries(0):
        assert ask(client) == first

    def broken() -> None:
        raise readiness.NotReady("It does not work.")

    monkeypatch.setattr(readiness, "FRESH_SECONDS", 0)
    monkeypatch.setitem(readiness.LOOKS, "storage", broken)
    assert ask(client)[0] == 503


def test_a_site_without_its_database_lives_but_is_not_ready(tmp_path: Path) -> None:
    with RunningSite(tmp_path) as site:
        assert requests.get(f"{site.url}/health/ready", timeout=30).json() == {"status": "ok", "checks": ALL}
        with site.paused_work():
            for path in tmp_path.glob("db.sqlite3*"):
                path.write_bytes(b"garbage" * 1000)

            answer = requests.get(f"{site.url}/health/ready", timeout=30)
            while answer.ok:  # what was found lately is told again
                answer = requests.get(f"{site.url}/health/ready", timeout=30)

            assert (answer.status_code, answer.json()["checks"]) == (503, {"database": "failing"})
            assert requests.get(f"{site.url}/health/live", timeout=30).ok


def figures(client: Client, **options: Any) -> dict[tuple[str, ...], float]:
    answer = client.get("/metrics", **options)
    assert answer.headers["Content-Type"].startswith("text/plain; version=0.0.4")
    return {
        (sample.name, *sample.labels.values()): sample.value
        for family in text_string_to_metric_families(answer.content.decode())
        for sample in family.samples
    }


def test_the_figures_are_those_of_the_rows(
    client: Client, take_in: Callable[..., Photo], django_assert_num_queries: Any
) -> None:
    for number in range(3):
        take_in(pictures.png(64, 40 + number))
    failed = Photo.objects.first()
    assert failed is not None
    failed.claim()
    failed.mark_failed(storage.OriginalMissing("gone"))
    Worker.objects.beat("one", processes=2, replaced_clusters=1)

    with django_assert_num_queries(5):
        told = figures(client)

    assert {status: told["thumbsite_photos", status] for status in ThumbnailStatus.values} == {
        "pending": 2,
        "processing": 0,
        "complete": 0,
        "failed": 1,
    }
    assert told["thumbsite_failed_photos", "original_missing"] == 1
    assert told["thumbsite_queue_depth",] == 2
    assert 0 <= told["thumbsite_oldest_pending_seconds",] < 60
    assert (told["thumbsite_workers",], told["thumbsite_worker_processes",]) == (1, 2)
    assert told["thumbsite_replaced_clusters",] == 1
    assert told["thumbsite_orphaned_files",] == 0


def test_an_empty_site_has_figures_too(client: Client) -> None:
    assert set(figures(client).values()) == {0.0}


@pytest.mark.parametrize("address", ["203.0.113.7", "2001:db8::7", ""])
def test_the_figures_are_not_for_everybody(client: Client, settings: Any, address: str) -> None:
    assert client.get("/metrics", REMOTE_ADDR=address).status_code == 403

    settings.METRICS_FROM = [ip_network("203.0.113.0/24")]
    assert client.get("/metrics", REMOTE_ADDR=address).status_code == (200 if address.startswith("203") else 403)
    assert client.get("/metrics", REMOTE_ADDR="127.0.0.1").status_code == 403
