"""What a browser has to say of the pages that a test opens."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import Any

import axe_playwright_python
from playwright.sync_api import BrowserContext, Page

AXE = Path(axe_playwright_python.__file__).with_name("axe.min.js")
# What axe calls worse than an inconvenience.
GRAVE = {"serious", "critical"}

# Through the console, which is listened to anyway.
TELL_VIOLATIONS = """addEventListener("securitypolicyviolation", (event) =>
  console.error(`Content-Security-Policy: ${event.violatedDirective} forbids ${event.blockedURI}`));"""
# What moves though nobody has just done anything (WICG, Layout Instability); of our own pages.
TELL_SHIFTS = """if (!/^\\/(admin|api)\\//.test(location.pathname)) new PerformanceObserver((list) => {
  for (const { value, hadRecentInput, sources } of list.getEntries()) {
    const moved = sources.map(({ node, previousRect: from, currentRect: to }) =>
      `${node?.outerHTML ?? node?.textContent}`.slice(0, 120) + ` from ${from.x},${from.y} to ${to.x},${to.y}`);
    if (!hadRecentInput) console.error(`Layout shift of ${value}: ${moved.join("; ")}`);
  }
}).observe({ type: "layout-shift", buffered: true });"""
# A page that is left gives up what it was loading.
GIVEN_UP = "net::ERR_ABORTED"


class Complaints:
    """What went wrong in the browser: errors on the console, scripts that broke, requests that failed, what moved."""

    def __init__(self) -> None:
        self._heard: list[str] = []
        self._expected: list[str] = []

    def expect(self, pattern: str) -> None:
        """Such are part of the test: a regular expression that is searched in the complaint."""
        self._expected.append(pattern)

    def listen(self, context: BrowserContext) -> None:
        """Hear of all pages of a context."""
        context.add_init_script(TELL_VIOLATIONS)
        context.add_init_script(TELL_SHIFTS)
        context.on("console", lambda message: message.type == "error" and self._hear(_said(message)))
        context.on("weberror", lambda error: self._hear(f"script error: {error.error}"))
        context.on("requestfailed", lambda request: self._hear(f"{request.method} {request.url}: {request.failure}"))

    def unexpected(self) -> list[str]:
        """Those that no test expects."""
        return [one for one in self._heard if not any(re.search(pattern, one) for pattern in self._expected)]

    def _hear(self, complaint: str) -> None:
        if GIVEN_UP not in complaint:
            self._heard.append(complaint)


def _said(message: Any) -> str:
    return f"console: {message.text} ({message.location['url']})"


@cache
def _axe() -> str:
    return AXE.read_text()


def grave_findings(page: Page) -> list[str]:
    """What axe finds on the page that keeps somebody from using it, with the elements concerned."""
    page.evaluate(_axe())
    violations = page.evaluate("axe.run(document, {resultTypes: ['violations']}).then((found) => found.violations)")
    return [
        f"{one['id']} ({one['impact']}): {one['help']}: {[node['html'][:200] for node in one['nodes']]}"
        for one in violations
        if one["impact"] in GRAVE
    ]


def overflow(page: Page) -> int:
    """By how many CSS pixels the page is wider than the window."""
    return int(page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth"))
