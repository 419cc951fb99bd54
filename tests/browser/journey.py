"""A user who goes through the whole page, with one kind of hands."""

import re
from collections.abc import Callable
from typing import Any

from playwright.sync_api import BrowserContext, Locator, Page, expect

from tests.browser.axe import violations
from tests.browser.console import Console
from tests.browser.fal import DrivenFal
from tests.browser.hands import Hands
from tests.browser.studio import Studio

NOTE_SHIFTS = """
globalThis.shifts = [];
const placeOf = ({ x, y, width, height }) => [x, y, width, height].map(Math.round).join();
const moveOf = ({ node, previousRect, currentRect }) =>
  `${node?.nodeName}.${node?.className}: ${placeOf(previousRect)} to ${placeOf(currentRect)}`;
new PerformanceObserver((list) => {
  for (const { value, hadRecentInput, sources } of list.getEntries()) {
    if (!hadRecentInput) shifts.push([value, [location.hash, ...sources.map(moveOf)].join("; ")]);
  }
}).observe({ type: "layout-shift", buffered: true });
"""
"""Shifts of the layout that no press of the user explains, and what moved."""
MOST_SHIFT = 0.05
TEMPLATE = "Night life roller"


class Journey(Studio):
    """A tab in which hands press what :class:`Studio` would click."""

    def __init__(
        self,
        context: BrowserContext,
        url: str,
        token: str,
        *,
        hands: Callable[[Page], Hands],
        fal: DrivenFal,
        console: Console,
        size: Any,
    ) -> None:
        context.add_init_script(NOTE_SHIFTS)
        super().__init__(context, url, token=token, size=size)
        self.hands = hands(self.page)
        self.fal = fal
        self.console = console
        self._width = size["width"]
        self._shifts: list[tuple[float, str]] = []
        self.until_ready()

    @property
    def canvas(self) -> Locator:
        return self.page.get_by_role("application")

    @property
    def announced(self) -> Locator:
        """What screen readers hear about the canvas."""
        return self.page.locator("#canvas > [role=status]")

    @property
    def titles(self) -> Locator:
        """The titles of the videos in the library."""
        return self.page.get_by_role("list", name="Videos").get_by_role("heading")

    def template(self, title: str) -> Locator:
        strip = self.page.get_by_role("radiogroup", name="Template")
        return strip.get_by_role("radio", name=title)

    def button(self, name: str, within: Locator | None = None) -> Locator:
        return (within or self.page).get_by_role("button", name=name, exact=True)

    def press(self, *names: str, within: Locator | None = None) -> None:
        for name in names:
            self.hands.press(self.button(name, within))

    def choose(self, item: str, of: str) -> None:
        """Choose from the menu of a video."""
        self.hands.press(self.button(f"More: {of}").first)
        # The focus comes a moment later, and would take back what the first keys did.
        expect(self.page.get_by_role("menuitem").first).to_be_focused()
        self.hands.press(self.page.get_by_role("menuitem", name=item))

    def upload(self, picture: bytes) -> None:
        with self.page.expect_file_chooser() as chooser:
            self.press("Upload a picture")
        chooser.value.set_files({"name": "picture", "mimeType": "image/png", "buffer": picture})

    def select_front_layer(self) -> None:
        self.press("Layers")
        front, *others = (
            self.page.get_by_role("dialog", name="Layers").get_by_role("checkbox").all()
        )
        for layer in (front, *others):
            if layer.is_checked() != (layer is front):
                self.hands.press(layer)
        self.hands.shut(self.button("Layers"))

    def go(self, view: str) -> None:
        navigation = self.page.get_by_role("navigation", name="Main")
        self.hands.press(navigation.get_by_role("link", name=view))
        expect(self.page.get_by_role("heading", name=view, level=1)).to_be_visible()
        self.expect_to_fit()

    def start(self) -> None:
        """Press *Animate*, and wait for the dialog and the service's answer."""
        with self.page.expect_response("**/api/templates/video"):
            self.hands.press(self.animate)
        expect(self.dialog).to_be_in_viewport(ratio=1)
        for name in ("Cancel", "Close, keep generating"):
            self.hands.expect_within_reach(self.button(name, self.dialog))
        self.expect_to_fit()

    def leave_dialog(self, by: str) -> None:
        self.press(by, within=self.dialog)
        expect(self.dialog).to_be_hidden()

    def expect_to_fit(self) -> None:
        # Not innerWidth: a phone's grows with what is too wide.
        assert self.page.evaluate("document.documentElement.scrollWidth") == self._width

    def expect_accessible(self) -> None:
        self.expect_to_fit()
        assert violations(self.page) == []

    def expect_canvas(self, ratio: str, objects: int) -> None:
        name = re.compile(rf"^Canvas {ratio}, objects: {objects}\b")
        expect(self.canvas).to_have_accessible_name(name)
        self.expect_to_fit()

    def expect_signed_out(self) -> None:
        expect(self.page.get_by_role("heading", name="You are signed out")).to_be_visible()

    def expect_still(self) -> None:
        """Expect that little has moved by itself, here and before a reload."""
        self._shifts += self.page.evaluate("shifts.splice(0)")
        assert sum(value for value, _ in self._shifts) < MOST_SHIFT, "\n".join(
            map(str, self._shifts)
        )


def expect_to_play(visitor: Page, address: str) -> None:
    """Expect a shared video to play for somebody who is not signed in."""
    visitor.goto(address)
    video = visitor.locator("video")
    video.press("Space")
    expect(video).not_to_have_js_property("currentTime", 0)
