"""The gallery as one scrolls: more photos come, nothing moves, and one comes back to where one was."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

from tests import pictures
from tests.browser.conftest import DESK, PHONE
from tests.browser.looking import Complaints
from tests.faults.rows import Rows
from tests.running import RunningSite, wait_until

CROWD = "/workspaces/crowd/"
PHOTOS = 300
# All that differs from the photo that they are copies of.
COPY = {
    "id": "printf('019000000000700080%014x', n.value)",
    "title": "'Number ' || n.value",
    "kind": "CASE n.value % 2 WHEN 0 THEN 'even' ELSE 'odd' END",
    "sha256": "printf('%064x', n.value)",
    "original_path": "'originals/crowd-' || n.value",
}


@pytest.fixture(scope="package")
def crowd(site: RunningSite) -> list[str]:
    """A workspace with 300 photos; their titles, newest first."""
    site.api("POST", "workspaces/", json={"slug": "crowd", "name": "Crowd"}).raise_for_status()
    template = site.upload(pictures.jpeg(600, 400), "photo.jpg", workspace="crowd").json()["id"]
    site.finished(template)
    rows = Rows(site.folder / "db.sqlite3")
    columns = [name for (name,) in rows.ask("SELECT name FROM pragma_table_info('photos_photo')")]
    values = ", ".join(COPY.get(name, f"photo.{name}") for name in columns)
    rows.write(
        f"""WITH RECURSIVE n(value) AS (SELECT 0 UNION ALL SELECT value + 1 FROM n WHERE value < {PHOTOS - 1})
        INSERT INTO photos_photo ({", ".join(columns)})
        SELECT {values} FROM n, photos_photo photo WHERE photo.id = '{template.replace("-", "")}'"""
    )
    # The copies have its thumbnails' files for theirs, but not the original's.
    rows.write(f"UPDATE photos_photo SET title = 'Newest', kind = 'odd' WHERE id = '{template.replace('-', '')}'")
    return ["Newest", *(f"Number {n}" for n in reversed(range(PHOTOS)))]


def card(page: Page, title: str) -> Locator:
    return page.locator(".card").filter(has=page.get_by_text(title, exact=True))


def titles(page: Page) -> list[str]:
    return page.locator(".card .name").all_text_contents()


def further(page: Page) -> Locator:
    return page.get_by_role("link", name="Older photos", include_hidden=True)


def is_on_the_way(page: Page, milliseconds: int) -> None:
    """All that the page asks for takes so long."""
    client = page.context.new_cdp_session(page)
    client.send("Network.enable")
    conditions = {"offline": False, "latency": milliseconds, "downloadThroughput": -1, "uploadThroughput": -1}
    client.send("Network.emulateNetworkConditions", conditions)


def scroll_to_the_end(page: Page) -> None:
    def is_end() -> bool:
        page.mouse.wheel(0, 20_000)
        return further(page).count() == 0

    wait_until(is_end, 60, every=0.01)


def where_it_comes_to_rest(one: Locator) -> Any:
    """Its place once the wheel has run out."""
    places: list[Any] = [None]

    def rests() -> bool:
        places.append(one.bounding_box())
        return bool(places[-1] == places[-2])

    wait_until(rests, 10, every=0.3)
    return places[-1]


@pytest.mark.parametrize("size", [DESK, PHONE], ids=["desk", "phone"])
def test_who_scrolls_faster_than_photos_come_sees_each_once_in_order_and_nothing_moves(
    open_page: Callable[..., Page], crowd: list[str], size: Any
) -> None:
    page = open_page(viewport=size)
    page.goto(CROWD)
    is_on_the_way(page, 150)

    scroll_to_the_end(page)

    assert titles(page) == crowd
    # Whatever moved is a complaint.
    expect(card(page, crowd[-1])).to_be_in_viewport()


def test_more_photos_are_those_that_the_filters_admit(page: Page, crowd: list[str]) -> None:
    page.goto(f"{CROWD}?kind=even")

    scroll_to_the_end(page)

    assert titles(page) == [title for title in crowd if title.startswith("Number") and int(title[7:]) % 2 == 0]
    links = page.locator(".card").evaluate_all("(cards) => cards.map((card) => card.search)")
    assert set(links) == {"?kind=even"}


def test_where_more_photos_can_not_be_fetched_the_link_leads_to_them(
    page: Page, crowd: list[str], complaints: Complaints
) -> None:
    complaints.expect("500")
    page.route("**/*before=*", lambda route: route.fulfill(status=500))
    page.goto(CROWD)
    page.mouse.wheel(0, 20_000)
    expect(further(page)).to_be_visible()
    assert titles(page) == crowd[:60]
    page.unroute("**/*before=*")

    further(page).click()

    page.wait_for_url("**/*before=*")
    assert titles(page)[:60] == crowd[60:120]
    page.get_by_role("link", name="Newest photos").click()
    expect(card(page, "Newest")).to_be_visible()


def test_the_keyboard_goes_on_into_what_has_come(page: Page, crowd: list[str]) -> None:
    page.goto(CROWD)
    last = card(page, crowd[59])

    last.focus()

    expect(card(page, crowd[60])).to_be_attached()
    expect(last).to_be_focused()
    page.keyboard.press("Tab")
    expect(card(page, crowd[60])).to_be_focused()


def test_back_from_a_photo_leads_to_where_one_was(page: Page, crowd: list[str]) -> None:
    page.goto(CROWD)
    chosen = card(page, crowd[200])

    def is_there() -> bool:
        page.mouse.wheel(0, 1000)
        return chosen.count() == 1

    wait_until(is_there, 20)
    chosen.scroll_into_view_if_needed()
    before = where_it_comes_to_rest(chosen)
    page.evaluate("window.isTheSame = true")
    chosen.click()
    expect(page.get_by_role("heading", level=1)).to_have_text(crowd[200])

    for again in (page.go_back, page.reload):
        again()

        assert page.evaluate("window.isTheSame") is None, "no page that the browser had kept"
        wait_until(lambda: chosen.count() and chosen.bounding_box() == before, 10)
        assert titles(page)[:201] == crowd[:201]
