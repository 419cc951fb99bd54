"""Loads the page as a first visitor does, and measures what that takes."""

import time
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from playwright.sync_api import BrowserContext

from tests.browser.studio import LAPTOP

WATCH = """
const watched = (globalThis.watched = { usable: null, largestPaint: null, shift: 0 });
function observe(type, note) {
  const observer = new PerformanceObserver((list) => list.getEntries().forEach(note));
  observer.observe({ type, buffered: true });
}
observe("largest-contentful-paint", ({ startTime }) => (watched.largestPaint = startTime));
observe("layout-shift", ({ value, hadRecentInput }) => {
  if (!hadRecentInput) watched.shift += value;
});
new MutationObserver(() => {
  if (document.getElementById("animate")?.ariaDisabled === "false") {
    watched.usable ??= performance.now();
  }
}).observe(document, { subtree: true, childList: true, attributes: true });
"""
QUIET = 0.5
"""Seconds without a new request after which a page has loaded."""


@dataclass(frozen=True)
class Line:
    """A line to the service, as Chromium emulates it: each request waits for ``latency``."""

    latency: float
    """Milliseconds."""
    down: float
    """Kilobits per second."""
    up: float

    def to_cdp(self) -> dict[str, Any]:
        down, up = (rate * 1000 / 8 for rate in (self.down, self.up))
        rates = {"downloadThroughput": down, "uploadThroughput": up}
        return {"offline": False, "latency": self.latency, **rates}


SLOW_4G = Line(150, 1_600, 750)
"""Lighthouse's slow 4G: the round trip of such a line."""
DEVTOOLS_SLOW_4G = Line(562.5, 1_440, 675)
"""The preset of Chrome's developer tools: each request takes 3.75 round trips, as one on a new
connection does."""


class PageLoad:
    """One visit with an empty cache, measured until the page has loaded."""

    def __init__(
        self,
        context: BrowserContext,
        url: str,
        *,
        line: Line,
        slowdown: int = 1,
        size: Any = LAPTOP,
    ) -> None:
        self.addresses: list[str] = []
        self.responses: list[dict[str, Any]] = []
        self.bytes = 0.0
        self._under_way: set[str] = set()
        self._latest = time.monotonic()
        context.add_init_script(WATCH)
        page = context.new_page()
        page.set_viewport_size(size)
        chromium = context.new_cdp_session(page)
        chromium.on("Network.requestWillBeSent", self._sent)
        chromium.on(
            "Network.responseReceived", lambda each: self.responses.append(each["response"])
        )
        chromium.on("Network.loadingFinished", self._received)
        chromium.on("Network.loadingFailed", self._ended)
        chromium.send("Network.enable")
        chromium.send("Network.emulateNetworkConditions", line.to_cdp())
        chromium.send("Emulation.setCPUThrottlingRate", {"rate": slowdown})
        page.goto(url)
        page.locator("#animate[aria-disabled=false]").wait_for()
        while self._under_way or time.monotonic() - self._latest < QUIET:
            page.wait_for_timeout(20)
        measured = page.evaluate("watched")
        self.usable: float = measured["usable"]
        """Milliseconds until *Animate* is enabled."""
        self.largest_paint: float = measured["largestPaint"]
        """Milliseconds."""
        self.shift: float = measured["shift"]

    def paths(self, suffix: str) -> list[str]:
        """Return the paths of the requests that end with ``suffix``."""
        paths = (urlsplit(address).path for address in self.addresses)
        return [path for path in paths if path.endswith(suffix)]

    def _sent(self, event: dict[str, Any]) -> None:
        address = event["request"]["url"]
        if not address.startswith("http"):
            return  # blob: and data: take no request
        self.addresses.append(address)
        self._latest = time.monotonic()
        if not address.endswith("/events"):  # the stream stays open
            self._under_way.add(event["requestId"])

    def _received(self, event: dict[str, Any]) -> None:
        self.bytes += event["encodedDataLength"]
        self._ended(event)

    def _ended(self, event: dict[str, Any]) -> None:
        self._under_way.discard(event["requestId"])
        self._latest = time.monotonic()
