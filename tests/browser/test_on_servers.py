"""The pages of a site whose rows, queue and files are in PostgreSQL, Redis and S3."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from tests import pictures, servers
from tests.browser.chromium import sign_in
from tests.running import RunningSite

# A queue and a storage behind two servers more take longer on a busy machine.
LATEST_MS = 30_000


@pytest.fixture(scope="package")
def site(chromium: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningSite]:
    """A running site on the servers."""
    environment = servers.or_skip(servers.environment)
    with RunningSite(tmp_path_factory.mktemp("on-servers"), **environment) as running:
        yield running


@pytest.fixture(scope="package")
def signed_in(chromium: Browser, site: RunningSite) -> Any:
    """The ``storage_state`` of a context in which the admin of that site has signed in."""
    return sign_in(chromium, site)


def test_a_file_that_is_uploaded_by_the_page_is_seen_complete_and_has_a_page_with_its_pictures(
    page: Page, site: RunningSite, workspace: str, tmp_path: Path
) -> None:
    file = tmp_path / "Summit.jpg"
    file.write_bytes(pictures.jpeg(image=pictures.photo(1000, 700)))
    page.goto(f"/workspaces/{workspace}/upload/")
    page.get_by_label("One or more photos").set_input_files(file)
    page.get_by_role("button", name="Upload", exact=True).click()
    expect(page.locator(".uploads .state")).to_have_text("Complete.", timeout=LATEST_MS)
    assert len(site.stored_keys()) >= 4

    page.get_by_role("link", name="Open Summit.jpg").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Summit.jpg")
    assert is_drawn(page, ".large img[srcset]")
    expect(page.get_by_text("thumbnails made in attempt 1")).to_be_visible()
    with page.expect_download() as download:
        page.get_by_role("link", name="Download the original").click()
    assert download.value.path().read_bytes() == file.read_bytes()

    page.goto(f"/workspaces/{workspace}/", wait_until="networkidle")
    assert is_drawn(page, ".card img[srcset]")


def test_a_gallery_on_servers_shows_what_others_upload_as_it_comes(
    page: Page, site: RunningSite, workspace: str
) -> None:
    with site.paused_work():
        data = pictures.jpeg(image=pictures.photo(300, 200))
        assert site.upload(data, "First.jpg", workspace=workspace).status_code == 201
        page.goto(f"/workspaces/{workspace}/")
        expect(page.locator(".card")).to_contain_text("pending …")

    expect(page.locator(".card img[srcset]")).to_be_visible(timeout=LATEST_MS)
    assert is_drawn(page, ".card img[srcset]")


def is_drawn(page: Page, selector: str) -> bool:
    """Whether the picture has come, and is one."""
    return bool(page.locator(selector).evaluate("(image) => image.decode().then(() => image.naturalWidth > 1)"))
