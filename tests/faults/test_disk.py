"""A disk without room, and one that can only be read, while photos come and while they are rendered."""

from __future__ import annotations

import contextlib
import os
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random

import pytest

from tests.faults.arena import Arena
from tests.faults.clients import Clients
from tests.faults.conftest import SETUPS, THOROUGH, Run
from tests.running import wait_until

Picture = Callable[..., bytes]

pytestmark = [
    pytest.mark.parametrize("setup", SETUPS[:1], indirect=True, scope="module"),
    pytest.mark.timeout(900 if THOROUGH else 240),
]

OUTAGE_SECONDS = 30 if THOROUGH else 3
RECOVERY_SECONDS = 600 if THOROUGH else 100
SERVED_AGAIN_SECONDS = 20
DISK_BYTES = 256 * 2**20
FILLER = "filler"


def mount(*arguments: str) -> None:
    """Run `mount`; skips where that is not allowed, but fails in CI as root."""
    for _ in range(100):
        done = subprocess.run(["mount", *arguments], capture_output=True, text=True, check=False)
        if "busy" not in done.stderr:
            break
        time.sleep(0.02)  # somebody writes a file just now
    if done.returncode:
        (pytest.fail if os.environ.get("CI") == "true" and os.geteuid() == 0 else pytest.skip)(
            f"mounting is not allowed here: {done.stderr.strip()}"
        )


def unmount(folder: Path) -> None:
    """Take the last mount away, though somebody may still read in it."""
    subprocess.run(["umount", "--lazy", folder], check=True)


@pytest.fixture(scope="module")
def media(running: Arena) -> Iterator[Path]:
    """The site's media folder, on a small disk of its own."""
    folder = running.folder / "media"
    folder.mkdir(exist_ok=True)
    mount("-t", "tmpfs", "-o", f"size={DISK_BYTES}", "tmpfs", str(folder))
    yield folder
    unmount(folder)


@contextlib.contextmanager
def full(media: Path, room_bytes: int) -> Iterator[None]:
    """A disk with that much room."""
    filler = media / FILLER
    # Without a buffer, whose rest could not be written at the end.
    with filler.open("wb", buffering=0) as file, contextlib.suppress(OSError):
        while True:
            file.write(bytes(2**16))
    os.truncate(filler, max(0, filler.stat().st_size - room_bytes))
    try:
        yield
    finally:
        filler.unlink()


@contextlib.contextmanager
def read_only(media: Path) -> Iterator[None]:
    """A disk that can only be read, as after an error of its own."""
    mount("--bind", str(media), str(media))
    try:
        mount("-o", "remount,bind,ro", str(media))
        yield
    finally:
        unmount(media)


# The room that is left on the disk matters to one of them.
TROUBLES: dict[str, Callable[[Path, int], contextlib.AbstractContextManager[None]]] = {
    "full": full,
    "read-only": lambda media, _: read_only(media),
}


def strangers(arena: Arena) -> set[str]:
    """Originals that no photo names: what is left of uploads that were refused."""
    named = {photo.original for photo in arena.rows.photos().values()}
    return {key for key in arena.stored_keys() if key.startswith("originals/")} - named


@pytest.mark.parametrize("trouble", TROUBLES)
def test_a_disk_that_takes_nothing_while_photos_come(
    trouble: str, run: Run, arena: Arena, media: Path, picture: Picture, dice: Random
) -> None:
    with Clients(arena, lambda: picture(640, 480)) as clients:
        time.sleep(1 + dice.random())
        with TROUBLES[trouble](media, dice.randrange(100_000)):
            wait_until(clients.refused, SERVED_AGAIN_SECONDS)
            time.sleep(OUTAGE_SECONDS)
        clients.are_served_again(SERVED_AGAIN_SECONDS)

    assert set(clients.refused()) == {"storage_unavailable"}
    assert not strangers(arena), "half a file is left"
    run._replace(name=f"{trouble} disk while photos come").recovers(RECOVERY_SECONDS)
    photos = arena.rows.photos()
    assert all(photos[photo_id].status == "complete" for photo_id in arena.accepted)


@pytest.mark.parametrize("trouble", TROUBLES)
def test_a_disk_that_takes_nothing_while_a_photo_is_rendered(
    trouble: str, run: Run, arena: Arena, media: Path, picture: Picture, dice: Random
) -> None:
    arena.mark("decode")
    photo_id = arena.take_in(picture(1200, 900))
    arena.reached("decode")
    with TROUBLES[trouble](media, dice.randrange(20_000)):
        arena.go_on("decode")
        wait_until(lambda: arena.rows.photos()[photo_id].error_code == "storage_unavailable", SERVED_AGAIN_SECONDS)

    run._replace(name=f"{trouble} disk while a photo is rendered").recovers(RECOVERY_SECONDS)
    row = arena.rows.photos()[photo_id]
    assert row.status == "complete"
    assert row.attempts > 1
