"""The README's pictures, drawn anew: `python -m tests.browser.screenshots` writes them into docs/."""

from __future__ import annotations

import io
import tempfile
from pathlib import Path

from PIL import Image
from playwright.sync_api import Page

from photos import samples
from tests.browser.chromium import running_chromium, sign_in
from tests.running import ROOT, RunningSite, wait_until

SIZE = {"width": 1000, "height": 640}


def main() -> None:
    """Show the sample photos, and more being uploaded."""
    with tempfile.TemporaryDirectory() as folder, running_chromium() as chromium, RunningSite(Path(folder)) as site:
        wait_until(lambda: _is_complete(site), 60)
        page = chromium.new_page(base_url=site.url, storage_state=sign_in(chromium, site), viewport=SIZE)
        page.goto("/workspaces/main/", wait_until="networkidle")
        _keep(page, "gallery")
        page.get_by_role("link", name="Evening hills").click()
        page.wait_for_load_state("networkidle")
        _keep(page, "photo")
        _upload(page, Path(folder))
        _keep(page, "upload")


def _is_complete(site: RunningSite) -> bool:
    photos = site.api("GET", "photos/").json()["results"]
    return all(photo["thumbnail_status"] == "complete" for photo in photos)


def _upload(page: Page, folder: Path) -> None:
    files = {"Foothills.jpg": samples.landscape(1800, 1200, 9), "Coast.jpg": samples.landscape(1600, 1200, 10)}
    paths = [folder / name for name in files]
    for path, picture in zip(paths, files.values(), strict=True):
        picture.save(path, quality=88)
    page.goto("/workspaces/main/upload/")
    page.get_by_label("One or more photos").set_input_files(paths)
    page.get_by_role("button", name="Upload", exact=True).click()
    page.locator(".made:visible").nth(len(paths) - 1).wait_for()
    page.wait_for_load_state("networkidle")


def _keep(page: Page, name: str) -> None:
    path = ROOT / f"docs/{name}.png"
    Image.open(io.BytesIO(page.screenshot())).convert("RGB").save(path, optimize=True)
    print(path, path.stat().st_size)  # noqa: T201


if __name__ == "__main__":
    main()
