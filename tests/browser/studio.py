"""Drives the page as its user does."""

import time
from collections.abc import Callable
from typing import Any

from playwright.sync_api import BrowserContext, Locator, Page, Request, expect

from tests.browser.tab import TIMEOUT

LAPTOP = {"width": 1440, "height": 900}
PHONE = {"width": 390, "height": 844}
ON_ITS_SIDE = {"width": 844, "height": 390}
NARROW = {"width": 320, "height": 640}
VIEWS = ["studio", "templates", "library", "activity", "credits"]
WAITING = "Generating video. This may take a couple of minutes..."
expect.set_options(timeout=TIMEOUT * 1000)


class Studio:
    """A tab with the page open."""

    def __init__(
        self, context: BrowserContext, url: str, *, token: str = "", size: Any = LAPTOP
    ) -> None:
        self.page: Page = context.new_page()
        self.page.set_viewport_size(size)
        self.requests: list[Request] = []
        self.page.on("request", self._note)
        self.page.goto(f"{url}/#token={token}" if token else f"{url}/")

    def _note(self, request: Request) -> None:
        self.requests.append(request)

    @property
    def animate(self) -> Locator:
        return self.page.get_by_role("button", name="Animate", exact=True)

    @property
    def dialog(self) -> Locator:
        return self.page.get_by_role("dialog")

    @property
    def toasts(self) -> Locator:
        return self.page.locator("#toasts .toast")

    @property
    def video(self) -> Locator:
        return self.dialog.get_by_label("The finished video")

    def until_ready(self) -> "Studio":
        """Wait until Animate is enabled."""
        expect(self.animate).to_have_attribute("aria-disabled", "false")
        return self

    def start(self) -> None:
        """Click *Animate*, and wait for the dialog and the service's answer."""
        self.until_ready()
        with self.page.expect_response("**/api/templates/video"):
            self.animate.click()
        expect(self.dialog).to_contain_text(WAITING)

    def go(self, view: str) -> None:
        self.page.get_by_role("navigation", name="Main").get_by_role("link", name=view).click()
        expect(self.page.get_by_role("heading", name=view, level=1)).to_be_visible()

    def row(self, state: str) -> Locator:
        """Return the jobs in the activity view that have a state."""
        return self.page.locator(f".job[data-state='{state}']")

    def until(self, happened: Callable[[], bool]) -> None:
        """Let the browser run until a condition is true."""
        deadline = time.monotonic() + TIMEOUT
        while not happened():
            assert time.monotonic() < deadline, "the condition did not become true"
            self.page.wait_for_timeout(20)

    def until_video_plays(self) -> None:
        """Wait until the finished video plays, that is, until it renders new frames."""
        expect(self.video).to_be_visible()
        self.until(lambda: self._seen("video.readyState >= 2 && video.duration > 0"))
        before = self._seen("video.getVideoPlaybackQuality().totalVideoFrames")
        self.until(
            lambda: self._seen("video.getVideoPlaybackQuality().totalVideoFrames") > before + 3
        )

    def _seen(self, expression: str) -> Any:
        return self.video.evaluate(f"(video) => {expression}")
