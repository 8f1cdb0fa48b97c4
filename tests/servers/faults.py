"""A proxy in front of an S3 service that lets everything through, signatures included, until told to do harm."""

from __future__ import annotations

import contextlib
import http.client
import socket
import threading
from collections.abc import Callable, Iterator
from enum import Enum
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self

from tests.servers.process import free_port

HOP_BY_HOP = {"connection", "keep-alive", "transfer-encoding", "expect"}


class Fault(Enum):
    """What can happen to a request instead of its answer."""

    UNAVAILABLE = "answered with 503, and not passed on"
    HANG = "never answered, and not passed on"
    CUT = "passed on, but its answer breaks off half-way"
    LOST = "passed on, but never answered"


# The fault of a request, by its method and its number (from 1) among those of this method; None: let it through.
Rule = Callable[[str, int], Fault | None]


def let_through(_: str, __: int) -> None:
    """The rule of good days."""


def every(fault: Fault, method: str, *, first: int = 1, last: float = float("inf")) -> Rule:
    """This fault for all requests of a method, or the ones with these numbers."""
    return lambda asked, number: fault if asked == method and first <= number <= last else None


class FaultyProxy:
    """Listens on loopback and passes on, to another port there, what its rule lets through."""

    def __init__(self, upstream_port: int) -> None:
        self.upstream_port, self.port = upstream_port, free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.good_again = threading.Event()
        self._lock = threading.Lock()
        self._connections: set[socket.socket] = set()
        self.under_way = 0
        self._server: _Server | None = None
        self.behave()

    def behave(self, rule: Rule = let_through) -> None:
        """Go by this rule from now on, and count from 1; what hangs by an earlier one is hung up on."""
        self.good_again.set()
        self.good_again = threading.Event()
        self._rule, self._counts = rule, dict[str, int]()

    def fault_of(self, method: str) -> Fault | None:
        """Count a request; what happens to it."""
        with self._lock:
            number = self._counts[method] = self._counts.get(method, 0) + 1
        return self._rule(method, number)

    @contextlib.contextmanager
    def passing_on(self) -> Iterator[None]:
        """Count a request among those ``under_way``: passed on, and not yet answered by the service."""
        with self._lock:
            self.under_way += 1
        try:
            yield
        finally:
            with self._lock:
                self.under_way -= 1

    def requests(self, method: str) -> int:
        """How many came since the last change of behaviour."""
        return self._counts.get(method, 0)

    def start(self) -> None:
        """Take connections."""
        self._server = _Server(self)
        threading.Thread(target=self._server.serve_forever, args=[0.02], daemon=True).start()

    def stop(self) -> None:
        """Refuse connections, and break those that are open."""
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()
            self._server = None
        self.good_again.set()
        with self._lock:
            for connection in self._connections:
                with contextlib.suppress(OSError):
                    connection.shutdown(socket.SHUT_RDWR)

    def remember(self, connection: socket.socket, *, is_open: bool) -> None:
        """Keep account of who is connected."""
        with self._lock:
            (self._connections.add if is_open else self._connections.discard)(connection)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64

    def __init__(self, proxy: FaultyProxy) -> None:
        self.proxy = proxy
        super().__init__(("127.0.0.1", proxy.port), _Exchange)

    def handle_error(self, *_: Any) -> None:
        """A client that hung up, or is made to: what this is for."""


class _Exchange(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server

    def setup(self) -> None:
        self.server.proxy.remember(self.request, is_open=True)
        super().setup()

    def finish(self) -> None:
        self.server.proxy.remember(self.request, is_open=False)
        super().finish()

    def exchange(self) -> None:
        """Read the request, and do with it what the rule says."""
        proxy = self.server.proxy
        until = proxy.good_again
        fault = proxy.fault_of(self.command)
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if fault is Fault.HANG:
            until.wait()
        if fault in {Fault.HANG, Fault.UNAVAILABLE}:
            self.close_connection = fault is Fault.HANG
            if fault is Fault.UNAVAILABLE:
                self.answer(503, [], b"")
            return
        with proxy.passing_on():
            status, headers, answer = self.pass_on(body)
        if fault is Fault.LOST:
            until.wait()
        if fault is Fault.LOST or (fault is Fault.CUT and not answer):
            self.close_connection = True
            return
        self.answer(status, headers, answer, cut=fault is Fault.CUT)

    do_GET = do_HEAD = do_PUT = do_POST = do_DELETE = exchange  # noqa: N815 - http.server's names

    def pass_on(self, body: bytes) -> tuple[int, list[tuple[str, str]], bytes]:
        """The service's own answer; the Host header goes with the request as it came, since it is signed."""
        with contextlib.closing(http.client.HTTPConnection("127.0.0.1", self.server.proxy.upstream_port)) as service:
            service.putrequest(self.command, self.path, skip_host=True, skip_accept_encoding=True)
            for name, value in self.headers.items():
                if name.lower() not in HOP_BY_HOP:
                    service.putheader(name, value)
            service.endheaders(body)
            answer = service.getresponse()
            return answer.status, answer.getheaders(), answer.read()

    def answer(self, status: int, headers: list[tuple[str, str]], body: bytes, *, cut: bool = False) -> None:
        """Answer, or break off in the middle."""
        self.send_response_only(status)
        kept = {name: value for name, value in headers if name.lower() not in HOP_BY_HOP}
        # A HEAD tells the length of a body that doesn't come.
        for name, value in ({"Content-Length": str(len(body))} | kept).items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body[: len(body) // 2] if cut else body)
        if cut:
            self.close_connection = True
