"""Open pages follow their photos: what one looks at is how it is."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, Locator, Page, Request, expect

from tests import pictures
from tests.browser.chromium import fill_in_sign_in, session_ends, sign_in
from tests.browser.conftest import DESK, PHONE
from tests.browser.looking import Complaints, grave_findings, overflow
from tests.running import RunningSite, wait_until

# A server that is away is no error of the page.
AWAY = r"ERR_CONNECTION_REFUSED|ERR_INCOMPLETE_CHUNKED_ENCODING|ERR_CONNECTION_RESET|ERR_EMPTY_RESPONSE"
STREAM = "**/api/v1/events/*"
# What of the page lies below an element, though it is to be seen or used: all but the cards.
COVERED = """(above) => {
  const { left, right, top, bottom } = above.getBoundingClientRect();
  const lies = (box) => box.left < right && left < box.right && box.top < bottom && top < box.bottom;
  const others = document.querySelectorAll("header, h1, nav a, button, input, select, .empty a");
  return [...others].filter((one) => lies(one.getBoundingClientRect())).map((one) => one.outerHTML);
}"""


@pytest.fixture
def upload(site: RunningSite, workspace: str) -> Callable[..., str]:
    """Uploads a picture, a new one each time unless bytes are given, by the API; answers the photo's id."""
    count = iter(range(1000))

    def upload(title: str, data: bytes = b"", **fields: str) -> str:
        data = data or pictures.jpeg(image=pictures.photo(300, 200, next(count)))
        answer = site.upload(data, "photo.jpg", workspace=workspace, title=title, **fields)
        assert answer.status_code == 201, answer.text
        return str(answer.json()["id"])

    return upload


@pytest.fixture
def damaged() -> bytes:
    """A JPEG that only a full decode finds to be cut."""
    return pictures.truncated(pictures.jpeg(image=pictures.photo(300, 200)))


@pytest.fixture
def gallery(workspace: str) -> str:
    """The path of the workspace's gallery."""
    return f"/workspaces/{workspace}/"


def card(page: Page, title: str) -> Locator:
    return page.locator(".card", has_text=title)


def picture(card: Locator) -> Locator:
    return card.locator("img[srcset]")


def heard(page: Page, part: str, count: list[Request]) -> None:
    """Collect the requests whose address holds this."""
    page.on("request", lambda request: part in request.url and count.append(request))


def left_at(page: Page) -> float:
    return float(page.evaluate("scrollY"))


def test_a_card_turns_from_pending_to_its_picture_by_itself_and_keeps_the_focus(
    page: Page, site: RunningSite, gallery: str, upload: Callable[..., str]
) -> None:
    with site.paused_work():
        upload("Summit")
        page.goto(gallery)
        expect(card(page, "Summit")).to_contain_text("pending …")
        card(page, "Summit").focus()

    expect(picture(card(page, "Summit"))).to_be_visible()
    expect(card(page, "Summit")).to_be_focused()
    expect(card(page, "Summit")).not_to_contain_text("pending")
    assert page.evaluate("document.querySelector('img[srcset]').decode()") is None
    expect(page.locator(".heard")).to_have_text("1 photo changed")


def test_a_photos_page_turns_from_pending_to_all_its_sizes(
    page: Page, site: RunningSite, upload: Callable[..., str]
) -> None:
    with site.paused_work():
        photo = upload("Summit")
        page.goto(f"/photos/{photo}/")
        expect(page.get_by_text("The thumbnails are pending.").first).to_be_visible()
        page.get_by_label("Title").fill("Half a tit")
        page.get_by_role("region", name="Sizes").focus()

    expect(page.get_by_role("img", name="Summit")).to_be_visible()
    expect(page.get_by_role("link", name="medium")).to_be_visible()
    expect(page.get_by_text("thumbnails made in attempt 1")).to_be_visible()
    expect(page.get_by_text("The thumbnails are pending.")).not_to_be_attached()
    expect(page.locator(".heard")).to_have_text("The thumbnails are complete.")
    expect(page.get_by_label("Title")).to_have_value("Half a tit")
    expect(page.get_by_role("region", name="Sizes")).to_be_focused()


