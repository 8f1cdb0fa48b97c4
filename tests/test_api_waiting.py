"""`Prefer: wait=N`: an upload's answer that comes with the thumbnails."""

from __future__ import annotations

import contextlib
import os
import signal
import statistics
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import requests
from django.core.files.uploadedfile import SimpleUploadedFile
from rest_framework.test import APIClient

from photos.api.preferences import wait_seconds
from photos.models import Photo
from tests import pictures
from tests.running import RunningSite, wait_until
from tests.workbench import rings, together, work

CLIENTS = 50


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("wait=5", 5),
        ("wait=0", 0),
        ("respond-async, WAIT = 10; x=y", 10),
        ('wait="7"', 7),
        ('a="1, wait=2", wait=3', 3),
        ("wait=31", 30),
        ("wait=999999999", 30),
        ("wait=3, wait=9", 3),
    ],
)
def test_a_preference_to_wait_is_read_as_the_rfc_has_it(header: str, seconds: int) -> None:
    assert wait_seconds(header) == seconds


@pytest.mark.parametrize(
    "header",
    [
        "",
        "wait",
        "wait=",
        "wait=-1",
        "wait=1.5",
        "wait=soon",
        'wait="5',
        "wait=5 6",
        "await=5",
        "wait=٣",
        'a="wait=5"',
        "wait=soon, wait=5",
        "wait=" + "9" * 5000,
    ],
)
def test_a_preference_that_says_nothing_sensible_is_ignored(header: str) -> None:
    assert wait_seconds(header) is None


@pytest.mark.parametrize("start", ['"', '"\\', 'a="\\"', "wait =", ","])
def test_a_long_header_takes_no_time(start: str) -> None:
    begin = time.monotonic()
    wait_seconds(start + '\\" ' * 20_000)
    assert time.monotonic() - begin < 1


def upload(api: APIClient, prefer: str | None, data: bytes | None = None) -> Any:
    file = SimpleUploadedFile("photo.jpg", data or pictures.jpeg())
    headers = {"Prefer": prefer} if prefer else {}
    return api.post("/api/v1/photos/", {"file": file}, format="multipart", headers=headers)


def work_soon() -> None:
    wait_until(rings, 10)
    time.sleep(0.5)
    assert work() == 1


def test_the_answer_waits_for_the_thumbnails(api: APIClient) -> None:
    answer, _ = together(lambda: upload(api, "wait=20"), work_soon)

    photo = answer.json()
    assert (answer.status_code, photo["thumbnail_status"], photo["duplicate"]) == (201, "complete", False)
    assert photo["thumbnails"]["large"]["url"] in str(photo)
    assert answer["Preference-Applied"] == "wait=20"
    assert answer["Location"].endswith(f"/photos/{photo['id']}/")
    assert "Vary" in answer


def test_a_failure_ends_the_wait_too(api: APIClient) -> None:
    cut = pictures.truncated(pictures.jpeg(image=pictures.photo(64, 48)))

    answer, _ = together(lambda: upload(api, "wait=20", cut), work_soon)

    assert (answer.json()["thumbnail_status"], answer.json()["thumbnail_error_code"]) == ("failed", "corrupt_image")


def test_a_duplicate_that_is_still_pending_waits_too(api: APIClient) -> None:
    first = upload(api, None).json()

    answer, _ = together(lambda: upload(api, "wait=20"), work_soon)

    again = answer.json()
    assert (answer.status_code, again["id"], again["thumbnail_status"]) == (200, first["id"], "skipped")
    assert again["thumbnail_url"]
    assert "same bytes" in again["message"]


def test_after_its_seconds_the_answer_is_what_it_would_have_been(api: APIClient) -> None:
    begin = time.monotonic()

    answer = upload(api, "wait=1")

    assert 1 <= time.monotonic() - begin < 5
    assert (answer.status_code, answer.json()["thumbnail_status"]) == (201, "pending")
    assert answer["Preference-Applied"] == "wait=1"


def test_a_photo_that_is_deleted_meanwhile_ends_the_wait(api: APIClient) -> None:
    def delete_soon() -> None:
        wait_until(Photo.objects.exists, 10)
        time.sleep(0.5)
        Photo.objects.get().delete()

    answer, _ = together(lambda: upload(api, "wait=20"), delete_soon)

    assert (answer.status_code, answer.json()["thumbnail_status"]) == (201, "pending")


