"""A body over the limit is refused while it arrives; everything else passes."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterable
from typing import Any

import pytest

from photos import body_limit
from photos.body_limit import DRAIN, BodyLimit

LIMIT = 100


class Site:
    """An application behind the limit, and a client that waits for its answer before it hangs up, as a server tells."""

    def __init__(self) -> None:
        self.seen: list[Any] = []
        self.sent: list[Any] = []
        self.received = 0

    async def application(self, scope: Any, receive: Any, send: Any) -> None:
        """Reads the body as Django does, and answers unless the client has gone."""
        self.seen.append(scope["type"])
        if scope["type"] != "http":
            return
        body = b""
        more = True
        while more:
            message = await receive()
            if message["type"] == "http.disconnect":
                return
            body += message.get("body", b"")
            more = message.get("more_body", False)
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": body})

    def request(
        self,
        chunks: Iterable[bytes],
        headers: Iterable[tuple[bytes, bytes]] = (),
        kind: str = "http",
        *,
        unfinished: bool = False,
    ) -> None:
        """Send a request; fails when no answer comes while the client still waits for one."""
        pieces = list(chunks)
        messages = iter(
            {"type": "http.request", "body": piece, "more_body": unfinished or number < len(pieces)}
            for number, piece in enumerate(pieces, 1)
        )

        async def receive() -> Any:
            message = next(messages, None)
            if message is None:
                await asyncio.Event().wait()
            self.received += len(message["body"])  # type: ignore[index]
            return message

        async def send(message: Any) -> None:
            self.sent.append(message)

        scope = {"type": kind, "headers": list(headers)}
        asyncio.run(asyncio.wait_for(BodyLimit(self.application, LIMIT)(scope, receive, send), 5))

    @property
    def status(self) -> int:
        """The answer's status."""
        return int(self.sent[0]["status"])


def assert_refused(site: Site) -> None:
    start, body = site.sent
    headers = dict(start["headers"])
    error = json.loads(body["body"])["error"]
    assert (start["status"], error["code"], list(error)) == (413, "file_too_large", ["code", "message"])
    assert str(LIMIT) in error["message"]
    assert headers[b"content-type"] == b"application/json"
    assert headers[b"content-length"] == str(len(body["body"])).encode()
    assert headers[b"connection"] == b"close"


def test_a_declared_length_over_the_limit_is_refused_unseen() -> None:
    site = Site()

    site.request([bytes(60), bytes(60)], [(b"content-length", b"120")])

    assert_refused(site)
    assert site.seen == []
    assert site.received == 120


@pytest.mark.parametrize(
    "chunks", [[101], [50, 51], [100, 1], [100, 1, 200], [60, 60, 0]], ids=lambda sizes: "+".join(map(str, sizes))
)
def test_a_body_without_a_length_is_refused_as_soon_as_it_is_over_the_limit(chunks: list[int]) -> None:
    site = Site()

    site.request(map(bytes, chunks))

    assert_refused(site)
    assert site.received == sum(chunks)


def test_a_length_that_lies_is_refused_too() -> None:
    site = Site()

    site.request([bytes(200)], [(b"content-length", b"10")])

    assert_refused(site)


def test_a_client_that_never_stops_is_answered_after_a_while() -> None:
    site = Site()

    site.request([bytes(LIMIT)] * 1000, [(b"content-length", b"100000")])

    assert_refused(site)
    assert site.received <= (DRAIN + 1) * LIMIT


@pytest.mark.parametrize("chunks", [[], [0], [100], [50, 50, 0]], ids=str)
@pytest.mark.parametrize("declared", [True, False])
def test_a_body_within_the_limit_passes_unchanged(chunks: list[int], declared: bool) -> None:
    site = Site()
    headers = [(b"content-length", str(sum(chunks)).encode())] if declared else []

    site.request([bytes(size) for size in chunks] or [b""], headers)

    assert site.status == 200
    assert site.sent[1]["body"] == bytes(sum(chunks))


@pytest.mark.parametrize("kind", ["websocket", "lifespan"])
def test_what_is_no_request_passes(kind: str) -> None:
    site = Site()

    site.request([], kind=kind)

    assert site.seen == [kind]


def test_a_client_that_falls_silent_in_its_body_is_let_go(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(body_limit, "SILENCE_SECONDS", 0.05)
    site = Site()

    site.request([b"beginning"], unfinished=True)

    assert site.status == 408
    assert json.loads(site.sent[1]["body"])["error"]["code"] == "request_timeout"
