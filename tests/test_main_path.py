"""The main path as a new user walks it, through HTTP, with a real web server and a real worker."""

from __future__ import annotations

import io
import random
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests
from PIL import Image

from tests import pictures, servers
from tests.running import RunningSite, wait_until

BOXES = {"small": 150, "medium": 400, "large": 800}


@pytest.fixture(scope="module", params=["one machine", "servers"])
def site(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningSite]:
    """A running site for all tests of this module: all on one machine, or on PostgreSQL, Redis and S3."""
    folder = tmp_path_factory.mktemp("site")
    on_servers = request.param == "servers"
    own = servers.or_skip(servers.environment) if on_servers else {}
    with RunningSite(folder, more_workers=int(on_servers), **own) as running:
        yield running


def test_an_upload_is_answered_at_once_and_its_thumbnails_come_within_seconds(site: RunningSite) -> None:
    original = pictures.encoded(pictures.photo(1200, 1800), "JPEG", orientation=6, quality=90)

    answer = site.upload(original, "sideways.jpg", title="Sideways")

    assert answer.status_code == 201, answer.text
    uploaded = answer.json()
    assert (uploaded["thumbnail_status"], uploaded["duplicate"], uploaded["thumbnail_url"]) == ("pending", False, None)
    photo = site.finished(uploaded["id"])
    assert photo["thumbnail_status"] == "complete", photo
    assert (photo["width"], photo["height"]) == (1800, 1200)
    for size, box in BOXES.items():
        made = photo["thumbnails"][size]
        image = site.session.get(made["url"], timeout=30)
        picture = Image.open(io.BytesIO(image.content))
        assert picture.size == (made["width"], made["height"]) == (box, round(box * 2 / 3))
        assert (image.headers["Content-Type"], len(image.content)) == (made["content_type"], made["bytes"])
        assert not picture.getexif()
        assert "icc_profile" not in picture.info
    assert site.session.get(photo["url"], timeout=30).content == original


@pytest.mark.parametrize("kind", sorted(pictures.FACTORIES))
def test_every_format_comes_through(site: RunningSite, kind: str) -> None:
    answer = site.upload(pictures.FACTORIES[kind](333, 222), f"any.{kind}")

    photo = site.finished(answer.json()["id"])

    assert photo["thumbnail_status"] == "complete", photo
    assert {size: made["width"] for size, made in photo["thumbnails"].items()} == {
        "small": 150,
        "medium": 333,
        "large": 333,
    }


def test_a_picture_that_only_a_decode_can_tell_is_broken_fails_with_its_reason(site: RunningSite) -> None:
    answer = site.upload(pictures.truncated(pictures.encoded(pictures.photo(600, 400), "JPEG")), "cut.jpg")
    assert answer.status_code == 201

    photo = site.finished(answer.json()["id"])

    assert (photo["thumbnail_status"], photo["thumbnail_error_code"]) == ("failed", "corrupt_image")
    assert photo["thumbnail_error"]
    again = site.api("POST", f"photos/{photo['id']}/retry/")
    assert again.status_code == 202
    assert site.finished(photo["id"])["thumbnail_status"] == "failed"


def test_an_upload_whose_length_is_not_told_beforehand_comes_through(site: RunningSite) -> None:
    data = pictures.png(70, 50)
    head = b'--edge\r\nContent-Disposition: form-data; name="file"; filename="streamed.png"\r\n\r\n'
    parts = (head, data[:100], data[100:], b"\r\n--edge--\r\n")

    answer = site.api(
        "POST", "photos/", data=iter(parts), headers={"Content-Type": "multipart/form-data; boundary=edge"}
    )

    assert answer.status_code == 201, answer.text
    assert answer.json()["byte_size"] == len(data)


def test_two_parallel_uploads_of_the_same_bytes_make_one_photo(site: RunningSite) -> None:
    from concurrent.futures import ThreadPoolExecutor

    data = pictures.encoded(pictures.photo(640, 480, 77), "JPEG")
    before = _originals(site)
    with ThreadPoolExecutor(6) as clients:
        answers = list(clients.map(lambda n: site.upload(data, f"{n}.jpg"), range(6)))

    assert sorted(answer.status_code for answer in answers) == [200] * 5 + [201]
    (photo_id,) = {answer.json()["id"] for answer in answers}
    wait_until(lambda: len(_originals(site) - before) == 1, 15)
    assert _originals(site) - before <= set(_files_of(site, photo_id))


def test_a_50_mib_upload_adds_less_than_20_mib_to_the_web_process(site: RunningSite) -> None:
    noise = Image.frombytes("RGB", (4000, 4300), random.Random(1).randbytes(4000 * 4300 * 3))
    data = pictures.encoded(noise, "PNG", compress_level=0)
    assert 49 * 2**20 < len(data) <= 50 * 2**20
    site.upload(pictures.jpeg(), "warm-up.jpg")
    before = _web_peak_bytes(site)

    answer = site.upload(data, "large.png")

    assert answer.status_code == 201, answer.text
    assert _web_peak_bytes(site) - before < 20 * 2**20
    assert site.finished(answer.json()["id"])["thumbnail_status"] == "complete"


def test_a_deleted_photo_leaves_no_file(site: RunningSite) -> None:
    photo = site.finished(site.upload(pictures.png(90, 60), "gone.png").json()["id"])
    assert len(_files_of(site, photo["id"])) == 4

    assert site.api("DELETE", f"photos/{photo['id']}/").status_code == 204

    wait_until(lambda: not _files_of(site, photo["id"]), 15)
    assert site.api("GET", f"photos/{photo['id']}/").status_code == 404


def test_the_gallery_page_shows_the_sample_photos(site: RunningSite) -> None:
    browser = requests.Session()
    login = f"{site.url}/login/"
    form = browser.get(login, timeout=30).text
    csrf = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', form)
    assert csrf is not None
    secrets = {"username": "admin", "password": site.shown("password"), "csrfmiddlewaretoken": csrf[1]}
    page = browser.post(login, data=secrets, headers={"Referer": login}, timeout=30)

    assert page.url == f"{site.url}/workspaces/main/"
    assert "Panorama" in page.text
    assert "srcset=" in page.text
    static = re.findall(r'(?:href|src)="(/static/[^"]+)"', page.text)
    assert static
    assert all(browser.get(site.url + path, timeout=30).ok for path in static)
    assert browser.get(f"{site.url}/admin/photos/photo/", timeout=30).ok


def _web_peak_bytes(site: RunningSite) -> int:
    web = site.web_pid()
    status = Path(f"/proc/{web}/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0]) * 1024


def _originals(site: RunningSite) -> set[str]:
    return {key for key in site.stored_keys() if key.startswith("originals/")}


def _files_of(site: RunningSite, photo_id: str) -> list[str]:
    return [key for key in site.stored_keys() if photo_id in key]