def test_a_failure_appears_with_its_reason_and_can_be_retried(
    page: Page,
    open_page: Callable[..., Page],
    site: RunningSite,
    gallery: str,
    upload: Callable[..., str],
    damaged: bytes,
) -> None:
    beside = open_page()
    with site.paused_work():
        photo = upload("Torn", damaged)
        beside.goto(gallery)
        page.goto(f"/photos/{photo}/")
    retry = page.get_by_role("button", name="Retry")
    expect(retry).to_be_visible()
    expect(page.locator(".failed").first).to_contain_text("failed: ")
    expect(card(beside, "Torn")).to_contain_text("failed: ")

    with site.paused_work():
        retry.click()
        expect(page.get_by_text("The thumbnails will be tried again.")).to_be_visible()
        expect(page.get_by_text("The thumbnails are pending.").first).to_be_visible()

    expect(retry).to_be_visible()
    expect(page.get_by_text("given up after attempt 1")).to_have_count(2)


def test_a_page_that_was_open_while_the_server_was_restarted_misses_nothing_and_asks_for_many_at_once(
    page: Page,
    site: RunningSite,
    gallery: str,
    upload: Callable[..., str],
    complaints: Complaints,
) -> None:
    complaints.expect(AWAY)
    asked: list[Request] = []
    heard(page, "/cards/", asked)
    with site.another_web() as url, site.paused_work():
        photos = [upload(f"Number {n}") for n in range(8)]
        page.goto(url + gallery)
        expect(page.locator(".waiting")).to_have_count(8)
        page.wait_for_function("document.querySelector('.connection')")
    expect(page.get_by_text("Reconnecting …")).to_be_visible()
    for photo in photos:
        site.finished(photo)
    assert page.locator(".waiting").count() == 8

    with site.another_web(urlsplit(url).port):
        expect(page.locator("img[srcset]")).to_have_count(8)
        expect(page.get_by_text("Reconnecting …")).not_to_be_visible()
        assert len(asked) < len(photos), "many in one request"
        page.goto("about:blank")


def test_what_others_upload_moves_nothing_but_a_pill_tells_of_it(
    page: Page, site: RunningSite, gallery: str, upload: Callable[..., str]
) -> None:
    upload("First")
    page.goto(gallery)
    before = card(page, "First").bounding_box()

    for n in range(3):
        upload(f"Later {n}")

    expect(page.get_by_role("status").get_by_role("link", name="3 new photos")).to_be_visible()
    expect(page.locator(".card")).to_have_count(1)
    assert card(page, "First").bounding_box() == before
    page.get_by_role("link", name="3 new photos").click()
    expect(page.locator(".card")).to_have_count(4)
    expect(page.locator(".card").first).to_have_text("Later 2", use_inner_text=True)
    expect(page.locator(".pill")).to_be_empty()


def test_the_pill_counts_only_what_the_gallerys_filters_admit(
    page: Page, site: RunningSite, gallery: str, upload: Callable[..., str]
) -> None:
    upload("First", kind="cover")
    page.goto(f"{gallery}?kind=cover")

    deleted = upload("Not for long", kind="cover")
    expect(page.get_by_role("link", name="1 new photo")).to_be_visible()
    upload("Of another kind", kind="item")
    upload("Second", kind="cover")

    expect(page.get_by_role("link", name="2 new photos")).to_be_visible()
    site.api("DELETE", f"photos/{deleted}/")
    expect(page.get_by_role("link", name="1 new photo")).to_be_visible()
    page.get_by_role("link", name="1 new photo").click()
    expect(page.locator(".card")).to_have_count(2)


def test_an_empty_gallery_tells_of_the_first_photo(page: Page, gallery: str, upload: Callable[..., str]) -> None:
    page.goto(gallery)
    upload("First")
    page.get_by_role("link", name="1 new photo").click()
    expect(card(page, "First")).to_be_visible()


