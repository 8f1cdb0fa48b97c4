"""The machine's Chromium, and the way in to a site with it, and out."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from playwright.sync_api import Browser, Page, sync_playwright

from tests.faults.rows import Rows
from tests.running import RunningSite
from tests.servers.process import command_path

# No graphics, no word to anybody, and room for its shared memory in a container too.
FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
)


@contextmanager
def running_chromium() -> Iterator[Browser]:
    """Chromium, without a window; raises MissingServer."""
    path = command_path("chromium", "Debian's chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=FLAGS)
        yield browser
        browser.close()


def sign_in(chromium: Browser, site: RunningSite) -> Any:
    """What a browser keeps in which the admin has signed in: a context's ``storage_state``."""
    context = chromium.new_context()
    page = context.new_page()
    page.goto(f"{site.url}/login/")
    fill_in_sign_in(page, site)
    page.wait_for_url(f"{site.url}/workspaces/**")
    state = context.storage_state()
    context.close()
    return state


def fill_in_sign_in(page: Page, site: RunningSite) -> None:
    """Sign in as the admin, on the page for it."""
    page.get_by_label("Username").fill("admin")
    page.get_by_label("Password").fill(str(site.shown("password")))
    page.get_by_role("button", name="Sign in", exact=True).click()


def session_ends(site: RunningSite, page: Page) -> None:
    """The browser's session is deleted in the database."""
    (key,) = [one["value"] for one in page.context.cookies() if one["name"] == "sessionid"]
    Rows(site.folder / "db.sqlite3").write(f"DELETE FROM django_session WHERE session_key = '{key}'")
