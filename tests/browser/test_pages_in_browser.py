"""Every page in Chromium: nothing goes wrong, everybody can use it, by keyboard, on a phone, in the dark."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

import pytest
import requests
from playwright.sync_api import Page, expect

from tests import pictures
from tests.browser.conftest import PHONE
from tests.browser.looking import Complaints, grave_findings, overflow
from tests.running import RunningSite, wait_until

LONG = "Averylongtitlewithoutanyspace" * 6
EXHIBITS = "/workspaces/exhibits/"
PAGES = {
    "gallery": EXHIBITS,
    "gallery, filtered": f"{EXHIBITS}?q=nowhere&status=failed",
    "gallery, empty": "/workspaces/empty/",
    "album": EXHIBITS + "albums/{album}/",
    "album, to be renamed": EXHIBITS + "albums/{album}/edit/",
    "album, to be deleted": EXHIBITS + "albums/{album}/delete/",
    "albums": f"{EXHIBITS}albums/",
    "albums, none": "/workspaces/empty/albums/",
    "photo, complete": "/photos/{complete}/",
    "photo, failed": "/photos/{failed}/",
    "photo, long": "/photos/{long}/",
    "photo, tiny": "/photos/{tiny}/",
    "photo, to be deleted": "/photos/{complete}/delete/",
    "upload": f"{EXHIBITS}upload/",
    "members": f"{EXHIBITS}members/",
    "settings": f"{EXHIBITS}settings/",
    "workspace, to be deleted": f"{EXHIBITS}delete/",
    "workspaces": "/workspaces/",
    "new workspace": "/workspaces/new/",
    "password": "/password/",
    "not found": "/nowhere/",
}
# Others' pages, which have their own looks.
FOREIGN = (
    "/admin/",
    "/admin/photos/photo/",
    "/admin/photos/photo/{complete}/change/",
    "/api/v1/docs/",
    "/api/v1/photos/",
)


@pytest.fixture(scope="package")
def exhibits(site: RunningSite) -> dict[str, str]:
    """A workspace with photos of all kinds, one without any; the ids."""
    for slug, name in (("exhibits", "Exhibits"), ("empty", LONG[:60])):
        site.api("POST", "workspaces/", json={"slug": slug, "name": name}).raise_for_status()
    album = site.api("POST", "albums/", json={"workspace": "exhibits", "name": LONG[:80]}).json()["id"]
    images = {
        "complete": (pictures.jpeg(900, 600), {"title": "Hills", "album": album, "kind": "item", "is_primary": "true"}),
        "failed": (pictures.truncated(pictures.jpeg(300, 200)), {"title": "Torn"}),
        "long": (pictures.png(1500, 40), {"title": LONG}),
        "high": (pictures.png(40, 1500), {"title": "Up and up"}),
        "tiny": (pictures.png(3, 2), {"title": "3 × 2"}),
    }
    ids = {
        name: site.upload(data, f"{name}.img", workspace="exhibits", **fields).json()["id"]
        for name, (data, fields) in images.items()
    }
    for photo in ids.values():
        site.finished(photo)
    return ids | {"album": album}


@pytest.mark.parametrize("name", PAGES)
def test_everybody_can_use_the_page_in_light_and_dark_and_on_a_phone(
    page: Page, complaints: Complaints, exhibits: dict[str, str], name: str
) -> None:
    if name == "not found":
        complaints.expect("404")
    page.goto(PAGES[name].format(**exhibits))
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        assert grave_findings(page) == [], scheme
    page.set_viewport_size(PHONE)
    assert overflow(page) == 0
    assert grave_findings(page) == [], "on a phone"


def test_a_photo_that_waits_has_a_page_that_everybody_can_use(page: Page, site: RunningSite, workspace: str) -> None:
    with site.paused_work():
        photo = site.upload(pictures.jpeg(31, 20), "new.jpg", workspace=workspace).json()["id"]
        for path in (f"/photos/{photo}/", f"/workspaces/{workspace}/"):
            page.goto(path)
            for scheme in ("light", "dark"):
                page.emulate_media(color_scheme=scheme)
                assert grave_findings(page) == [], (path, scheme)


def test_whoever_is_not_signed_in_can_use_the_page_for_it(
    open_page: Callable[..., Page], complaints: Complaints
) -> None:
    complaints.expect("404")
    page = open_page(storage_state=None, viewport=PHONE)
    for path in ("/login/", "/login/?unsaved=1&next=/workspaces/", "/nowhere/"):
        page.goto(path)
        for scheme in ("light", "dark"):
            page.emulate_media(color_scheme=scheme)
            assert grave_findings(page) == [], (path, scheme)
        assert overflow(page) == 0


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_on_a_phone_the_header_leaves_the_room_to_the_page_and_all_of_it_can_be_reached(
    open_page: Callable[..., Page], exhibits: dict[str, str], scheme: str
) -> None:
    page = open_page(viewport=PHONE, color_scheme=scheme)
    for name in ("workspaces", "gallery, empty", "photo, complete", "settings"):
        page.goto(PAGES[name].format(**exhibits))
        header = page.locator("header.bar")
        assert header.evaluate("(header) => header.offsetHeight") <= 3 * 32, name
        assert (grave_findings(page), overflow(page)) == ([], 0)
        for link in header.locator("a, button").all():
            link.scroll_into_view_if_needed()
            expect(link).to_be_in_viewport(ratio=0.99)


def test_nothing_goes_wrong_on_the_pages_of_others(page: Page, exhibits: dict[str, str]) -> None:
    for path in FOREIGN:
        answer = page.goto(path.format(**exhibits), wait_until="networkidle")
        assert answer is not None
        assert answer.ok, path


def test_dark_is_dark_and_light_is_light(page: Page, exhibits: dict[str, str]) -> None:
    def brightness(name: str) -> int:
        colour = page.evaluate(f"getComputedStyle(document.body).{name}")
        return sum(int(part) for part in colour.removeprefix("rgb(").removesuffix(")").split(","))

    page.goto(EXHIBITS)
    assert brightness("backgroundColor") > 700
    assert brightness("color") < 150
    page.emulate_media(color_scheme="dark")
    assert brightness("backgroundColor") < 150
    assert brightness("color") > 600


@pytest.mark.parametrize("path", [EXHIBITS, "/photos/{complete}/", "/photos/{long}/"])
@pytest.mark.parametrize("size", [{"width": 1280, "height": 800}, PHONE], ids=["desk", "phone"])
def test_nothing_on_the_page_moves_while_it_loads_and_is_scrolled(
    open_page: Callable[..., Page], exhibits: dict[str, str], path: str, size: Any
) -> None:
    page = open_page(viewport=size)
    page.goto(path.format(**exhibits), wait_until="networkidle")
    page.mouse.wheel(0, 3000)
    # Whatever moves is a complaint.
    wait_until(lambda: page.evaluate("[...document.images].every((image) => image.complete)"), 10)


def test_the_words_of_a_failure_are_cut_between_lines_in_cards_of_any_width(
    page: Page, exhibits: dict[str, str]
) -> None:
    page.goto(EXHIBITS)
    note = page.locator(".card", has_text="Torn").locator(".note")
    whole = note.get_attribute("title")
    for width in (320, 390, 640, 700, 960, 1280):
        page.set_viewport_size({"width": width, "height": 800})
        page.wait_for_timeout(100)
        lines, fits = note.evaluate(
            """(note) => {
              const frame = note.closest(".frame").getBoundingClientRect(), box = note.getBoundingClientRect();
              const lines = note.clientHeight / parseFloat(getComputedStyle(note).lineHeight);
              return [lines, frame.top <= box.top && box.bottom <= frame.bottom];
            }"""
        )
        assert (lines, fits) == (pytest.approx(round(lines), abs=0.05), True), width
    assert whole
    expect(note).to_have_text(f"failed: {whole}")


@pytest.fixture
def in_pieces(site: RunningSite, signed_in: Any) -> Iterator[str]:
    """The site at another address, where each page arrives in pieces."""
    cookies = "; ".join(f"{one['name']}={one['value']}" for one in signed_in["cookies"])

    class Slowly(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            answer = requests.get(site.url + self.path, headers={"Cookie": cookies}, timeout=30)
            self.send_response(answer.status_code)
            self.send_header("Content-Type", answer.headers["Content-Type"])
            self.end_headers()
            is_page = answer.headers["Content-Type"].startswith("text/html")
            for piece in re.split(b"(?=<a |<form|<h1)", answer.content) if is_page else [answer.content]:
                self.wfile.write(piece)
                time.sleep(0.05 * is_page)

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Slowly) as server:
        thread = Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def test_nothing_moves_on_a_page_that_arrives_in_pieces(page: Page, in_pieces: str) -> None:
    page.goto(f"{in_pieces}/workspaces/new/")
    # Whatever moves is a complaint.
    expect(page.get_by_role("link", name="Password")).to_be_visible()


def test_what_moves_by_itself_is_heard_of(page: Page, complaints: Complaints, exhibits: dict[str, str]) -> None:
    page.goto(EXHIBITS, wait_until="networkidle")
    assert complaints.unexpected() == []
    page.evaluate("document.querySelector('h1').before(document.createElement('textarea'))")

    wait_until(lambda: page.evaluate("1") and complaints.unexpected(), 5)
    (shift,) = complaints.unexpected()
    assert "Layout shift of 0." in shift
    complaints.expect("Layout shift")


def test_the_keyboard_is_enough(page: Page, exhibits: dict[str, str]) -> None:
    page.goto(EXHIBITS)
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to content")).to_be_focused()
    expect(page.get_by_role("link", name="Skip to content")).to_be_in_viewport()
    page.keyboard.press("Enter")
    expect(page.locator("main")).to_be_focused()
    first = page.locator(".card").first
    while not first.evaluate("(card) => card === document.activeElement"):
        page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement !== document.body")
    assert first.evaluate("(card) => getComputedStyle(card).outlineStyle") == "solid"
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("3 × 2")

    for key, title in (("ArrowRight", "Up and up"), ("ArrowRight", LONG), ("ArrowLeft", "Up and up")):
        page.wait_for_load_state()
        page.keyboard.press(key)
        expect(page.get_by_role("heading", level=1)).to_have_text(title)

    page.get_by_role("region", name="Sizes").focus()
    page.keyboard.press("ArrowRight")
    # The way to another photo is as short.
    page.wait_for_timeout(200)
    expect(page.get_by_role("heading", level=1)).to_have_text("Up and up")

    page.get_by_label("Title").focus()
    page.keyboard.press("End")
    page.keyboard.press("ArrowLeft")
    page.keyboard.type("!")
    page.keyboard.press("Enter")
    expect(page.get_by_text("Saved.")).to_be_visible()
    expect(page.get_by_role("heading", level=1)).to_have_text("Up and u!p")


def test_without_scripts_one_sees_the_photos_and_goes_from_one_to_another(
    open_page: Callable[..., Page], exhibits: dict[str, str]
) -> None:
    page = open_page(java_script_enabled=False)
    page.goto(EXHIBITS)
    expect(page.locator(".card")).to_have_count(5)
    page.get_by_label("Name").fill("hills")
    page.get_by_role("button", name="Filter").click()
    page.locator(".card").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Hills")
    expect(page.get_by_role("img", name="Hills")).to_be_visible()
