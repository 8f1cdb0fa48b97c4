"""Images as HTTP answers: kept by clients, asked for in part, named safely, and never held open."""

from __future__ import annotations

import asyncio
import re
import socket
from collections.abc import Callable, Iterator
from datetime import timedelta
from email.utils import format_datetime, parsedate_to_datetime
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import pytest
import requests
from asgiref.sync import async_to_sync
from django.core.asgi import get_asgi_application
from PIL import Image
from rest_framework.test import APIClient

from photos import ranges, storage
from photos.errors import StorageUnavailable
from photos.models import Photo, Workspace
from tests import pictures
from tests.running import RunningSite, wait_until

TakeIn = Callable[..., Photo]
LIFETIME = {"Cache-Control", "ETag", "Last-Modified", "Accept-Ranges", "X-Content-Type-Options"}


@pytest.fixture
def data() -> bytes:
    return pictures.jpeg(image=pictures.photo(300, 200))


@pytest.fixture
def taken(take_in_complete: TakeIn, data: bytes) -> Photo:
    return take_in_complete(data, "photo.jpg")


@pytest.fixture
def unread(monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """From its call on, nothing may open a stored file."""

    def forbid() -> None:
        def opened(key: str) -> Any:
            raise AssertionError(f"{key} was opened")

        monkeypatch.setattr(storage, "open_file", opened)

    return forbid


def original(photo: Photo) -> str:
    return photo.original_url()


def thumbnail(photo: Photo) -> str:
    return str(photo.thumbnail_url("medium"))


EITHER = pytest.mark.parametrize("address", [original, thumbnail])


@pytest.mark.parametrize(
    ("header", "asked"),
    [
        ("bytes=0-0", range(1)),
        ("bytes=2-5", range(2, 6)),
        ("bytes=2-", range(2, 10)),
        ("bytes=-3", range(7, 10)),
        ("bytes=-99", range(10)),
        ("bytes=8-99", range(8, 10)),
        ("Bytes = 1-2 ", range(1, 3)),
        (f"bytes=0-{'9' * 99}", range(10)),
        ("bytes=10-", range(0)),
        ("bytes=10-12", range(0)),
        ("bytes=-0", range(0)),
        ("bytes=5-2", None),
        ("bytes=0-1,4-5", None),
        ("bytes=-", None),
        ("bytes=", None),
        ("bytes=a-b", None),
        ("bytes=1-2-3", None),
        ("bytes=+1-2", None),
        ("bytes=١-٢", None),
        (f"bytes=0-{'9' * 9999}", None),
        ("items=0-1", None),
        ("", None),
    ],
)
def test_a_range_header_is_read_as_the_standard_says(header: str, asked: range | None) -> None:
    assert ranges.requested(header, 10) == asked


@EITHER
def test_what_a_client_has_is_not_sent_again_nor_opened(
    api: APIClient, taken: Photo, address: Callable[[Photo], str], unread: Callable[[], None]
) -> None:
    first = api.get(address(taken))
    assert first.getvalue()
    etag, moment = first["ETag"], first["Last-Modified"]
    assert re.fullmatch(r'"[-\w]+"', etag)
    later = format_datetime(parsedate_to_datetime(moment) + timedelta(days=1), usegmt=True)
    unread()

    for known in (
        {"If-None-Match": etag},
        {"If-None-Match": f'"other", W/{etag}'},
        {"If-None-Match": "*"},
        {"If-Modified-Since": moment},
        {"If-Modified-Since": later},
        {"If-None-Match": etag, "If-Modified-Since": "Thu, 01 Jan 1970 00:00:00 GMT"},
    ):
        answer = api.get(address(taken), headers=known)
        assert (answer.status_code, answer.content) == (304, b""), known
        assert {name: answer[name] for name in LIFETIME} == {name: first[name] for name in LIFETIME}


@EITHER
def test_what_a_client_does_not_have_is_sent(api: APIClient, taken: Photo, address: Callable[[Photo], str]) -> None:
    earlier = format_datetime(taken.created_at - timedelta(days=1), usegmt=True)
    for known in ({"If-None-Match": '"other"'}, {"If-Modified-Since": earlier}, {"If-Modified-Since": "nonsense"}):
        answer = api.get(address(taken), headers=known)
        assert answer.status_code == 200
        assert len(answer.getvalue()) == int(answer["Content-Length"])


def test_the_original_is_tagged_with_its_hash_and_each_thumbnail_with_its_own(api: APIClient, taken: Photo) -> None:
    answers = [api.get(taken.original_url()), *(api.get(str(taken.thumbnail_url(size))) for size in ("small", "large"))]

    assert all(answer.getvalue() for answer in answers)
    assert answers[0]["ETag"] == f'"{taken.sha256}"'
    assert len({answer["ETag"] for answer in answers}) == 3


def test_editing_a_photo_does_not_make_its_images_new(api: APIClient, taken: Photo) -> None:
    before = api.head(thumbnail(taken))
    taken.title = "Renamed"
    taken.save()

    after = api.head(thumbnail(taken))

    assert (before["ETag"], before["Last-Modified"]) == (after["ETag"], after["Last-Modified"])


def test_a_condition_that_does_not_hold_is_answered_in_the_shape_of_errors(api: APIClient, taken: Photo) -> None:
    answer = api.get(original(taken), headers={"If-Match": '"other"'})

    assert (answer.status_code, answer.json()["error"]["code"]) == (412, "precondition_failed")
    assert api.get(original(taken), headers={"If-Match": f'"{taken.sha256}"'}).getvalue()


@EITHER
def test_head_tells_all_that_get_does_and_reads_nothing(
    api: APIClient, taken: Photo, address: Callable[[Photo], str], unread: Callable[[], None]
) -> None:
    whole = api.get(address(taken))
    assert whole.getvalue()
    unread()

    for headers in ({}, {"Range": "bytes=0-0"}):
        answer = api.head(address(taken), headers=headers)
        assert (answer.status_code, answer.getvalue()) == (200, b"")
        assert answer.headers == whole.headers


@EITHER
@pytest.mark.parametrize(
    ("header", "part"),
    [
        ("bytes=0-9", slice(0, 10)),
        ("bytes=100-", slice(100, None)),
        ("bytes=-7", slice(-7, None)),
        ("bytes=0-", slice(None)),
    ],
)
def test_a_part_is_sent_alone(
    api: APIClient, taken: Photo, address: Callable[[Photo], str], header: str, part: slice
) -> None:
    whole = api.get(address(taken)).getvalue()
    first, stop, _ = part.indices(len(whole))

    answer = api.get(address(taken), headers={"Range": header})

    assert answer.status_code == 206
    assert answer.getvalue() == whole[part]
    assert answer["Content-Length"] == str(stop - first)
    assert answer["Content-Range"] == f"bytes {first}-{stop - 1}/{len(whole)}"
    assert answer["Accept-Ranges"] == "bytes"


@pytest.mark.parametrize("header", ["bytes=0-1,5-6", "items=0-1", "bytes=9-1"])
def test_what_is_no_single_range_gets_the_whole(api: APIClient, taken: Photo, data: bytes, header: str) -> None:
    answer = api.get(original(taken), headers={"Range": header})

    assert (answer.status_code, answer.getvalue()) == (200, data)
    assert "Content-Range" not in answer


def test_a_range_beyond_the_end_is_refused_with_the_size(
    api: APIClient, taken: Photo, data: bytes, unread: Callable[[], None]
) -> None:
    unread()

    answer = api.get(original(taken), headers={"Range": f"bytes={len(data)}-"})

    error = answer.json()["error"]
    assert (answer.status_code, error["code"]) == (416, "range_not_satisfiable")
    assert error["details"] == {"byte_size": len(data)}
    assert answer["Content-Range"] == f"bytes */{len(data)}"
    assert "Cache-Control" not in answer


def test_a_part_is_only_sent_of_what_the_client_has_the_rest_of(api: APIClient, taken: Photo) -> None:
    moment = api.head(original(taken))["Last-Modified"]

    def status(if_range: str) -> int:
        answer = api.get(original(taken), headers={"Range": "bytes=0-0", "If-Range": if_range})
        assert answer.getvalue()
        return int(answer.status_code)

    assert status(f'"{taken.sha256}"') == 206
    assert status(moment) == 206
    assert status('"other"') == 200
    assert status(f'W/"{taken.sha256}"') == 200
    assert status("Thu, 01 Jan 1970 00:00:00 GMT") == 200


@pytest.mark.parametrize(
    "name",
    [
        "photo.jpg",
        'with "quotes" and \\ in it.jpg',
        "two\r\nSet-Cookie: a=b.jpg",
        "ends with a newline.jpg\n",
        "Grüße.jpg",
        "🦊 fox.jpg",
        "semi;colon, comma=.jpg",
        "ü" * 251 + ".jpg",
        "x" * 255,
    ],
)
@pytest.mark.parametrize(
    ("query", "disposition"), [("", "inline"), ("?download", "attachment"), ("?download=1", "attachment")]
)
def test_the_file_name_is_offered_safely(api: APIClient, photo: Photo, name: str, query: str, disposition: str) -> None:
    # Past the cleaning that uploads get.
    Photo.objects.update(original_filename=name)

    answer = api.head(photo.original_url() + query)

    header = answer["Content-Disposition"]
    assert header.isascii()
    assert header.isprintable()
    kind, _, parameter = header.partition("; ")
    assert kind == disposition
    if found := re.fullmatch(r'filename="((?:[^"\\]|\\.)*)"', parameter):
        offered = re.sub(r"\\(.)", r"\1", found[1])
    else:
        found = re.fullmatch(r"filename\*=utf-8''([-\w.~!$&+^`|%/]*)", parameter)
        assert found, parameter
        offered = unquote(found[1])
    assert offered == "".join(character for character in name if character.isprintable())


def test_a_public_image_does_not_vary_with_what_the_client_accepts(api: APIClient, taken: Photo) -> None:
    Workspace.objects.update(is_public=True)

    answer = APIClient().head(original(taken), headers={"Accept": "image/*"})

    assert answer["Cache-Control"].startswith("public, ")
    assert "accept" not in answer.get("Vary", "").lower()


@EITHER
def test_a_file_that_is_gone_or_damaged_is_not_found(
    api: APIClient, taken: Photo, address: Callable[[Photo], str], media: Path
) -> None:
    key = taken.original_path if address is original else taken.thumbnail_paths()[1]
    with (media / key).open("ab") as file:
        file.truncate(10)
    assert api.get(address(taken)).json()["error"]["code"] == "not_found"

    (media / key).unlink()

    answer = api.get(address(taken))
    assert (answer.status_code, answer.json()["error"]["code"]) == (404, "not_found")
    assert "Cache-Control" not in answer


def test_a_storage_that_is_down_says_when_to_come_back(
    api: APIClient, taken: Photo, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Down:
        def open(self, key: str) -> Any:
            raise ConnectionError("nobody there")

    monkeypatch.setattr(storage, "default_storage", Down())

    answer = api.get(original(taken))

    assert (answer.status_code, answer.json()["error"]["code"]) == (503, StorageUnavailable.code)
    assert int(answer["Retry-After"]) > 0


def test_parts_of_a_file_in_any_storage_are_right(api: APIClient, taken: Photo, data: bytes) -> None:
    whole = api.get(original(taken)).getvalue()
    middle = api.get(original(taken), headers={"Range": "bytes=1000-1999"}).getvalue()

    assert (whole, middle) == (data, data[1000:2000])


def test_a_part_too_is_streamed_in_chunks_and_closed(
    api: APIClient, take_in: TakeIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    Workspace.objects.update(is_public=True)
    data = pictures.encoded(Image.effect_noise((1200, 900), 90), "PNG", compress_level=0)
    address = take_in(data).original_url()
    opened: list[Any] = []
    open_file = storage.open_file
    monkeypatch.setattr(storage, "open_file", lambda key: opened.append(open_file(key)) or opened[-1])
    sent: list[tuple[bytes, int]] = []

    async def get() -> None:
        headers = [(b"host", b"localhost"), (b"range", b"bytes=10-")]
        scope = {"type": "http", "method": "GET", "path": address, "headers": headers}
        asked = iter([{"type": "http.request"}])

        async def receive() -> Any:
            return next(asked, None) or await asyncio.Event().wait()

        async def send(message: Any) -> None:
            if message.get("body"):
                sent.append((message["body"], opened[0].tell()))

        await get_asgi_application()(scope, receive, send)

    async_to_sync(get)()

    assert b"".join(body for body, _ in sent) == data[10:]
    assert sent[0][1] == storage.PIECE_BYTES + 10 < len(data) / 4
    assert opened[0].closed


# --- against the live server ------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningSite]:
    with RunningSite(tmp_path_factory.mktemp("site")) as running:
        yield running


@pytest.fixture(scope="module")
def large(site: RunningSite) -> tuple[str, bytes]:
    """The address of an original of some 40 MB, and its bytes."""
    data = pictures.encoded(Image.effect_noise((8000, 5000), 90), "PNG", compress_level=0)
    answer = site.upload(data, "large.png")
    assert answer.status_code == 201, answer.text
    return answer.json()["url"], data


def open_originals(site: RunningSite) -> list[str]:
    """The files of the storage that any process of the site has open."""
    links = [link for pid in site.processes() for link in Path(f"/proc/{pid}/fd").glob("*")]
    targets = []
    for link in links:
        try:
            targets.append(str(link.readlink()))
        except OSError:  # closed in the meantime
            continue
    return [target for target in targets if "/originals/" in target]


def test_real_ranges_come_from_the_live_server(site: RunningSite, large: tuple[str, bytes]) -> None:
    address, data = large

    def get(**headers: str) -> requests.Response:
        return site.session.get(
            address, headers={name.replace("_", "-"): value for name, value in headers.items()}, timeout=30
        )

    part = get(Range="bytes=1000000-1999999")
    assert (part.status_code, part.content) == (206, data[1_000_000:2_000_000])
    assert part.headers["Content-Range"] == f"bytes 1000000-1999999/{len(data)}"
    assert get(Range="bytes=-5").content == data[-5:]
    assert get(Range=f"bytes={len(data)}-").status_code == 416
    assert get(Range="bytes=0-0,5-5").status_code == 200
    again = get(If_None_Match=part.headers["ETag"])
    assert (again.status_code, again.content) == (304, b"")
    head = site.session.head(address, timeout=30)
    assert (head.status_code, head.headers["Content-Length"]) == (200, str(len(data)))


def test_a_download_that_broke_off_is_resumed(site: RunningSite, large: tuple[str, bytes]) -> None:
    address, data = large
    with site.session.get(address, stream=True, timeout=30) as broken:
        begun = next(broken.iter_content(1_000_000))
    rest = {"Range": f"bytes={len(begun)}-", "If-Range": broken.headers["ETag"]}

    assert begun + site.session.get(address, headers=rest, timeout=30).content == data


def test_hanging_up_in_mid_download_leaves_no_file_open_and_no_trace_in_the_log(
    site: RunningSite, large: tuple[str, bytes]
) -> None:
    address, _ = large
    site.finished(urlsplit(address).path.split("/")[-3])
    log = site.log.read_text()
    for _ in range(5):
        with socket.create_connection(("127.0.0.1", site.port)) as client:
            token = site.session.headers["Authorization"]
            head = f"GET {urlsplit(address).path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: {token!s}\r\n\r\n"
            client.sendall(head.encode())
            assert client.recv(65536).startswith(b"HTTP/1.1 200")
            assert open_originals(site)

    wait_until(lambda: not open_originals(site), 10)
    assert site.log.read_text() == log


def test_a_large_download_to_a_slow_client_is_not_held_in_memory(site: RunningSite, large: tuple[str, bytes]) -> None:
    address, data = large
    web = site.web_pid()

    def peak() -> int:
        return int(Path(f"/proc/{web}/status").read_text().partition("VmHWM:")[2].split()[0]) * 1024

    before = peak()
    with site.session.get(address, stream=True, timeout=30) as answer:
        assert sum(len(chunk) for chunk in answer.iter_content(100_000)) == len(data)
    assert peak() - before < 10 * 2**20
