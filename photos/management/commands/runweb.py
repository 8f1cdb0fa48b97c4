"""`manage.py runweb`."""

from __future__ import annotations

import socket
from typing import Any

import uvicorn
from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from photos import events

# How long requests under way may take to end after SIGTERM.
GRACE_SECONDS = 25
# How long an idle connection is kept. A proxy that keeps its own shorter (nginx: 60 s, AWS's load balancers: 60 s) never sends
# a request into one that is just being closed; uvicorn's default is 5 s.
KEEP_ALIVE_SECONDS = 75


def listen() -> socket.socket:
    """A socket at HOST and PORT; raises CommandError when that is taken or not ours."""
    family = socket.AF_INET6 if ":" in settings.HOST else socket.AF_INET
    try:
        return socket.create_server((settings.HOST, settings.PORT), family=family, backlog=2048)
    except OSError as error:
        where = f"{settings.HOST}:{settings.PORT}"
        raise CommandError(f"Can't listen on {where} ({error.strerror}): set HOST or PORT to another.") from None


class Server(uvicorn.Server):
    """Uvicorn's, which would wait for streams that never end."""

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """End the streams, then as always."""
        events.close_streams()
        await super().shutdown(sockets)


class Command(BaseCommand):
    """Serve the site by ASGI until told to stop."""

    help = "Serve the site at HOST and PORT until SIGTERM or Ctrl-C."

    def handle(self, *_: Any, **__: Any) -> None:
        """Run uvicorn; it trusts the X-Forwarded-* headers of FORWARDED_ALLOW_IPS only."""
        with listen() as server_socket:
            config = uvicorn.Config(
                "thumbsite.asgi:application",
                log_config=None,
                access_log=False,
                lifespan="off",
                server_header=False,
                timeout_graceful_shutdown=GRACE_SECONDS,
                timeout_keep_alive=KEEP_ALIVE_SECONDS,
            )
            Server(config).run(sockets=[server_socket])
