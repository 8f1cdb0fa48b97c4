"""One Chromium and one site for all browser tests; for each test pages of its own, which must have no complaints.

The site is spoken to over HTTP only: in the thread that drives Chromium an event loop runs, where Django forbids rows.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from playwright.sync_api import Browser, Page

from tests import servers
from tests.browser.chromium import running_chromium, sign_in
from tests.browser.looking import Complaints
from tests.running import RunningSite

ARTEFACTS = Path(__file__).resolve().parent.parent / "artefacts"
MAX_UPLOAD_BYTES = 4 * 2**20
DESK = {"width": 1280, "height": 800}
PHONE = {"width": 390, "height": 844}


@pytest.fixture(scope="package")
def chromium() -> Iterator[Browser]:
    """The machine's Chromium."""
    with contextlib.ExitStack() as stack:
        yield servers.or_skip(lambda: stack.enter_context(running_chromium()))


@pytest.fixture(scope="package")
def site(chromium: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningSite]:
    """A running site on one machine, with the sample photos, which takes up to 4 MiB."""
    with RunningSite(tmp_path_factory.mktemp("site"), MAX_UPLOAD_BYTES=str(MAX_UPLOAD_BYTES)) as running:
        yield running


@pytest.fixture(scope="package")
def signed_in(chromium: Browser, site: RunningSite) -> Any:
    """The ``storage_state`` of a context in which the admin has signed in."""
    return sign_in(chromium, site)


@pytest.fixture
def workspace(site: RunningSite) -> str:
    """The slug of a workspace of the test's own."""
    slug = f"test-{uuid4().hex[:8]}"
    answer = site.api("POST", "workspaces/", json={"slug": slug, "name": f"Workspace of {slug}"})
    assert answer.status_code == 201, answer.text
    return slug


@pytest.fixture
def complaints() -> Complaints:
    """What the browser has said so far; a test names what it expects."""
    return Complaints()


@pytest.fixture
def open_page(
    chromium: Browser, site: RunningSite, signed_in: Any, complaints: Complaints, request: pytest.FixtureRequest
) -> Iterator[Callable[..., Page]]:
    """Opens a page in a context of its own, in which the admin is signed in; takes `new_context`'s options.

    Addresses may be paths. At the end of the test each page's picture is kept, and nothing may have gone wrong.
    """
    pages: list[Page] = []

    def open_page(**options: Any) -> Page:
        own = {"base_url": site.url, "storage_state": signed_in, "viewport": DESK, "color_scheme": "light"}
        context = chromium.new_context(**(own | options))
        context.set_default_timeout(15_000)
        complaints.listen(context)
        pages.append(context.new_page())
        return pages[-1]

    yield open_page
    for number, page in enumerate(pages):
        if not page.is_closed():
            name = re.sub(r"\W+", "-", request.node.name).strip("-")
            page.screenshot(path=ARTEFACTS / f"{name}{f'-{number}' if number else ''}.png")
    # What moved last is told once it is painted, as it is for a picture.
    unexpected = complaints.unexpected()
    for page in pages:
        page.context.close()
    assert not unexpected


@pytest.fixture
def page(open_page: Callable[..., Page]) -> Page:
    """A page as wide as a desk, light."""
    return open_page()
