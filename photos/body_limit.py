"""Refuse a body over the limit while it arrives, before Django keeps all of it on disk."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

Message = Mapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Application = Callable[[Any, Receive, Send], Awaitable[None]]

# How much more of a refused body is read and thrown away, as a multiple of the limit: a client that sends before it
# listens gets its answer then, instead of a reset connection.
DRAIN = 4

# What has come of a body is kept on disk until it is whole; a client that falls silent must not keep it there for ever.
SILENCE_SECONDS = 30.0


class BodyLimit:
    """ASGI middleware: answers 413 to an HTTP request whose body is over ``max_bytes``."""

    def __init__(self, application: Application, max_bytes: int) -> None:
        self.application = application
        self.max_bytes = max_bytes

    async def __call__(self, scope: Any, receive: Receive, send: Send) -> None:
        """Pass the request on, as long as its body stays within the limit."""
        if scope["type"] != "http":
            await self.application(scope, receive, send)
            return
        length = dict(scope["headers"]).get(b"content-length", b"0")
        if length.isdigit() and int(length) > self.max_bytes:
            await self._refuse(receive, send)
            return
        received, more, silent = 0, True, False

        async def limited() -> Message:
            nonlocal received, more, silent
            try:
                message = await asyncio.wait_for(receive(), SILENCE_SECONDS if more else None)
            except TimeoutError:
                silent = True
                return {"type": "http.disconnect"}
            received += len(message.get("body", b""))
            more = message.get("more_body", False)
            # As if the client had gone: Django throws away what it has and answers nothing.
            return {"type": "http.disconnect"} if received > self.max_bytes else message

        await self.application(scope, limited, send)
        if received > self.max_bytes:
            await self._refuse(receive, send, more=more)
        elif silent:
            await _answer(send, 408, "request_timeout", "The request stopped before its end; send it again.")

    async def _refuse(self, receive: Receive, send: Send, *, more: bool = True) -> None:
        drained = 0
        while more and drained < DRAIN * self.max_bytes:
            message = await receive()
            drained += len(message.get("body", b""))
            more = message.get("more_body", False)
        text = f"The request is over the limit of {self.max_bytes} bytes; send a smaller file."
        await _answer(send, 413, "file_too_large", text)


async def _answer(send: Send, status: int, code: str, message: str) -> None:
    body = json.dumps({"error": {"code": code, "message": message}}).encode()
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": status, "headers": [*headers, (b"connection", b"close")]})
    await send({"type": "http.response.body", "body": body})