def test_a_photo_that_somebody_deletes_leaves_a_note_where_it_was(
    page: Page,
    open_page: Callable[..., Page],
    site: RunningSite,
    gallery: str,
    upload: Callable[..., str],
    complaints: Complaints,
) -> None:
    beside = open_page()
    gone = upload("Gone")
    complaints.expect(f"404 .*{gone}")
    upload("There")
    page.goto(gallery)
    beside.goto(f"/photos/{gone}/")
    card(page, "Gone").focus()

    site.api("DELETE", f"photos/{gone}/")

    expect(card(page, "Gone")).to_contain_text("deleted")
    expect(card(page, "Gone")).to_be_focused()
    assert card(page, "Gone").get_attribute("href") is None
    expect(page.locator(".card")).to_have_count(2)
    expect(beside.get_by_text("This photo is gone.").first).to_be_visible()


def test_without_a_stream_the_page_asks_again_and_again(
    page: Page, site: RunningSite, gallery: str, upload: Callable[..., str], complaints: Complaints
) -> None:
    complaints.expect("503")
    page.route(STREAM, lambda route: route.fulfill(status=503))
    page.clock.install()
    with site.paused_work():
        upload("Summit")
        page.goto(gallery)
        expect(page.get_by_text("Reconnecting …")).to_be_visible()
        with page.expect_response("**/api/v1/photos/status/*"):
            page.clock.fast_forward(5000)
        expect(card(page, "Summit")).to_contain_text("pending …")

    def is_shown() -> bool:
        page.clock.fast_forward(5000)
        return picture(card(page, "Summit")).count() == 1

    wait_until(is_shown, 20)


def test_a_page_whose_stream_says_nothing_at_all_asks_for_its_photos_and_for_new_ones(
    page: Page, site: RunningSite, gallery: str, upload: Callable[..., str]
) -> None:
    page.route(STREAM, lambda _: None)
    page.clock.install()
    with site.paused_work():
        upload("Summit", kind="cover")
        page.goto(f"{gallery}?kind=cover")
        expect(card(page, "Summit")).to_contain_text("pending …")
        upload("Of another kind", kind="item")
        upload("Later", kind="cover")

    def is_shown() -> bool:
        page.clock.fast_forward(5000)
        return picture(card(page, "Summit")).count() == 1

    wait_until(is_shown, 20)
    expect(page.get_by_role("link", name="1 new photo")).to_be_visible()


def test_a_page_that_missed_what_is_no_longer_told_looks_at_all_its_photos_anew(
    page: Page, site: RunningSite, gallery: str, upload: Callable[..., str], complaints: Complaints
) -> None:
    complaints.expect(AWAY)
    reset = "id: 1\nevent: reset\ndata: {}\n\n"
    with site.paused_work():
        photo = upload("Summit")
        page.route(STREAM, lambda route: route.abort("connectionrefused"))
        page.goto(gallery)
        expect(card(page, "Summit")).to_contain_text("pending …")
    site.finished(photo)
    page.unroute(STREAM)
    page.route(STREAM, lambda route: route.fulfill(content_type="text/event-stream", body=reset), times=1)
    look_away(page, True)
    look_away(page, False)

    expect(picture(card(page, "Summit"))).to_be_visible()
    expect(page.get_by_role("link", name="Show the newest photos")).to_be_visible()


def test_a_page_that_missed_something_stays_uncertain_whatever_comes_later(
    page: Page, site: RunningSite, gallery: str, upload: Callable[..., str]
) -> None:
    photo = upload("Summit")
    site.finished(photo)
    reset = "id: 1\nevent: reset\ndata: {}\n\n"
    page.route(STREAM, lambda route: route.fulfill(content_type="text/event-stream", body=reset), times=1)
    page.goto(gallery)
    uncertain = page.get_by_role("link", name="Show the newest photos")
    expect(uncertain).to_be_visible()

    site.api("DELETE", f"photos/{photo}/")
    expect(card(page, "Summit")).to_contain_text("deleted")
    expect(uncertain).to_be_visible()
    with page.expect_response("**/cards/*"):
        upload("Later")
    page.wait_for_timeout(100)

    expect(uncertain).to_be_visible()


