"""How often one may call: counted by all processes together, and the wait that is told is true."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from functools import partialmethod
from pathlib import Path
from typing import Any

import pytest
import requests
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.db.models import F
from django.test.utils import CaptureQueriesContext
from rest_framework.request import Request
from rest_framework.test import APIClient, APIRequestFactory, force_authenticate
from rest_framework.views import APIView

from photos.api.throttles import RenderThrottle
from photos.models import ThrottleWindow
from tests import pictures, servers
from tests.running import RunningSite
from tests.workbench import Pause, together
from thumbsite.environment import Rate

PHOTOS, TOKEN = "/api/v1/photos/", "/api/v1/auth/token/"
PASSWORD = "a long enough password"
MINUTE = timedelta(minutes=1)


def upload(client: APIClient) -> Any:
    return client.post(PHOTOS, {"file": SimpleUploadedFile("photo.jpg", pictures.jpeg())}, format="multipart")


def log_in(username: str, password: str = PASSWORD, **extra: Any) -> Any:
    return APIClient(**extra).post(TOKEN, {"username": username, "password": password})


def assert_throttled(answer: Any, seconds: int) -> None:
    assert (answer.status_code, answer.json()["error"]["code"]) == (429, "throttled")
    assert 1 <= int(answer["Retry-After"]) <= seconds


def window_passes() -> None:
    ThrottleWindow.objects.update(ends_at=F("ends_at") - timedelta(days=1))


def test_uploads_of_one_user_are_limited_and_another_is_unaffected(
    settings: Any, api: APIClient, api_as: Callable[[Any], APIClient], make_user: Callable[..., Any], workspace: Any
) -> None:
    settings.THROTTLE_UPLOADS = Rate(2, 60)
    assert [upload(api).status_code for _ in range(2)] == [201, 200]

    assert_throttled(upload(api), 60)

    assert upload(api_as(make_user("other", workspace))).status_code == 200


def test_another_rate_begins_a_window_of_its_own(settings: Any, api: APIClient, workspace: Any) -> None:
    """Whoever called often under a generous rate does not wait for the end of its day under a stricter one."""
    settings.THROTTLE_UPLOADS = Rate(100, 86_400)
    assert [upload(api).status_code for _ in range(3)] == [201, 200, 200]
    settings.THROTTLE_UPLOADS = Rate(2, 1)

    assert upload(api).status_code == 200
    assert api.get(PHOTOS).status_code == 200
    window_passes()
    assert upload(api).status_code == 200


def test_refused_uploads_count_too_but_not_those_of_nobody(settings: Any, api: APIClient) -> None:
    settings.THROTTLE_UPLOADS = Rate(1, 60)
    for _ in range(3):
        assert upload(APIClient()).status_code == 401
    assert not ThrottleWindow.objects.exists()

    assert api.post(PHOTOS, {}, format="multipart").status_code == 400
    assert_throttled(api.post(PHOTOS, {}, format="multipart"), 60)


def test_tries_for_a_token_are_limited_by_client_and_name(settings: Any, editor: Any, make_user: Any) -> None:
    make_user("other")
    settings.THROTTLE_TOKENS = Rate(2, 3600)
    assert [log_in("edith", "wrong").status_code for _ in range(2)] == [401, 401]

    assert_throttled(log_in("edith"), 3600)
    assert_throttled(log_in(" edith "), 3600)

    assert log_in("other").status_code == 201
    assert log_in("edith", REMOTE_ADDR="192.0.2.7").status_code == 201
    # What a client says of itself is not believed; the web server believes trusted proxies only.
    assert_throttled(log_in("edith", HTTP_X_FORWARDED_FOR="192.0.2.8"), 3600)


def test_a_token_is_revoked_however_often_one_was_asked_for(settings: Any, api: APIClient) -> None:
    settings.THROTTLE_TOKENS = Rate(1, 3600)
    for _ in range(2):
        log_in("edith")

    assert api.delete(TOKEN).status_code == 204


@pytest.mark.parametrize("body", ["", "[]", '"text"', "7", "null", '{"username": "\\ud800"}', '{"username": {}}', "{"])
def test_nonsense_is_refused_as_nonsense(transactional_db: None, body: str) -> None:
    answer = APIClient().post(TOKEN, body, content_type="application/json")

    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "invalid")


def test_the_table_holds_neither_names_nor_addresses(editor: Any) -> None:
    log_in("edith")

    row = str(ThrottleWindow.objects.values().get())
    assert "edith" not in row
    assert "127.0.0.1" not in row


def test_renders_of_one_user_are_limited(settings: Any, editor: Any, make_user: Callable[..., Any]) -> None:
    settings.THROTTLE_RENDERS = Rate(2, 60)

    def renders(user: Any) -> bool:
        plain = APIRequestFactory().post("/")
        force_authenticate(plain, user)
        request = Request(plain)
        request.user = user
        return RenderThrottle().allow_request(request, APIView())

    assert [renders(editor) for _ in range(3)] == [True, True, False]
    assert renders(make_user("other"))


def test_each_picture_is_a_render_and_a_request_over_the_rate_is_refused_whole(
    settings: Any, api: APIClient, stored_files: Callable[[], set[str]]
) -> None:
    settings.THROTTLE_RENDERS = Rate(3, 60)

    def render(*widths: int) -> Any:
        files = [SimpleUploadedFile("photo.jpg", pictures.jpeg(width, 30)) for width in widths]
        return api.post("/api/v1/thumbnails/", {"file": files, "width": 10}, format="multipart")

    assert_throttled(render(31, 32, 33, 34), 60)
    assert render(31, 32).status_code == 201
    stored = stored_files()
    assert_throttled(render(33, 34), 60)
    assert stored_files() == stored
    assert render(33).status_code == 201
    assert_throttled(render(34), 60)
    assert_throttled(api.post("/api/v1/thumbnails/", {}, format="multipart"), 60)


def test_calls_are_counted_all_or_none(transactional_db: None) -> None:
    def admit(count: int) -> bool:
        return ThrottleWindow.objects.admit("key", 5, MINUTE, count) is None

    assert [admit(count) for count in (6, 3, 3, 2, 1)] == [False, True, False, True, False]
    window_passes()
    assert [admit(count) for count in (6, 4, 2, 1)] == [False, True, False, True]


def test_a_call_costs_one_statement(transactional_db: None) -> None:
    ThrottleWindow.objects.admit("key", 10, MINUTE)

    with CaptureQueriesContext(
        connection,
    ) as queries:
        ThrottleWindow.objects.admit("key", 10, MINUTE)

    assert len(queries) == 1


def test_a_window_begins_with_its_first_call_and_its_end_begins_the_next(transactional_db: None) -> None:
    length = timedelta(seconds=1)
    began = time.monotonic()
    assert [ThrottleWindow.objects.admit("key", 2, length) for _ in range(2)] == [None, None]

    wait = ThrottleWindow.objects.admit("key", 2, length)

    assert wait is not None
    assert timedelta() < wait <= length
    time.sleep(wait.total_seconds() + 0.002)
    assert ThrottleWindow.objects.admit("key", 2, length) is None
    assert time.monotonic() - began >= 1
    assert ThrottleWindow.objects.get().count == 1


def test_windows_that_ended_are_removed_when_another_begins(transactional_db: None) -> None:
    for n in range(5):
        ThrottleWindow.objects.admit(f"old {n}", 2, MINUTE)
    window_passes()

    ThrottleWindow.objects.admit("new", 2, MINUTE)

    assert [window.key for window in ThrottleWindow.objects.all()] == ["new"]


@pytest.mark.parametrize("ended", [False, True])
def test_calls_at_the_same_moment_are_all_counted(transactional_db: None, ended: bool) -> None:
    if ended:
        ThrottleWindow.objects.admit("key", 5, MINUTE)
        window_passes()

    answers = together(*[lambda: ThrottleWindow.objects.admit("key", 5, MINUTE)] * 12)

    assert answers.count(None) == 5
    assert all(timedelta() < wait <= MINUTE for wait in answers if wait is not None)
    assert ThrottleWindow.objects.get().count == 5


def test_many_keys_begin_at_the_same_moment_without_hindering_each_other(transactional_db: None) -> None:
    for n in range(50):
        ThrottleWindow.objects.admit(f"old {n}", 2, MINUTE)
    window_passes()

    answers = together(*[lambda n=n: ThrottleWindow.objects.admit(f"new {n}", 2, MINUTE) for n in range(12)])  # type: ignore[misc]

    assert answers == [None] * 12


# --- two web processes on one database --------------------------------------------------------------------------------


@pytest.fixture(params=["one machine", "servers"])
def two_webs(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[str, str]]:
    """The addresses of two web processes of one site, which lets 7 tries for a token in per hour."""
    rate = {"THROTTLE_TOKENS": "7/hour"}
    setup = servers.or_skip(servers.environment) if request.param == "servers" else {}
    with RunningSite(tmp_path, **setup, **rate) as site, site.another_web() as other:
        yield site.url, other


def test_two_web_processes_count_together(two_webs: tuple[str, str]) -> None:
    def knock(n: int) -> int:
        body = {"username": "admin", "password": "wrong"}
        return requests.post(f"{two_webs[n % 2]}{TOKEN}", json=body, timeout=30).status_code

    with ThreadPoolExecutor(4) as clients:
        statuses = sorted(clients.map(knock, range(20)))

    assert statuses == [401] * 7 + [429] * 13


def test_a_window_that_another_process_begins_at_the_same_moment_has_room_for_both(
    transactional_db: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked = Pause(type(ThrottleWindow.objects.all()).update)
    monkeypatch.setattr(type(ThrottleWindow.objects.all()), "update", partialmethod(looked))

    def admit() -> timedelta | None:
        return ThrottleWindow.objects.admit("key", 5, MINUTE)

    others: list[timedelta | None] = []
    assert looked.during(admit, lambda: others.append(admit())) is None

    assert others == [None]
    assert ThrottleWindow.objects.get().count == 2
