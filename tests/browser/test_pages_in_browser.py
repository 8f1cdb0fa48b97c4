"""Every page in Chromium: nothing goes wrong, everybody can use it, by keyboard, on a phone, in the dark."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests import pictures
from tests.browser.conftest import PHONE
from tests.browser.looking import Complaints, grave_findings, layout_shift, overflow
from tests.running import RunningSite, wait_until

LONG = "Averylongtitlewithoutanyspace" * 6
EXHIBITS = "/workspaces/exhibits/"
PAGES = {
    "gallery": EXHIBITS,
    "gallery, filtered": f"{EXHIBITS}?q=nowhere&status=failed",
    "gallery, empty": "/workspaces/empty/",
    "album": EXHIBITS + "albums/{album}/",
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
    for path in ("/login/", "/nowhere/"):
        page.goto(path)
        for scheme in ("light", "dark"):
            page.emulate_media(color_scheme=scheme)
            assert grave_findings(page) == [], (path, scheme)
        assert overflow(page) == 0


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
    wait_until(lambda: page.evaluate("[...document.images].every((image) => image.complete)"), 10)

    assert layout_shift(page) == 0


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
