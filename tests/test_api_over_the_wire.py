"""What only a real server and a raw socket show: clients that hang up, bodies that are too large, crashes."""

from __future__ import annotations

import json
import socket
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from tests import pictures
from tests.running import RunningSite, files_below

BOUNDARY = "a-boundary"
PART = f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="file"; filename="a.png"\r\n\r\n'.encode()
END = f"\r\n--{BOUNDARY}--\r\n".encode()
MAX_REQUEST_BYTES = 4_000_000


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningSite]:
    """A running site that takes in small files only, with a folder of its own for what is temporary."""
    temporary = tmp_path_factory.mktemp("temporary")
    limits = {"MAX_UPLOAD_BYTES": "3000000", "MAX_REQUEST_BYTES": str(MAX_REQUEST_BYTES)}
    with RunningSite(tmp_path_factory.mktemp("site"), TMPDIR=str(temporary), **limits) as running:
        yield running


def head(site: RunningSite, *lines: str, method: str = "POST", path: str = "photos/") -> bytes:
    """A request's head, just as told."""
    token = str(site.session.headers["Authorization"])
    fixed = [f"{method} /api/v1/{path} HTTP/1.1", "Host: 127.0.0.1", f"Authorization: {token}"]
    return "\r\n".join([*fixed, f"Content-Type: multipart/form-data; boundary={BOUNDARY}", *lines, "", ""]).encode()


def connect(site: RunningSite) -> socket.socket:
    return socket.create_connection(("127.0.0.1", site.port), timeout=20)


def answer_of(connection: socket.socket) -> tuple[int, dict[str, str], Any]:
    """Status, headers and JSON of an answer."""
    with connection.makefile("rb") as stream:
        status = int(stream.readline().split()[1])
        headers = {}
        while line := stream.readline().decode().strip():
            name, _, value = line.partition(": ")
            headers[name.lower()] = value
        return status, headers, json.loads(stream.read(int(headers["content-length"])))


def everything(site: RunningSite) -> tuple[int, set[str], int]:
    """How many photos, which files, and how many orphans there are."""
    with closing(sqlite3.connect(site.folder / "db.sqlite3")) as database:
        photos, orphans = (
            database.execute(f"SELECT count(*) FROM photos_{table}").fetchone()[0] for table in ("photo", "orphan")
        )
    return photos, site.stored_keys(), orphans


def news(site: RunningSite, before: int) -> list[str]:
    return site.log.read_text()[before:].splitlines()


def test_an_idle_connection_is_kept_longer_than_proxies_keep_theirs(site: RunningSite) -> None:
    """Else a proxy, or a client with a pool, would now and then send a request into a connection that is just closed."""
    with connect(site) as connection:
        for pause in (0, 6):  # uvicorn's own limit is 5 s
            time.sleep(pause)
            connection.sendall(head(site, method="GET", path="photos/?limit=1"))
            assert answer_of(connection)[0] == 200


@pytest.mark.parametrize("sent", ["the head", "half a picture", "all but the end"])
@pytest.mark.parametrize("chunked", [False, True])
@pytest.mark.parametrize("abruptly", [False, True])
def test_a_client_that_hangs_up_in_mid_upload_leaves_nothing(
    site: RunningSite, sent: str, chunked: bool, abruptly: bool
) -> None:
    body = PART + pictures.png(600, 600, image=pictures.photo(600, 600)) + END
    share = {"the head": 0, "half a picture": len(body) // 2, "all but the end": len(body) - 3}[sent]
    before, log = everything(site), len(site.log.read_text())

    with connect(site) as connection:
        piece = body[:share]
        if chunked:
            framed = f"{len(body):x}\r\n".encode() + piece
            connection.sendall(head(site, "Transfer-Encoding: chunked") + framed)
        else:
            connection.sendall(head(site, f"Content-Length: {len(body)}") + piece)
        time.sleep(0.3)
        if abruptly:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")

    time.sleep(1)
    assert site.api("GET", "workspaces/").status_code == 200
    assert everything(site) == before
    assert files_below(Path(site.environment["TMPDIR"])) == set()
    lines = news(site, log)
    assert len(lines) <= 1, lines
    assert "Traceback" not in "".join(lines)


@pytest.mark.parametrize("chunked", [False, True])
def test_a_body_that_is_too_large_is_refused_in_the_words_of_the_contract(site: RunningSite, chunked: bool) -> None:
    before, size = everything(site), 2 * MAX_REQUEST_BYTES
    data = PART + bytes(size)

    with connect(site) as connection:
        if chunked:
            connection.sendall(head(site, "Transfer-Encoding: chunked"))
            for start in range(0, size, 2**16):
                piece = data[start : start + 2**16]
                connection.sendall(f"{len(piece):x}\r\n".encode() + piece + b"\r\n")
            connection.sendall(b"0\r\n\r\n")
        else:
            connection.sendall(head(site, f"Content-Length: {len(data)}") + data)
        status, headers, answer = answer_of(connection)

    assert (status, headers["content-type"], set(answer)) == (413, "application/json", {"error"})
    assert answer["error"]["code"] == "file_too_large"
    assert everything(site) == before
    assert files_below(Path(site.environment["TMPDIR"])) == set()


def test_a_file_that_is_too_large_is_refused_alike(site: RunningSite) -> None:
    answer = site.upload(pictures.jpeg() + bytes(3_100_000), "large.jpg")

    assert (answer.status_code, answer.json()["error"]["code"]) == (413, "file_too_large")


def test_an_address_without_its_slash_is_not_found_and_says_why(site: RunningSite) -> None:
    answer = site.session.post(f"{site.url}/api/v1/photos", files={"file": ("a.jpg", pictures.jpeg())}, timeout=20)

    assert (answer.status_code, answer.history, answer.json()["error"]["code"]) == (404, [], "not_found")
    assert "slash" in answer.json()["error"]["message"]


@pytest.mark.parametrize(
    "content_type",
    [
        "multipart/form-data",
        "multipart/form-data; boundary=",
        "multipart/form-data; boundary=other",
        "multipart/form-data; boundary=\xff",
        f"multipart/form-data; boundary={'x' * 500}",
        "application/json; charset=nonsense",
    ],
)
def test_a_body_that_is_not_what_its_head_says_is_refused(site: RunningSite, content_type: str) -> None:
    body = PART + pictures.jpeg() + END
    lines = head(site, f"Content-Length: {len(body)}").decode()
    request = lines.replace(f"multipart/form-data; boundary={BOUNDARY}", content_type).encode("latin-1") + body

    with connect(site) as connection:
        connection.sendall(request)
        status, headers, answer = answer_of(connection)

    assert status in {400, 415}
    assert (headers["content-type"], set(answer)) == ("application/json", {"error"})


def test_a_crash_answers_with_a_request_id_that_the_log_has(site: RunningSite) -> None:
    log = len(site.log.read_text())
    with closing(sqlite3.connect(site.folder / "db.sqlite3")) as database:
        database.execute("ALTER TABLE photos_album RENAME TO photos_lost")
        try:
            answer = site.api("GET", "albums/", headers={"Accept": "text/html"})
        finally:
            database.execute("ALTER TABLE photos_lost RENAME TO photos_album")

    error = answer.json()["error"]
    assert (answer.status_code, answer.headers["Content-Type"]) == (500, "application/json")
    assert (error["code"], set(error)) == ("internal_error", {"code", "message", "details"})
    assert "photos_album" not in answer.text
    (line,) = [line for line in news(site, log) if error["details"]["request_id"] in line]
    assert "level=ERROR" in line
    assert "photos_album" in line
    assert site.api("GET", "albums/").status_code == 200
