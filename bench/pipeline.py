"""How soon thumbnails follow an upload, and how many photos a minute go through one worker with two processes.

Run as ``python -m bench.pipeline``. It starts a site of its own with the embedded defaults, on this machine,
and sends it photos of 12 megapixels that are made by code, noise included.
"""

from __future__ import annotations

import statistics
import tempfile
import time
from pathlib import Path

from tests import pictures
from tests.running import RunningSite, wait_until

SINGLE = 20
BACKLOG = 60


def main() -> None:
    """Measure and print."""
    photos = [pictures.encoded(pictures.photo(4000, 3000, seed), "JPEG", quality=88) for seed in range(4)]
    print(f"photos of 12 megapixels, {statistics.mean(map(len, photos)) / 2**20:.1f} MiB each")
    with (
        tempfile.TemporaryDirectory(prefix="thumbsite-bench-") as folder,
        RunningSite(Path(folder), WORKERS="2") as site,
    ):
        wait_until(lambda: not _unfinished(site), 60)
        _latency(site, photos)
        _throughput(site, photos)


def _different(data: bytes, number: int) -> bytes:
    # Bytes behind the end of a JPEG make it another upload with the same pixels.
    return data + number.to_bytes(4)


def _latency(site: RunningSite, photos: list[bytes]) -> None:
    answers, waits = [], []
    for number in range(SINGLE):
        begin = time.perf_counter()
        photo_id = site.upload(_different(photos[number % len(photos)], number), f"{number}.jpg").json()["id"]
        answered = time.perf_counter()
        wait_until(
            lambda photo_id=photo_id: site.api("GET", f"photos/{photo_id}/").json()["thumbnail_status"] == "complete",
            60,
            every=0.01,
        )
        answers.append(answered - begin)
        waits.append(time.perf_counter() - answered)
    for name, seconds in (("upload answered", answers), ("answer → complete", waits)):
        print(f"{name}: median {statistics.median(seconds) * 1000:.0f} ms, slowest {max(seconds) * 1000:.0f} ms")


def _throughput(site: RunningSite, photos: list[bytes]) -> None:
    begin = time.perf_counter()
    for number in range(SINGLE, SINGLE + BACKLOG):
        site.upload(_different(photos[number % len(photos)], number), f"{number}.jpg")
    sent = time.perf_counter()
    wait_until(lambda: not _unfinished(site), 300)
    done = time.perf_counter()
    print(f"{BACKLOG} photos sent by one client in {sent - begin:.1f} s, all complete after {done - begin:.1f} s")
    print(f"photos per minute, uploads on the same two cores included: {60 * BACKLOG / (done - begin):.0f}")


def _unfinished(site: RunningSite) -> bool:
    photos = site.api("GET", "photos/?page_size=200").json()["results"]
    return any(photo["thumbnail_status"] != "complete" for photo in photos)


if __name__ == "__main__":
    main()