@pytest.mark.parametrize("prefer", [None, "wait=soon", "respond-async"])
def test_without_the_preference_nothing_waits(api: APIClient, prefer: str | None) -> None:
    begin = time.monotonic()
    answer = upload(api, prefer)
    assert "Preference-Applied" not in answer
    assert time.monotonic() - begin < 5


def test_a_refused_upload_does_not_wait(api: APIClient) -> None:
    answer = upload(api, "wait=20", b"not a picture")
    assert (answer.status_code, answer.json()["error"]["code"]) == (415, "unsupported_format")
    assert "Preference-Applied" not in answer


def test_the_csrf_check_holds_for_the_view_that_waits(editor: Any) -> None:
    browser = APIClient(enforce_csrf_checks=True)
    browser.force_login(editor)
    answer = upload(browser, "wait=5")
    assert (answer.status_code, answer.json()["error"]["code"]) == (403, "csrf_failed")


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningSite]:
    with RunningSite(tmp_path_factory.mktemp("site")) as running:
        yield running


@pytest.fixture
def nobody_works(site: RunningSite) -> Iterator[None]:
    """The worker's processes stand still."""
    pids = site.pids("runworker") + site.pids("qcluster")
    for pid in pids:
        os.kill(pid, signal.SIGSTOP)
    yield
    for pid in pids:
        os.kill(pid, signal.SIGCONT)


def test_an_answer_that_waited_is_complete(site: RunningSite) -> None:
    answer = _upload(site, 1, 30)

    assert (answer.status_code, answer.json()["thumbnail_status"]) == (201, "complete")
    image = site.session.get(answer.json()["thumbnail_url"], timeout=30)
    assert image.headers["Content-Type"] == "image/webp"


def test_fifty_clients_wait_while_others_are_served(site: RunningSite, nobody_works: None) -> None:
    with ThreadPoolExecutor(CLIENTS) as clients:
        waiting = [clients.submit(_upload, site, 100 + n, 12) for n in range(CLIENTS)]
        wait_until(lambda: _count_pending(site) >= CLIENTS, 10)
        threads, connections = _threads(site), _connections(site)
        latencies = list(_latencies(site, 40))
        still_waiting = sum(not answer.done() for answer in waiting)
    answers = [answer.result() for answer in waiting]

    print(  # noqa: T201 - a measurement to read
        f"\n{CLIENTS} waiting: GET median {statistics.median(latencies) * 1000:.0f} ms,"
        f" worst {max(latencies) * 1000:.0f} ms; {threads} threads, {connections} open databases"
    )
    assert still_waiting == CLIENTS, "they were served meanwhile"
    assert {(answer.status_code, answer.json()["thumbnail_status"]) for answer in answers} == {(201, "pending")}
    assert all(answer.elapsed.total_seconds() >= 12 for answer in answers)
    assert threads < CLIENTS / 2
    assert connections < CLIENTS / 2


def test_a_client_that_hangs_up_while_it_waits_leaves_nothing_in_the_log(site: RunningSite, nobody_works: None) -> None:
    before = len(site.log.read_text())
    with pytest.raises(requests.ReadTimeout):
        _upload(site, 999, 20, timeout=1.5)

    time.sleep(1)

    assert site.api("GET", "photos/").ok
    assert "Traceback" not in site.log.read_text()[before:]


def _upload(site: RunningSite, seed: int, seconds: int, timeout: float = 60) -> requests.Response:
    files = {"file": ("photo.png", pictures.png(30 + seed, 20))}
    headers = {"Prefer": f"wait={seconds}", "Authorization": str(site.session.headers["Authorization"])}
    return requests.post(f"{site.url}/api/v1/photos/", files=files, headers=headers, timeout=timeout)


def _count_pending(site: RunningSite) -> int:
    found = site.api("GET", "photos/?status=pending&page_size=200").json()["results"]
    return sum(photo["thumbnail_status"] == "pending" for photo in found)


def _latencies(site: RunningSite, count: int) -> Iterator[float]:
    for _ in range(count):
        begin = time.perf_counter()
        assert site.api("GET", "photos/?page_size=10").status_code == 200
        yield time.perf_counter() - begin


def _threads(site: RunningSite) -> int:
    return len(list(Path(f"/proc/{site.web_pid()}/task").iterdir()))


def _connections(site: RunningSite) -> int:
    count = 0
    for link in Path(f"/proc/{site.web_pid()}/fd").iterdir():
        with contextlib.suppress(FileNotFoundError):  # closed in the meantime
            count += link.readlink().name == "db.sqlite3"
    return count
