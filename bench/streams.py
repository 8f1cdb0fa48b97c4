"""How soon an event reaches many who listen, and what it costs that they do.

Run as ``python -m bench.streams``, or with the word ``postgresql``. It starts a site of its own, with the embedded
defaults or that database, on this machine, which also runs the clients: 1 000 users, each with a token.
"""

from __future__ import annotations

import asyncio
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from datetime import datetime
from pathlib import Path

from tests import pictures, servers
from tests.running import ROOT, RunningSite, wait_until

SUBSCRIBERS = 1000
AT_ONCE = 50
EVENTS = 20
IDLE_SECONDS = 60  # two rounds of checked rights, four heartbeats
TOKENS = """
from django.contrib.auth.models import User
from photos.models import AuthToken, Workspace
Workspace.objects.update(is_public=True)
users = User.objects.bulk_create(User(username=f"user{{number}}") for number in range({}))
print(*(AuthToken.objects.create(user)[1] for user in users))
"""


def main() -> None:
    """Measure and print."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 65_536), hard))
    rows = {"DATABASE_URL": servers.postgresql().new_database()} if "postgresql" in sys.argv else {}
    with tempfile.TemporaryDirectory(prefix="thumbsite-bench-") as folder, RunningSite(Path(folder), **rows) as site:
        wait_until(lambda: not site.api("GET", "photos/?status=pending").json()["results"], 60)
        asyncio.run(_measure(site, _tokens(site)))


def _tokens(site: RunningSite) -> list[str]:
    command = [sys.executable, str(ROOT / "manage.py"), "shell", "--no-imports", "-c", TOKENS.format(SUBSCRIBERS)]
    return subprocess.run(command, env=site.environment, check=True, capture_output=True, text=True).stdout.split()


async def _measure(site: RunningSite, tokens: list[str]) -> None:
    web = site.web_pid()
    empty = _memory_mib(web)
    streams = []
    for start in range(0, len(tokens), AT_ONCE):
        streams += await asyncio.gather(*(_open(site, token) for token in tokens[start : start + AT_ONCE]))
    print(f"{len(streams)} streams: {_memory_mib(web):.0f} MiB, before them {empty:.0f} MiB")
    await _idle(web, streams)
    delays = []
    for number in range(EVENTS):
        delays += await _one_event(site, streams, number)
        await asyncio.sleep(0.3)
    quantiles = statistics.quantiles(delays, n=100)
    print(
        f"from the commit of an event to its arrival, {EVENTS} events to all: median {quantiles[49] * 1000:.0f} ms,"
        f" 95th percentile {quantiles[94] * 1000:.0f} ms, slowest {max(delays) * 1000:.0f} ms"
    )


async def _open(site: RunningSite, token: str) -> asyncio.StreamReader:
    reader, writer = await asyncio.open_connection("127.0.0.1", site.port)
    start = "GET /api/v1/events/?workspace=main HTTP/1.1\r\nHost: 127.0.0.1"
    writer.write(f"{start}\r\nAuthorization: Token {token}\r\n\r\n".encode())
    await reader.readuntil(b"\nid: ")
    reader.writer = writer  # type: ignore[attr-defined]  # or it is closed
    return reader


async def _idle(web: int, streams: list[asyncio.StreamReader]) -> None:
    used, begin = _cpu_seconds(web), time.monotonic()
    await asyncio.sleep(IDLE_SECONDS)
    share = (_cpu_seconds(web) - used) / (time.monotonic() - begin)
    print(f"idle: {share:.1%} of one core, {_memory_mib(web):.0f} MiB")


async def _one_event(site: RunningSite, streams: list[asyncio.StreamReader], number: int) -> list[float]:
    async def arrival(stream: asyncio.StreamReader) -> float:
        await stream.readuntil(b"event: photo.thumbnail_ready\n")
        return time.time()

    arrivals = [asyncio.create_task(arrival(stream)) for stream in streams]
    photo = await asyncio.to_thread(site.upload, pictures.png(30 + number, 20), "photo.png", workspace="main")
    arrived = await asyncio.gather(*arrivals)
    timeline = (await asyncio.to_thread(site.api, "GET", f"photos/{photo.json()['id']}/timeline/")).json()["results"]
    ready = next(entry for entry in timeline if entry["type"] == "photo.thumbnail_ready")
    committed = datetime.fromisoformat(ready["created_at"]).timestamp()
    return [moment - committed for moment in arrived]


def _memory_mib(pid: int) -> float:
    status = Path(f"/proc/{pid}/status").read_text()
    return int(status.partition("VmRSS:")[2].split()[0]) / 1024


def _cpu_seconds(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


if __name__ == "__main__":
    main()