def test_a_page_that_nobody_looks_at_keeps_no_connection_and_catches_up_when_it_is_seen_again(
    page: Page, site: RunningSite, gallery: str, upload: Callable[..., str]
) -> None:
    upload("First")
    with page.expect_request(STREAM):
        page.goto(gallery)
    look_away(page, True)
    upload("Second")
    # Longer than a page that listens needs.
    page.wait_for_timeout(600)
    expect(page.locator(".pill")).to_be_empty()

    with page.expect_request(STREAM):
        look_away(page, False)

    expect(page.get_by_role("link", name="1 new photo")).to_be_visible()


def test_what_is_told_fits_a_phone_and_leaves_the_reader_where_he_is(
    open_page: Callable[..., Page], gallery: str, upload: Callable[..., str]
) -> None:
    page = open_page(viewport={"width": 390, "height": 400})
    for n in range(6):
        upload(f"Number {n}")
    page.goto(gallery)
    card(page, "Number 0").scroll_into_view_if_needed()
    before = left_at(page)

    upload("Later")

    expect(page.get_by_role("link", name="1 new photo")).to_be_in_viewport()
    assert (left_at(page), overflow(page)) == (before, 0)


@pytest.mark.parametrize("size", [PHONE, {"width": 844, "height": 390}, DESK], ids=["phone", "turned", "desk"])
def test_what_tells_of_new_photos_covers_no_control_wherever_one_has_scrolled_to(
    open_page: Callable[..., Page], gallery: str, upload: Callable[..., str], size: Any
) -> None:
    page = open_page(viewport=size)
    for n in range(6):
        upload(f"Number {n}")
    page.goto(gallery)
    upload("Later")
    pill = page.get_by_role("link", name="1 new photo")
    expect(pill).to_be_visible()

    for scrolled in range(0, 800, 40):
        page.evaluate(f"scrollTo(0, {scrolled})")
        covered = pill.evaluate(COVERED)
        assert covered == [], scrolled
    assert grave_findings(page) == []
    expect(pill).to_be_in_viewport()
    page.goto(f"{gallery}?q=nowhere")
    upload("Nowhere")
    expect(pill).to_be_visible()
    assert pill.evaluate(COVERED) == []


@pytest.mark.parametrize("size", [PHONE, DESK], ids=["phone", "desk"])
def test_a_photos_page_has_the_place_for_all_that_comes(
    open_page: Callable[..., Page], site: RunningSite, upload: Callable[..., str], damaged: bytes, size: Any
) -> None:
    files = {
        "wide": pictures.jpeg(image=pictures.photo(1200, 800)),
        "flat": pictures.png(1500, 40),
        "tiny": pictures.png(3, 2),
        "torn": damaged,
    }
    with site.paused_work():
        ids = {title: upload(title, data) for title, data in files.items()}
        pages = {title: open_page(viewport=size) for title in files}
        for title, page in pages.items():
            page.goto(f"/photos/{ids[title]}/")
            expect(page.get_by_text("The thumbnails are pending.").first).to_be_visible()
        places = {title: boxes(page) for title, page in pages.items()}

    for title, page in pages.items():
        wanted = page.get_by_role("button", name="Retry") if title == "torn" else page.locator("img[srcset]")
        expect(wanted).to_be_visible()
        # What moved is a complaint too.
        assert boxes(page) == [pytest.approx(place, abs=1) for place in places[title]], title
        assert overflow(page) == 0


def boxes(page: Page) -> list[list[float]]:
    """Where everything stands that stays; what grows is the last of its column."""
    stay = page.locator(".beside a, .large, h2, table, tr, [download], .button:not(.state *), form:not(.state *)")
    return stay.evaluate_all("(all) => all.map((one) => one.getBoundingClientRect()).map(({ x, y }) => [x, y])")


@pytest.fixture
def left(open_page: Callable[..., Page], chromium: Browser, site: RunningSite) -> Page:
    """A page in which the admin is signed in by a session of its own, for which the test ends."""
    return open_page(storage_state=sign_in(chromium, site))


