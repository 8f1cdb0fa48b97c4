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
PHOTOS = 700
# Where only the last sixty of them are shown.
LAST_PAGE = f"{CROWD}?before=01900000-0000-7000-8000-{60:012x}"
SCROLL = """async (frames) => {
  const middle = document.documentElement.scrollHeight / 2;
  for (let frame = 0; frame < frames; frame++) {
    scrollTo(0, middle + 15 * (frame % 40));
    await new Promise(requestAnimationFrame);
  }
}"""
# All that differs from the photo that they are copies of.
COPY = {
    "id": "printf('019000000000700080%014x', n.value)",
    "title": "'Number ' || n.value",
    "kind": "CASE n.value % 2 WHEN 0 THEN 'even' ELSE 'odd' END",
    "sha256": "printf('%064x', n.value)",
    "original_path": "'originals/crowd-' || n.value",
}
# Whether what a grid clips leaves the ring around a focused card.
RINGED = """(card) => {
  const own = card.getBoundingClientRect(), grid = card.closest(".grid").getBoundingClientRect();
  const { outlineOffset, outlineWidth } = getComputedStyle(card);
  const ring = parseFloat(outlineOffset) + parseFloat(outlineWidth);
  return ring > 0 && own.left - grid.left >= ring && own.top - grid.top >= ring;
}"""


@pytest.fixture(scope="package")
def crowd(site: RunningSite) -> list[str]:
    """A workspace with 701 photos; their titles, newest first."""
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
    page.mouse.wheel(0, 20_000)


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


def weight(page: Page) -> int:
    """The bytes of the page as it was answered."""
    return int(page.evaluate("performance.getEntriesByType('navigation')[0].decodedBodySize"))


@pytest.mark.parametrize("number", [59, 640])
def test_back_from_a_photo_leads_to_where_one_was_with_a_page_no_heavier_than_the_first(
    page: Page, crowd: list[str], number: int
) -> None:
    page.goto(f"{CROWD}?kind=&q=")
    first = weight(page)
    chosen = card(page, crowd[number])

    def is_there() -> bool:
        page.mouse.wheel(0, 3000)
        return chosen.count() == 1

    wait_until(is_there, 20, every=0.02)
    chosen.evaluate("(card) => card.scrollIntoView({ block: 'center' })")
    before = where_it_comes_to_rest(chosen)
    above = titles(page)[:number]
    page.evaluate("window.isTheSame = true")
    chosen.click()
    expect(page.get_by_role("heading", level=1)).to_have_text(crowd[number])

    for again in (page.go_back, page.reload):
        again()

        assert page.evaluate("window.isTheSame") is None, "no page that the browser had kept"
        assert weight(page) < first + 500
        expect(chosen).to_be_in_viewport()
        assert where_it_comes_to_rest(chosen) == pytest.approx(before, abs=1)
        around = titles(page)
        assert around == crowd[crowd.index(around[0]) :][: len(around)]

    while (newer := page.get_by_role("link", name="Newer photos")).count():
        newer.click()
        page.wait_for_load_state()
    assert titles(page)[:60] == above[:60] or number < 60


def test_back_from_a_photo_that_is_gone_leads_to_those_beside_it(
    open_page: Callable[..., Page], site: RunningSite, workspace: str
) -> None:
    ids = [
        site.upload(pictures.png(8, n + 1), "one.png", workspace=workspace, title=str(n)).json()["id"]
        for n in range(40)
    ]
    for one in ids:
        site.finished(one)
    page = open_page(viewport=PHONE)
    page.goto(f"/workspaces/{workspace}/")
    chosen, beside = card(page, "11"), card(page, "10")
    chosen.evaluate("(card) => card.scrollIntoView()")
    before = where_it_comes_to_rest(beside)
    chosen.click()
    expect(page.get_by_role("heading", level=1)).to_have_text("11")
    site.api("DELETE", f"photos/{ids[11]}/").raise_for_status()

    page.go_back()

    expect(chosen).to_have_count(0)
    assert where_it_comes_to_rest(beside)["y"] == pytest.approx(before["y"], abs=1)


def test_who_comes_back_to_older_photos_is_told_of_none_that_is_not_new(
    page: Page, crowd: list[str], complaints: Complaints
) -> None:
    complaints.expect("503")
    page.route("**/api/v1/events/*", lambda route: route.fulfill(status=503))
    page.clock.install()
    page.goto(CROWD)
    last = card(page, crowd[659])

    def is_there() -> bool:
        page.mouse.wheel(0, 20_000)
        return last.count() == 1

    wait_until(is_there, 20, every=0.02)
    where_it_comes_to_rest(last)
    page.reload()
    expect(page.get_by_text("Reconnecting …")).to_be_visible()

    # It polls: whether one may look, and then for new photos.
    for _ in range(2):
        with page.expect_response("**/cards/*"):
            page.clock.fast_forward(5000)
        page.wait_for_timeout(400)
    expect(page.locator(".pill")).to_be_empty()


def frame_takes(page: Page, frames: int = 80) -> float:
    """The seconds of the main thread for a frame while one scrolls, in the middle of the page."""
    client = page.context.new_cdp_session(page)
    client.send("Performance.enable")

    def busy() -> float:
        metrics = client.send("Performance.getMetrics")["metrics"]
        return float(next(one["value"] for one in metrics if one["name"] == "TaskDuration"))

    page.evaluate(SCROLL, 5)
    before = busy()
    page.evaluate(SCROLL, frames)
    return (busy() - before) / frames


def many_pages(page: Page, pages: int) -> None:
    """As if so many pages had come; the gallery's own, again and again."""
    page.evaluate(
        """(pages) => {
          const [grid] = document.getElementsByClassName("grid");
          grid.after(...Array.from({ length: pages }, () => grid.cloneNode(true)));
        }""",
        pages - 1,
    )


def test_scrolling_takes_hardly_longer_with_thousands_of_cards(page: Page, crowd: list[str]) -> None:
    page.goto(LAST_PAGE, wait_until="networkidle")
    assert titles(page) == crowd[-60:]
    few = frame_takes(page)

    many_pages(page, 50)

    # Without content-visibility it is ten times as long.
    assert frame_takes(page) < 5 * few


@pytest.mark.parametrize("width", [390, 1280])
def test_cards_out_of_sight_keep_exactly_their_place(
    open_page: Callable[..., Page], crowd: list[str], width: int
) -> None:
    page = open_page(viewport={"width": width, "height": 800})
    page.goto(LAST_PAGE, wait_until="networkidle")

    many_pages(page, 50)

    heights = "[...document.querySelectorAll('.grid')].map((grid) => grid.getBoundingClientRect().height)"
    drawn, *skipped = page.evaluate(heights)
    assert skipped == [pytest.approx(drawn, abs=1)] * 49
    place = page.locator(".grid").nth(30).locator(".card").nth(7)
    high = page.evaluate("document.documentElement.scrollHeight")
    for top in (high, 0, high // 2, high // 3, high, high // 2 + 5000):
        page.evaluate(f"scrollTo(0, {top})")
        page.evaluate("new Promise((drawn) => requestAnimationFrame(() => requestAnimationFrame(drawn)))")
    # Whatever moved is a complaint.
    assert page.evaluate("document.documentElement.scrollHeight") == pytest.approx(high, abs=2)
    place.focus()
    expect(place).to_be_in_viewport()
    corner = page.locator(".grid").nth(30).locator(".card").first
    page.keyboard.press("Shift+Tab")
    corner.focus()
    assert corner.evaluate(RINGED)
    assert page.evaluate("find('Number 3', false, true)"), "the browser finds what it does not draw"
