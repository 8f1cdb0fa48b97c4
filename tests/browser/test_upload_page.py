"""The upload page as people use it: files go in, rows tell what becomes of them."""

from __future__ import annotations

import base64
import itertools
import os
import re
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Dialog, Locator, Page, Route, expect

from photos.failures import FAILURES
from tests import pictures
from tests.browser.chromium import fill_in_sign_in, session_ends, sign_in
from tests.browser.conftest import ARTEFACTS, MAX_UPLOAD_BYTES, PHONE
from tests.browser.looking import Complaints, grave_findings, overflow
from tests.running import RunningSite, wait_until

# On a machine that is busy with other tests.
expect.set_options(timeout=15_000)

NUMBERS = itertools.count()
BUDGET_BYTES = 60_000
# As a browser does when somebody has copied a picture elsewhere.
PASTE = """(data) => {
  const clipboardData = new DataTransfer();
  const bytes = Uint8Array.from(atob(data), (letter) => letter.charCodeAt(0));
  clipboardData.items.add(new File([bytes], "image.png", {type: "image/png"}));
  document.activeElement.dispatchEvent(new ClipboardEvent("paste", {bubbles: true, clipboardData}));
}"""


@pytest.fixture
def upload_page(page: Page, workspace: str) -> Page:
    """Its upload page."""
    page.goto(f"/workspaces/{workspace}/upload/")
    return page


@pytest.fixture
def write(tmp_path: Path) -> Callable[..., Path]:
    """Writes a file; a new photo of some 250 kB unless bytes are given."""

    def write(name: str, data: bytes | None = None) -> Path:
        path = tmp_path / name
        path.write_bytes(data or pictures.jpeg(image=pictures.photo(640, 480, next(NUMBERS)), quality=98))
        return path

    return write


def choose(page: Page, *files: Path) -> None:
    page.get_by_label("One or more photos").set_input_files(files)


def upload(page: Page) -> None:
    page.get_by_role("button", name="Upload", exact=True).click()


def row(page: Page, name: str) -> Locator:
    return page.locator(".uploads > li").filter(has_text=name)


def said(page: Page, name: str) -> Locator:
    return row(page, name).locator(".state")


def button(page: Page, name: str, label: str) -> Locator:
    return row(page, name).get_by_role("button", name=f"{label} {name}")


def slow_down(page: Page, bytes_per_second: int) -> None:
    """How fast the page may send; -1 as fast as it can."""
    client = page.context.new_cdp_session(page)
    client.send("Network.enable")
    conditions = {"offline": False, "latency": 0, "downloadThroughput": -1, "uploadThroughput": bytes_per_second}
    client.send("Network.emulateNetworkConditions", conditions)


def drag(page: Page, step: str, *paths: Path) -> None:
    """What is dragged from the desktop is over the page's empty middle, or dropped there."""
    data = {"items": [], "files": [str(path) for path in paths], "dragOperationsMask": 1}
    client = page.context.new_cdp_session(page)
    client.send("Input.dispatchDragEvent", {"type": step, "x": 700, "y": 600, "data": data})


def in_mid_upload(page: Page, file: Path) -> None:
    """The file is on its way, slowly."""
    slow_down(page, 50_000)
    choose(page, file)
    upload(page)
    wait_until(lambda: page.locator(".uploads progress").evaluate("bar => bar.value > 0.1"), 10)


def posts(page: Page) -> list[str]:
    """Where the page posts to from now on."""
    seen: list[str] = []
    page.on("request", lambda request: request.method == "POST" and seen.append(request.url.split("/api/v1/")[-1]))
    return seen


