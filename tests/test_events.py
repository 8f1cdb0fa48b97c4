"""The stream of events, over the wire: who is told what, when, and what a client gets that comes back."""

from __future__ import annotations

import json
import os
import random
import signal
import socket
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing
from itertools import count
from pathlib import Path
from typing import Any
from uuid import uuid4

import psycopg
import pytest
import requests

from tests import pictures, servers
from tests.running import ROOT, RunningSite, wait_until
from tests.streaming import Stream

CREATED, READY = "photo.created", "photo.thumbnail_ready"
FAILED, DELETED = "photo.thumbnail_failed", "photo.deleted"
MANY = 500
pixels = count(20)


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def site(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningSite]:
    """A running site whose streams show every second that they live."""
    rows = {}
    if request.param == "postgresql":
        rows["DATABASE_URL"] = servers.or_skip(servers.postgresql).new_database()
    with RunningSite(tmp_path_factory.mktemp("site"), STREAM_HEARTBEAT_SECONDS="1", **rows) as running:
        yield running


@pytest.fixture
def slug(site: RunningSite) -> str:
    """A new workspace of the site's owner."""
    return new_workspace(site)


@pytest.fixture
def stream(site: RunningSite, slug: str) -> Iterator[Stream]:
    """The owner's stream of that workspace."""
    with Stream(site.url, slug, **owner(site)) as opened:
        yield opened


def new_workspace(site: RunningSite, **fields: Any) -> str:
    slug = f"w{uuid4().hex}"
    site.session.close()  # the server may be closing its idle connection at this moment
    assert site.api("POST", "workspaces/", json={"slug": slug, "name": slug, **fields}).status_code == 201
    return slug


def owner(site: RunningSite) -> dict[str, str]:
    return {"Authorization": str(site.session.headers["Authorization"])}


def picture() -> bytes:
    return pictures.png(next(pixels), 20)


def upload(site: RunningSite, slug: str, data: bytes | None = None, **fields: str) -> str:
    answer = site.upload(data or picture(), "photo.png", workspace=slug, **fields)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


def shell(site: RunningSite, code: str) -> str:
    command = [sys.executable, str(ROOT / "manage.py"), "shell", "--no-imports", "-c", code]
    return subprocess.run(command, env=site.environment, check=True, capture_output=True, text=True).stdout.strip()


def new_user(site: RunningSite, slug: str | None = None) -> tuple[str, dict[str, str]]:
    """A user's name and the header that carries his token; a member of the workspace."""
    name = f"u{uuid4().hex[:8]}"
    token = shell(
        site,
        "from django.contrib.auth.models import User\nfrom photos.models import AuthToken\n"
        f"print(AuthToken.objects.create(User.objects.create_user('{name}', password='{name}'))[1])",
    )
    if slug:
        assert site.api("POST", f"workspaces/{slug}/members/", json={"username": name}).status_code == 201
    return name, {"Authorization": f"Token {token}"}


def test_an_upload_is_told_as_created_and_then_as_ready(site: RunningSite, slug: str, stream: Stream) -> None:
    photo_id = upload(site, slug, kind="cover")

    created, ready = stream.told_of(photo_id, CREATED, READY)

    about = {"photo_id": photo_id, "workspace": slug, "photo_type": "cover"}
    assert created.data == about
    thumbnails = site.api("GET", f"photos/{photo_id}/").json()["thumbnails"]
    assert ready.data == about | {f"{size}_thumbnail_url": image["url"] for size, image in thumbnails.items()}
    image = requests.get(ready.data["small_thumbnail_url"], headers=owner(site), timeout=30)
    assert image.headers["Content-Type"] == "image/webp"
    assert created.id < ready.id
    assert stream.last_event_id == str(ready.id)


def test_a_failure_is_told_with_its_reason(site: RunningSite, slug: str, stream: Stream) -> None:
    cut = pictures.truncated(pictures.jpeg(image=pictures.photo(64, 48)))

    photo_id = upload(site, slug, cut)

    _, failed = stream.told_of(photo_id, CREATED, FAILED)
    reason = site.api("GET", f"photos/{photo_id}/").json()["thumbnail_error"]
    about = {"photo_id": photo_id, "workspace": slug, "photo_type": ""}
    assert failed.data == about | {"error_code": "corrupt_image", "error": reason}


def test_a_deletion_is_told(site: RunningSite, slug: str, stream: Stream) -> None:
    photo_id = upload(site, slug, kind="item")
    stream.told_of(photo_id, CREATED, READY)

    assert site.api("DELETE", f"photos/{photo_id}/").status_code == 204

    deleted = stream.told_of(photo_id, CREATED, READY, DELETED)[-1]
    assert deleted.data == {"photo_id": photo_id, "workspace": slug, "photo_type": "item"}