def test_a_page_whose_reader_was_signed_out_says_so_leads_to_sign_in_and_stops(
    left: Page, site: RunningSite, gallery: str, upload: Callable[..., str], complaints: Complaints
) -> None:
    complaints.expect("404")
    asked: list[Request] = []
    photo = upload("Summit")
    site.finished(photo)
    # Rights are checked with the heartbeats.
    with site.another_web(STREAM_HEARTBEAT_SECONDS="1") as url:
        with left.expect_response(STREAM):
            left.goto(f"{url}{gallery}?q=sum&status=complete")
        session_ends(site, left)
        expect(left.get_by_text("You were signed out. Sign in")).to_be_visible()
        heard(left, "/api/v1/events/", asked)
        assert grave_findings(left) == []
        left.wait_for_timeout(2500)
        assert asked == []
        assert picture(card(left, "Summit")).is_visible(), "what one saw stays"

        left.locator(".connection").get_by_role("link", name="Sign in").click()
        fill_in_sign_in(left, site)
        left.wait_for_url(f"{url}{gallery}?q=sum&status=complete")
        expect(picture(card(left, "Summit"))).to_be_visible()
        left.goto("about:blank")


def test_a_page_that_was_signed_out_and_in_again_in_another_tab_goes_on(
    left: Page, site: RunningSite, gallery: str, upload: Callable[..., str], complaints: Complaints
) -> None:
    complaints.expect("404")
    with left.expect_response(STREAM):
        left.goto(gallery)
    session_ends(site, left)
    look_away(left, True)
    look_away(left, False)
    expect(left.get_by_text("You were signed out.")).to_be_visible()
    other = left.context.new_page()
    other.goto("/login/")
    fill_in_sign_in(other, site)
    other.wait_for_url("**/workspaces/**")
    look_away(left, True)
    look_away(left, False)

    expect(left.get_by_text("You were signed out.")).not_to_be_visible()
    upload("Later")
    expect(left.get_by_role("link", name="1 new photo")).to_be_visible()


def test_a_page_in_whose_workspace_one_is_no_member_any_more_says_so(
    page: Page,
    open_page: Callable[..., Page],
    site: RunningSite,
    gallery: str,
    upload: Callable[..., str],
    workspace: str,
    complaints: Complaints,
) -> None:
    complaints.expect("404")
    beside, photo = open_page(), upload("Summit")
    with beside.expect_response(STREAM):
        beside.goto(f"/photos/{photo}/")
    with page.expect_response(STREAM):
        page.goto(gallery)

    site.api("DELETE", f"workspaces/{workspace}/?confirm={workspace}").raise_for_status()
    for one in (page, beside):
        look_away(one, True)
        look_away(one, False)

        expect(one.get_by_text("You no longer have access to this workspace.")).to_be_visible()
        assert one.locator(".connection a").count() == 0
    expect(beside.get_by_text("This photo is gone.")).to_have_count(0)


def test_a_page_without_a_stream_notices_too_that_its_reader_was_signed_out(
    left: Page, site: RunningSite, gallery: str, upload: Callable[..., str], complaints: Complaints
) -> None:
    complaints.expect("404|503")
    left.route(STREAM, lambda route: route.fulfill(status=503))
    left.clock.install()
    with site.paused_work():
        photo = upload("Summit")
        left.goto(gallery)
        expect(left.get_by_text("Reconnecting …")).to_be_visible()
        session_ends(site, left)
        left.clock.fast_forward(5000)
        expect(left.get_by_text("You were signed out. Sign in")).to_be_visible()
        expect(card(left, "Summit")).to_contain_text("pending …")
        asked: list[Request] = []
        heard(left, "", asked)
        left.clock.fast_forward(60_000)
        assert asked == []

        left.goto(f"/photos/{photo}/")
    assert left.get_by_role("link", name="Sign in").count()


def look_away(page: Page, is_hidden: bool) -> None:
    """The tab goes to the background, or comes back."""
    page.evaluate(
        """(isHidden) => {
          Object.defineProperty(document, "hidden", { value: isHidden, configurable: true });
          document.dispatchEvent(new Event("visibilitychange"));
        }""",
        is_hidden,
    )