def photos(site: RunningSite, workspace: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = site.api("GET", "photos/", params={"workspace": workspace}).json()["results"]
    return found


def originals(site: RunningSite) -> set[str]:
    return {key for key in site.stored_keys() if key.startswith("originals/")}


def send_to(pids: list[int], number: signal.Signals) -> None:
    for pid in pids:
        with suppress(ProcessLookupError):  # one that has just ended
            os.kill(pid, number)


@contextmanager
def halted_in_mid_work(site: RunningSite, workspace: str) -> Iterator[dict[str, Any]]:
    """The workers stand still, with the workspace's photo in their hands; the photo."""

    def in_work() -> list[dict[str, Any]]:
        return [photo for photo in photos(site, workspace) if photo["thumbnail_status"] == "processing"]

    (photo,) = wait_until(in_work, 15, every=0.01)
    workers = site.pids("runworker")
    send_to(workers, signal.SIGSTOP)
    try:
        yield photo
    finally:
        send_to(workers, signal.SIGCONT)


def width_of(image: Locator) -> int:
    image.scroll_into_view_if_needed()
    return int(wait_until(lambda: image.evaluate("image => image.complete && image.naturalWidth"), 10))


def test_of_three_files_the_good_gets_its_thumbnails_and_the_bad_say_why(
    upload_page: Page, write: Callable[..., Path], complaints: Complaints, site: RunningSite, workspace: str
) -> None:
    complaints.expect("415")
    whole = pictures.jpeg(image=pictures.photo(640, 480, next(NUMBERS)))
    words = site.upload(b"no picture", "no.jpg", workspace=workspace).json()["error"]["message"]
    choose(upload_page, write("good.jpg", whole), write("cut.jpg", pictures.truncated(whole)))
    choose(upload_page, write("text.jpg", b"no picture"))
    status = upload_page.locator("#upload [role=status]")
    expect(status).to_have_text("3 ready")
    assert width_of(row(upload_page, "good.jpg").locator(".frame img")) == 640

    row(upload_page, "text.jpg").get_by_label("Own width").fill("10")

    upload(upload_page)

    expect(said(upload_page, "good.jpg")).to_have_text("Complete.")
    expect(said(upload_page, "text.jpg")).to_have_text(words)
    expect(status).to_have_text("1 of 3 uploaded, 2 failed")
    assert upload_page.locator("#overall").evaluate("bar => bar.value") == 1
    good, cut = sorted(photos(site, workspace), key=lambda photo: str(photo["thumbnail_status"]))
    expect(said(upload_page, "cut.jpg")).to_have_text(" ".join(FAILURES[cut["thumbnail_error_code"]]))
    shown = row(upload_page, "good.jpg")
    expect(shown).to_contain_text(good["id"])
    (medium,) = shown.locator(".made li").all()
    expect(medium).to_contain_text("medium, 400 × 300, ")
    assert width_of(medium.locator("img")) == 400
    shown.get_by_label("Show").select_option("all")
    expect(shown.locator(".made li")).to_have_count(3)
    upload_page.get_by_role("link", name="Show the first that failed").click()
    expect(said(upload_page, "cut.jpg")).to_be_focused()
    sent = posts(upload_page)
    button(upload_page, "cut.jpg", "Retry").click()
    expect(status).to_have_text("2 of 3 uploaded, 1 failed")
    expect(status).to_have_text("1 of 3 uploaded, 2 failed")
    assert sent == [f"photos/{cut['id']}/retry/"]
    shown.get_by_role("link", name="Open good.jpg").click()
    expect(upload_page.get_by_role("heading", level=1)).to_have_text("good.jpg")


def test_a_row_follows_its_photo_and_can_send_one_again_that_was_deleted(
    upload_page: Page, write: Callable[..., Path], site: RunningSite, workspace: str
) -> None:
    upload_page.evaluate(
        """() => new MutationObserver(() => (window.said ??= []).push(document.querySelector(".state").textContent))
             .observe(document.querySelector(".uploads"), {childList: true, subtree: true})"""
    )
    large = pictures.png(8000, 8000, compress_level=1, icc_profile=pictures.profile())
    choose(upload_page, write("large.png", large))
    upload(upload_page)
    with halted_in_mid_work(site, workspace) as photo:
        expect(said(upload_page, "large.png")).to_have_text("processing …")
        site.api("DELETE", f"photos/{photo['id']}/")
        expect(said(upload_page, "large.png")).to_have_text("It was deleted meanwhile.")

    button(upload_page, "large.png", "Retry").click()
    expect(said(upload_page, "large.png")).to_have_text("Complete.")
    seen = [text for text, _ in itertools.groupby(upload_page.evaluate("window.said"))]
    assert seen[:5] == ["Ready.", "Waiting for its turn …", "Uploading …", "pending …", "processing …"]


def test_a_photo_that_is_there_already_is_told_before_its_bytes_travel(
    upload_page: Page, write: Callable[..., Path], site: RunningSite, workspace: str
) -> None:
    there, new = write("there.jpg"), write("new.jpg")
    known = site.upload(there.read_bytes(), "first.jpg", workspace=workspace).json()["id"]
    sent = posts(upload_page)
    choose(upload_page, there, new)

    expect(said(upload_page, "there.jpg")).to_have_text("Already here.")
    link = row(upload_page, "there.jpg").get_by_role("link", name="Open there.jpg")
    assert link.get_attribute("href") == f"/photos/{known}/"
    expect(row(upload_page, "there.jpg").locator(".made")).to_contain_text("medium, 400 × 300")
    assert sent == ["photos/check/"]

    upload(upload_page)
    expect(said(upload_page, "new.jpg")).to_have_text("Complete.")
    assert sent == ["photos/check/", "photos/"]
    assert {photo["original_filename"] for photo in photos(site, workspace)} == {"first.jpg", "new.jpg"}


def test_without_a_secure_connection_the_server_tells_of_duplicates(
    open_page: Callable[..., Page], write: Callable[..., Path], site: RunningSite, workspace: str
) -> None:
    page, there = open_page(), write("there.jpg")
    page.add_init_script("Object.defineProperty(crypto, 'subtle', {value: undefined})")
    page.goto(f"/workspaces/{workspace}/upload/")
    site.upload(there.read_bytes(), "first.jpg", workspace=workspace)
    sent = posts(page)
    choose(page, there)
    upload(page)

    expect(said(page, "there.jpg")).to_have_text("Already here.")
    expect(page.locator("#upload [role=status]")).to_have_text("1 of 1 uploaded, 1 already here")
    assert sent == ["photos/"]


def test_cancelling_leaves_nothing_behind_and_the_row_can_be_sent_again(
    upload_page: Page, write: Callable[..., Path], site: RunningSite, workspace: str
) -> None:
    before = originals(site)
    in_mid_upload(upload_page, write("slow.jpg"))
    expect(button(upload_page, "slow.jpg", "Remove")).to_be_hidden()

    button(upload_page, "slow.jpg", "Cancel").press("Enter")

    expect(said(upload_page, "slow.jpg")).to_have_text("Cancelled.")
    expect(button(upload_page, "slow.jpg", "Retry")).to_be_focused()
    assert photos(site, workspace) == []
    assert originals(site) == before
    slow_down(upload_page, -1)
    upload_page.keyboard.press("Enter")
    expect(said(upload_page, "slow.jpg")).to_have_text("Complete.")
    assert len(photos(site, workspace)) == 1


def test_a_server_that_goes_in_mid_upload_is_told_of_and_the_file_sent_again_when_it_is_back(
    upload_page: Page, write: Callable[..., Path], site: RunningSite, complaints: Complaints
) -> None:
    complaints.expect("ERR_CONNECTION_|ERR_EMPTY_RESPONSE|ERR_INCOMPLETE_CHUNKED|ERR_SOCKET")
    in_mid_upload(upload_page, write("slow.jpg"))

    os.kill(site.web_pid(), signal.SIGKILL)

    try:
        expect(said(upload_page, "slow.jpg")).to_have_text("The connection was lost. Try again when it is back.")
        slow_down(upload_page, -1)
    finally:
        site.stop()
        site.start()
    button(upload_page, "slow.jpg", "Retry").click()
    expect(said(upload_page, "slow.jpg")).to_have_text("Complete.", timeout=30_000)


def test_who_was_signed_out_signs_in_in_another_tab_and_loses_no_file(
    open_page: Callable[..., Page],
    chromium: Browser,
    write: Callable[..., Path],
    complaints: Complaints,
    site: RunningSite,
    workspace: str,
) -> None:
    complaints.expect("401|404")  # The stream ends, too.
    page = open_page(storage_state=sign_in(chromium, site), viewport=PHONE)
    page.goto(f"/workspaces/{workspace}/upload/")
    page.get_by_label("Kind").fill("hike")
    choose(page, write("kept.jpg"))
    expect(said(page, "kept.jpg")).to_have_text("Ready.")
    session_ends(site, page)
    upload(page)

    words = "You were signed out. Sign in in another tab, then press Retry."
    expect(said(page, "kept.jpg")).to_have_text(words)
    assert (grave_findings(page), overflow(page)) == ([], 0)
    assert page.evaluate("sessionStorage.length") == 0, "nothing of what it sends by itself"
    with page.expect_popup() as popup:
        said(page, "kept.jpg").get_by_role("link", name="Sign in").click()
    fill_in_sign_in(popup.value, site)
    popup.value.wait_for_url("**/workspaces/**")
    button(page, "kept.jpg", "Retry").click()

    expect(said(page, "kept.jpg")).to_have_text("Complete.")
    assert [photo["kind"] for photo in photos(site, workspace)] == ["hike"]


@pytest.mark.parametrize("status", [429, 503])
def test_a_server_that_is_asked_too_often_is_left_alone_as_long_as_it_says(
    upload_page: Page, write: Callable[..., Path], complaints: Complaints, status: int
) -> None:
    complaints.expect(str(status))
    refusals = [{"error": {"code": "throttled", "message": "That was too often."}}]

    def refuse_once(route: Route) -> None:
        if refusals:
            route.fulfill(status=status, headers={"Retry-After": "1"}, json=refusals.pop())
        else:
            route.continue_()

    upload_page.route("**/api/v1/photos/", refuse_once)
    choose(upload_page, write("eager.jpg"))
    upload(upload_page)

    expect(said(upload_page, "eager.jpg")).to_have_text("That was too often. Trying again by itself in 1 s.")
    expect(said(upload_page, "eager.jpg")).to_have_text("Complete.")


def test_a_size_of_ones_own_is_made_and_shown(
    upload_page: Page, write: Callable[..., Path], site: RunningSite, workspace: str
) -> None:
    choose(upload_page, write("own.jpg"))
    own = row(upload_page, "own.jpg")
    own.get_by_label("Own width").fill("0")
    upload(upload_page)
    expect(said(upload_page, "own.jpg")).to_have_text("Ready.")
    own.get_by_label("Own width").fill("200")
    own.get_by_label("Show").select_option("small")

    upload(upload_page)

    custom = own.locator(".made li").filter(has_text="custom, 200 × 150, ")
    assert width_of(custom.locator("img")) == 200
    expect(own.locator(".made li")).to_have_count(2)
    expect(said(upload_page, "own.jpg")).to_have_text("Complete.")
    own.get_by_label("Own height").fill("60")
    upload(upload_page)
    expect(own.locator(".made")).to_contain_text("custom, 80 × 60, ")
    assert len(photos(site, workspace)) == 1


def test_files_can_be_dropped_anywhere_on_the_page_and_pasted(upload_page: Page, write: Callable[..., Path]) -> None:
    names = upload_page.locator(".uploads strong")
    drag(upload_page, "dragEnter", write("one.jpg"))
    drag(upload_page, "dragOver", write("one.jpg"))
    expect(upload_page.locator("form.over")).to_be_visible()
    drag(upload_page, "drop", write("one.jpg"), write("two.jpg"))
    expect(names).to_have_text(["one.jpg", "two.jpg"])
    expect(upload_page.locator("form.over")).to_have_count(0)

    upload_page.evaluate(PASTE, base64.b64encode(pictures.png()).decode())

    expect(names).to_have_text(["one.jpg", "two.jpg", "image.png"])


def test_a_folder_that_is_dropped_is_no_photo(upload_page: Page, tmp_path: Path) -> None:
    for step in ("dragEnter", "dragOver", "drop"):
        drag(upload_page, step, tmp_path)

    expect(upload_page.locator("#upload [role=status]")).to_have_text("Drop the photos themselves, not their folder.")
    expect(upload_page.locator(".uploads li")).to_have_count(0)


def test_leaving_is_warned_of_while_files_travel_and_only_then(
    upload_page: Page, write: Callable[..., Path], workspace: str
) -> None:
    warnings: list[str] = []

    def stay(dialog: Dialog) -> None:
        warnings.append(dialog.type)
        dialog.dismiss()

    upload_page.on("dialog", stay)
    in_mid_upload(upload_page, write("slow.jpg"))
    upload_page.evaluate("location.assign('/workspaces/')")
    wait_until(lambda: upload_page.evaluate("1") and warnings, 5)
    assert warnings == ["beforeunload"]
    assert upload_page.url.endswith(f"/{workspace}/upload/")

    slow_down(upload_page, -1)
    expect(said(upload_page, "slow.jpg")).to_have_text("Complete.")
    upload_page.evaluate("location.assign('/workspaces/')")
    upload_page.wait_for_url("**/workspaces/")
    assert len(warnings) == 1


def test_rows_are_removed_by_keyboard_and_the_focus_stays_near(upload_page: Page, write: Callable[..., Path]) -> None:
    upload(upload_page)
    expect(upload_page.locator("#upload [role=status]")).to_have_text("Choose photos first.")
    expect(upload_page.get_by_label("One or more photos")).to_be_focused()
    choose(upload_page, write("one.jpg"), write("two.jpg"))

    button(upload_page, "one.jpg", "Remove").press("Enter")
    expect(button(upload_page, "two.jpg", "Remove")).to_be_focused()
    upload_page.keyboard.press("Enter")

    expect(upload_page.locator(".uploads li")).to_have_count(0)
    expect(upload_page.get_by_label("One or more photos")).to_be_focused()


def test_what_the_server_will_refuse_is_hinted_at_but_it_decides(
    upload_page: Page, write: Callable[..., Path], complaints: Complaints, site: RunningSite, workspace: str
) -> None:
    complaints.expect("413|415")
    large = pictures.jpeg() + bytes(MAX_UPLOAD_BYTES)
    words = site.upload(large, "large.jpg", workspace=workspace).json()["error"]["message"]
    choose(upload_page, write("large.jpg", large), write("notes.txt", pictures.jpeg()))

    expect(said(upload_page, "large.jpg")).to_have_text("Larger than 4.0 MB: it will probably be refused.")
    expect(said(upload_page, "notes.txt")).to_have_text("Not a picture by its name: it will probably be refused.")
    upload(upload_page)

    expect(said(upload_page, "large.jpg")).to_have_text(words)
    expect(said(upload_page, "notes.txt")).to_have_text("Complete.")


def test_album_and_kind_are_those_of_all_files(
    upload_page: Page, write: Callable[..., Path], site: RunningSite, workspace: str
) -> None:
    album = site.api("POST", "albums/", json={"workspace": workspace, "name": "Alps"}).json()["id"]
    upload_page.goto(f"/workspaces/{workspace}/upload/?album={album}")
    upload_page.get_by_label("Kind").fill("hike")
    choose(upload_page, write("one.jpg"), write("two.jpg"))
    upload(upload_page)

    expect(upload_page.locator("#upload [role=status]")).to_have_text("2 of 2 uploaded")
    assert [(photo["album"], photo["kind"]) for photo in photos(site, workspace)] == [(album, "hike")] * 2


def test_without_scripts_the_form_takes_several_files(
    open_page: Callable[..., Page], write: Callable[..., Path], site: RunningSite, workspace: str
) -> None:
    page = open_page(java_script_enabled=False)
    page.goto(f"/workspaces/{workspace}/upload/")
    page.get_by_label("Kind").fill("hike")
    choose(page, write("one.jpg"), write("two.jpg"))
    upload(page)

    expect(page.locator(".messages li")).to_have_text(["one.jpg: taken in.", "two.jpg: taken in."])
    assert [photo["kind"] for photo in photos(site, workspace)] == ["hike"] * 2


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_everybody_can_use_it_on_a_phone_in_any_light(
    open_page: Callable[..., Page], write: Callable[..., Path], complaints: Complaints, workspace: str, scheme: str
) -> None:
    complaints.expect("415")
    page = open_page(viewport=PHONE, color_scheme=scheme)
    page.goto(f"/workspaces/{workspace}/upload/")
    assert (grave_findings(page), overflow(page)) == ([], 0)
    long = f"{'a-name-without-an-end-' * 6}.jpg"
    choose(page, write("good.jpg"), write(long), write("text.jpg", b"no picture"))
    row(page, long).get_by_label("Show").select_option("all")
    row(page, "good.jpg").get_by_label("Own width").fill("1")
    upload(page)
    expect(said(page, "good.jpg")).to_have_text("Complete.")
    expect(said(page, long)).to_have_text("Complete.")
    slow_down(page, 20_000)
    choose(page, write("slow.jpg"), write("ready.jpg"))
    upload(page)
    expect(said(page, "slow.jpg")).to_have_text("Uploading …")

    assert grave_findings(page) == []
    assert overflow(page) == 0
    page.screenshot(path=ARTEFACTS / f"upload-{scheme}.png", full_page=True)
    for label in ("slow.jpg", "ready.jpg"):
        button(page, label, "Cancel").click()


def test_the_page_is_small_and_its_scripts_can_be_kept_for_ever(page: Page, workspace: str) -> None:
    answers: dict[str, Any] = {}
    page.on("response", lambda answer: answers.update({answer.url: answer}))
    page.goto(f"/workspaces/{workspace}/upload/", wait_until="load")

    files = [answer for url, answer in [*answers.items()] if re.search(r"(\.css|\.js|/upload/)$", url)]
    bodies = {answer.url: answer.body() for answer in files}
    assert sum(map(len, bodies.values())) < BUDGET_BYTES
    scripts = [url for url in bodies if url.endswith(".js")]
    assert len(scripts) > 1
    assert all(re.search(r"\.[0-9a-f]{12}\.js$", url) for url in scripts)