def test_what_only_the_timeline_tells_is_not_streamed(site: RunningSite, slug: str, stream: Stream) -> None:
    cut = pictures.truncated(pictures.jpeg(image=pictures.photo(64, 48)))
    photo_id = upload(site, slug, cut)
    stream.told_of(photo_id, CREATED, FAILED)

    assert site.api("POST", f"photos/{photo_id}/retry/").status_code == 202

    stream.told_of(photo_id, CREATED, FAILED, FAILED)


def test_the_answer_tells_proxies_and_caches_to_pass_it_on_at_once(site: RunningSite, stream: Stream) -> None:
    headers = stream.answer.headers
    assert headers["Content-Type"] == "text/event-stream"
    assert headers["Cache-Control"] == "no-store"
    assert headers["X-Accel-Buffering"] == "no"
    assert not {"Content-Encoding", "Content-Length"} & set(headers)
    assert 1000 <= int(stream.retry) <= 10_000


def test_a_comment_comes_again_and_again(stream: Stream) -> None:
    wait_until(lambda: stream.comments >= 2, 10)


def test_who_comes_back_gets_what_he_missed_and_nothing_twice(site: RunningSite, slug: str, stream: Stream) -> None:
    before, rest, seen = stream.last_event_id, 24, []
    chance = random.Random(1)
    with ThreadPoolExecutor(1) as uploader:
        uploads = uploader.submit(lambda: [upload(site, slug) for _ in range(rest)])
        last, ready = before, 0
        while ready < rest:
            with Stream(site.url, slug, **owner(site), **{"Last-Event-ID": last}) as again:
                some = min(chance.randint(1, 4), 2 * rest - len(seen))
                read = again.told(some)
            seen += read
            last = str(seen[-1].id)
            ready = sum(event.type == READY for event in seen)
            time.sleep(chance.random() * 0.2)
    whole = stream.told(2 * rest)
    assert seen == whole
    assert {event.data["photo_id"] for event in whole} == set(uploads.result())


def test_a_client_that_missed_nothing_gets_nothing(site: RunningSite, slug: str, stream: Stream) -> None:
    photo_id = upload(site, slug)
    last = stream.told_of(photo_id, CREATED, READY)[-1].id

    with Stream(site.url, slug, **owner(site), **{"Last-Event-ID": str(last)}) as again:
        wait_until(lambda: again.comments, 10)
        assert again.events == []


def test_a_page_that_reloads_says_in_its_address_where_it_was(site: RunningSite, slug: str, stream: Stream) -> None:
    photo_id = upload(site, slug)
    created, ready = stream.told_of(photo_id, CREATED, READY)

    asked = {"workspace": slug, "last_event_id": str(created.id)}
    with site.session.get(f"{site.url}/api/v1/events/", params=asked, stream=True, timeout=30) as answer:
        chunk = next(part for part in answer.iter_content(None) if b"data:" in part)
    assert f"id: {ready.id}\n".encode() in chunk
    # What the browser remembers is younger than what stands in the address.
    later = {**owner(site), "Last-Event-ID": str(ready.id)}
    with requests.get(f"{site.url}/api/v1/events/", asked, headers=later, stream=True, timeout=30) as answer:
        parts = answer.iter_content(None)
        assert b"data:" not in b"".join(next(parts) for _ in range(2))


@pytest.mark.parametrize("unknown", ["999999999999", "9" * 40, "-1", "soon"])
def test_who_asks_for_what_never_was_is_told_to_start_anew(site: RunningSite, slug: str, unknown: str) -> None:
    with Stream(site.url, slug, **owner(site), **{"Last-Event-ID": unknown}) as stream:
        (reset,) = stream.told(1)
        assert (reset.type, reset.data) == ("reset", {})
        photo_id = upload(site, slug)
        assert stream.told_of(photo_id, CREATED, READY)[0].id > reset.id


def test_an_event_that_can_not_be_told_keeps_nobody_from_the_next(site: RunningSite, slug: str, stream: Stream) -> None:
    shell(
        site,
        "from uuid import uuid4\nfrom photos.models import PhotoEvent, Workspace\n"
        f"workspace = Workspace.objects.get(slug='{slug}')\n"
        "PhotoEvent.objects.create(workspace=workspace, photo_id=uuid4(), type='photo.created', data=[])",
    )

    stream.told_of(upload(site, slug), CREATED, READY)

    assert "event could not be told" in site.log.read_text()


def test_nobody_hears_of_another_workspace(site: RunningSite, slug: str, stream: Stream) -> None:
    other = new_workspace(site)
    with Stream(site.url, other, **owner(site)) as elsewhere:
        photo_id = upload(site, other)
        elsewhere.told_of(photo_id, CREATED, READY)
        mine = upload(site, slug)
        stream.told_of(mine, CREATED, READY)
    assert {event.data["photo_id"] for event in stream.events} == {mine}


def test_who_may_not_see_the_workspace_gets_the_answer_of_one_that_is_not_there(site: RunningSite, slug: str) -> None:
    _, stranger = new_user(site)
    answers = [
        requests.get(f"{site.url}/api/v1/events/?workspace={name}", headers=headers, timeout=30)
        for name in (slug, "nowhere")
        for headers in (stranger, {})
    ]
    assert {answer.status_code for answer in answers} == {404}
    assert {answer.json()["error"]["code"] for answer in answers} == {"not_found"}
    assert len({answer.content for answer in answers}) == 1


def test_wrong_questions_get_the_api_s_errors(site: RunningSite, slug: str) -> None:
    address = f"{site.url}/api/v1/events/"
    bad_token = {"Authorization": "Token wrong", "Accept": "text/event-stream"}

    def code(answer: requests.Response) -> tuple[int, str]:
        return answer.status_code, answer.json()["error"]["code"]

    asked = {"workspace": slug}
    assert code(requests.get(address, asked, headers=bad_token, timeout=30)) == (401, "not_authenticated")
    assert code(site.session.get(address, timeout=30)) == (400, "invalid")
    assert code(site.session.post(address, params=asked, timeout=30)) == (405, "method_not_allowed")
    head = site.session.head(address, params=asked, timeout=30)
    assert (head.status_code, head.headers["Content-Type"], head.content) == (200, "text/event-stream", b"")


def test_anybody_hears_of_a_public_workspace_until_it_is_private(site: RunningSite) -> None:
    slug = new_workspace(site, is_public=True)
    with Stream(site.url, slug) as anonymous:
        anonymous.told_of(upload(site, slug), CREATED, READY)
        site.api("PATCH", f"workspaces/{slug}/", json={"is_public": False})
        wait_until(lambda: anonymous.is_over, 10)


def test_it_ends_when_the_token_is_revoked(site: RunningSite, slug: str) -> None:
    _, token = new_user(site, slug)
    with Stream(site.url, slug, **token) as stream:
        assert requests.delete(f"{site.url}/api/v1/auth/token/", headers=token, timeout=30).status_code == 204
        wait_until(lambda: stream.is_over, 10)


def test_it_ends_when_the_membership_does(site: RunningSite, slug: str, stream: Stream) -> None:
    name, token = new_user(site, slug)
    with Stream(site.url, slug, **token) as theirs:
        assert site.api("DELETE", f"workspaces/{slug}/members/{name}/").status_code == 204
        wait_until(lambda: theirs.is_over, 10)
    assert not stream.is_over


def test_it_ends_at_the_logout_even_where_anybody_may_look(site: RunningSite) -> None:
    slug = new_workspace(site, is_public=True)
    name, _ = new_user(site)
    browser = requests.Session()
    page = browser.get(f"{site.url}/login/", timeout=30)
    assert page.ok

    def send(path: str, **fields: str) -> None:
        form = {"csrfmiddlewaretoken": browser.cookies["csrftoken"], **fields}
        browser.post(f"{site.url}{path}", form, headers={"Referer": site.url}, timeout=30)

    send("/login/", username=name, password=name)
    session = browser.cookies["sessionid"]
    with Stream(site.url, slug, Cookie=f"sessionid={session}") as stream:
        wait_until(lambda: stream.comments >= 3, 10)  # checked meanwhile, and right
        send("/logout/")
        wait_until(lambda: stream.is_over, 10)


def tell_much(site: RunningSite, slug: str, events: int) -> None:
    """Many large events at once, as of a bulk import in which everything fails."""
    text = json.dumps({"kind": "", "error_code": "corrupt_image", "error": "x" * 60_000})
    row = "((SELECT id FROM photos_workspace WHERE slug = {0}), {0}, 'photo.thumbnail_failed', {0})"
    statement = f"INSERT INTO photos_photoevent (workspace_id, photo_id, type, data) VALUES {row}"
    if url := site.environment.get("DATABASE_URL"):
        values = [(slug, uuid4(), text)] * events
        with psycopg.connect(url) as database, database.cursor() as cursor:
            cursor.executemany(statement.format("%s"), values)
    else:
        with closing(sqlite3.connect(site.folder / "db.sqlite3", timeout=20)) as database, database:
            database.executemany(statement.format("?"), [(slug, uuid4().hex, text)] * events)


def test_who_reads_too_slowly_is_told_to_start_anew_and_let_go(site: RunningSite, slug: str, stream: Stream) -> None:
    with socket.create_connection(("127.0.0.1", site.port)) as slow:
        header = f"Authorization: {owner(site)['Authorization']}"
        slow.sendall(f"GET /api/v1/events/?workspace={slug} HTTP/1.1\r\nHost: 127.0.0.1\r\n{header}\r\n\r\n".encode())
        assert slow.recv(12) == b"HTTP/1.1 200"
        wait_until(lambda: stream.comments, 10)

        tell_much(site, slug, 700)

        assert len(stream.told(700)) == 700  # the quick one missed nothing
        slow.settimeout(20)
        text = whole(slow)
    assert text.count(b"event: photo.thumbnail_failed") < 700
    assert text.rpartition(b"event: ")[2].startswith(b"reset\ndata: {}\n\n")
    assert text.endswith(b"0\r\n\r\n")


def whole(connection: socket.socket) -> bytes:
    """All that comes, up to the end of the answer."""
    text = bytearray()
    while not text.endswith(b"\r\n0\r\n\r\n"):
        chunk = connection.recv(2**20)
        assert chunk
        text += chunk
    return bytes(text)


def test_hundreds_that_come_and_go_leave_nothing_behind(site: RunningSite, slug: str) -> None:
    pid = site.web_pid()

    def handles() -> int:
        return len(list(Path(f"/proc/{pid}/fd").iterdir()))

    def threads() -> int:
        return len(list(Path(f"/proc/{pid}/task").iterdir()))

    ask = f"GET /api/v1/events/?workspace={slug} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: {owner(site)['Authorization']}"
    Stream(site.url, slug, **owner(site)).close()
    before = handles()

    with ExitStack() as streams:
        for _ in range(MANY):
            connection = streams.enter_context(socket.create_connection(("127.0.0.1", site.port), timeout=30))
            connection.sendall(f"{ask}\r\n\r\n".encode())
            assert connection.recv(12) == b"HTTP/1.1 200"
        # One each, and what the reader has; no thread and no database of its own for any.
        wait_until(lambda: handles() - before < MANY + 20, 10)
        wait_until(lambda: threads() < 40, 10)

    wait_until(lambda: handles() <= before + 10, 20)
    wait_until(lambda: "db.sqlite3" not in {link.readlink().name for link in Path(f"/proc/{pid}/fd").iterdir()}, 10)


def test_another_web_process_tells_the_same_and_ends_at_once_when_told_to(
    site: RunningSite, slug: str, stream: Stream
) -> None:
    logged = site.log.stat().st_size
    first = site.web_pid()
    with site.another_web() as url, ExitStack() as stack:
        (second,) = set(site.pids("runweb")) - {first}
        streams = [stack.enter_context(Stream(url, slug, **owner(site))) for _ in range(50)]
        photo_id = upload(site, slug)
        told = stream.told_of(photo_id, CREATED, READY)
        for one in streams:
            assert one.told_of(photo_id, CREATED, READY) == [
                event._replace(data={name: str(value).replace(site.url, url) for name, value in event.data.items()})
                for event in told
            ]
        begin = time.monotonic()

        os.kill(second, signal.SIGTERM)

        wait_until(lambda: second not in site.pids("runweb"), 20)
        assert time.monotonic() - begin < 2
        wait_until(lambda: all(one.is_over for one in streams), 5)
    assert not stream.is_over
    assert b"Traceback" not in site.log.read_bytes()[logged:]


def test_a_lost_connection_to_the_database_loses_no_event(site: RunningSite, slug: str, stream: Stream) -> None:
    url = site.environment.get("DATABASE_URL")
    if url is None:
        pytest.skip("SQLite has no connection to lose")
    with psycopg.connect(url) as database:
        readers = "query ~ 'pg_locks|photos_photoevent' AND pid <> pg_backend_pid()"
        ended = database.execute(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE {readers}").fetchall()
    assert ended

    stream.told_of(upload(site, slug), CREATED, READY)

    assert "events unreachable, will try again" in site.log.read_text()
    assert not stream.is_over


def test_what_is_committed_out_of_order_is_told_in_order(site: RunningSite, slug: str, stream: Stream) -> None:
    url = site.environment.get("DATABASE_URL")
    if url is None:
        pytest.skip("SQLite has one writer at a time")
    insert = (
        "INSERT INTO photos_photoevent (workspace_id, photo_id, type, data)"
        " SELECT id, %s, 'photo.created', '{}' FROM photos_workspace WHERE slug = %s RETURNING id"
    )

    def write(database: psycopg.Connection[Any]) -> int:
        return int(database.execute(insert, (uuid4(), slug)).fetchone()[0])  # type: ignore[index]

    with psycopg.connect(url) as early, psycopg.connect(url) as late:
        first, second = write(early), write(late)
        late.commit()
        with Stream(site.url, slug, **owner(site), **{"Last-Event-ID": stream.last_event_id}) as meanwhile:
            time.sleep(1)
            assert (stream.events, meanwhile.events) == ([], [])
            third = write(late)
            early.commit()

            assert [event.id for event in stream.told(2)] == [first, second]
            late.commit()
            for one in (stream, meanwhile):
                assert [event.id for event in one.told(3)] == [first, second, third]
