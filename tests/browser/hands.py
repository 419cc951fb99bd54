"""Two ways to use the page as people do: by keyboard alone, and by touch alone."""

import time
from abc import ABC, abstractmethod

from playwright.sync_api import ElementHandle, Locator, Page, expect

from tests.browser.tab import TIMEOUT

MOST_PRESSES = 80
"""More than it takes to reach any control of the page."""
NEXT_KEY = """(target) => {
  const active = document.activeElement;
  if (active === target) return null;
  if (!target.isConnected) return "";
  const isAfter = active.compareDocumentPosition(target) & Node.DOCUMENT_POSITION_FOLLOWING;
  const isInside = (group) => target.closest(group)?.contains(active);
  const isOtherRadio = target.type === "radio" && active.name === target.name;
  if (isInside("[role=toolbar]")) return isAfter ? "ArrowRight" : "ArrowLeft";
  if (isInside("[role=menu]") || isOtherRadio) return isAfter ? "ArrowDown" : "ArrowUp";
  return isAfter || active === document.body ? "Tab" : "Shift+Tab";
}"""
"""The key that brings the focus nearer to a control; null if it is there, empty if it is gone."""
DOUBLE_TAP = 0.4
"""Seconds: the second of two taps within 0.3 s counts as the end of a double tap."""
COVER = """(element) => {
  const { x, y, width, height } = element.getBoundingClientRect();
  const found = document.elementFromPoint(x + width / 2, y + height / 2);
  return element.contains(found) ? null : (found?.outerHTML.slice(0, 200) ?? "outside the window");
}"""
"""What is above a control's middle; null if nothing is."""
RING_FAULT = """(element) => {
  const isRinged = (box) => {
    const { outlineStyle, outlineWidth } = getComputedStyle(box);
    return outlineStyle !== "none" && parseFloat(outlineWidth) >= 1;
  };
  let ringed = element; // or what surrounds it, such as a label or a card
  while (ringed && !isRinged(ringed)) ringed = ringed.parentElement;
  if (!ringed) return "no outline";
  const { outlineWidth, outlineOffset } = getComputedStyle(ringed);
  const out = parseFloat(outlineWidth) + parseFloat(outlineOffset);
  const { left, top, right, bottom } = ringed.getBoundingClientRect();
  for (let box = ringed; !box.matches("body, :modal, :popover-open"); ) {
    box = box.parentElement;
    if (getComputedStyle(box).overflow === "visible") continue;
    const clip = box.getBoundingClientRect();
    const cuts = [clip.left - left, clip.top - top, right - clip.right, bottom - clip.bottom];
    const missing = cuts.filter((cut) => cut + out > 1);
    if (missing.length > 1) return `cut off by ${box.className}`;
  }
  return null;
}"""
"""Why the focus ring of a control is not seen; null if it is: one side may be cut off."""


class Hands(ABC):
    """Each way first checks that a user can do it."""

    def __init__(self, page: Page) -> None:
        self._page = page

    @abstractmethod
    def press(self, target: Locator) -> None:
        """Press a button or a link, check a box, or choose a radio button."""

    @abstractmethod
    def write(self, field: Locator, text: str) -> None:
        """Replace the text of a field."""

    @abstractmethod
    def move_down(self, paper: Locator) -> None:
        """End typing on the canvas, and move the text in its middle down."""

    @abstractmethod
    def shut(self, opener: Locator) -> None:
        """Close the small panel that a button has opened."""

    def expect_within_reach(self, target: Locator) -> None:
        """Expect a control to be in the window without scrolling, with nothing above it."""
        expect(target).to_be_in_viewport(ratio=1)
        self._expect_on_top(target.element_handle())

    def _expect_on_top(self, element: ElementHandle) -> None:
        deadline = time.monotonic() + TIMEOUT / 6
        while cover := element.evaluate(COVER):
            html = element.evaluate("({ outerHTML }) => outerHTML.slice(0, 200)")
            assert time.monotonic() < deadline, f"{html} is covered: {cover}"
            self._page.wait_for_timeout(20)


class Keyboard(Hands):
    """Tab, and arrow keys in menus, toolbars and groups of radio buttons."""

    def press(self, target: Locator) -> None:
        kind = self._go_to(target).get_attribute("type")
        if kind != "radio":
            self._page.keyboard.press("Space" if kind == "checkbox" else "Enter")

    def write(self, field: Locator, text: str) -> None:
        self._go_to(field)
        self._page.keyboard.press("Control+a")
        self._page.keyboard.press("Delete")
        self._page.keyboard.type(text)

    def move_down(self, paper: Locator) -> None:
        self._page.keyboard.press("Escape")
        self._expect_on_top(paper.locator("xpath=..").element_handle())
        for _ in range(5):
            self._page.keyboard.press("Shift+ArrowDown")

    def shut(self, opener: Locator) -> None:
        self._page.keyboard.press("Escape")
        self._go_to(opener)

    def _go_to(self, target: Locator) -> ElementHandle:
        element = target.element_handle()
        for _ in range(MOST_PRESSES):
            key = element.evaluate(NEXT_KEY)
            if key is None:
                break
            if key:
                self._page.keyboard.press(key)
            else:
                element = target.element_handle()
        else:
            raise AssertionError(f"the keyboard does not reach {target}")
        self._expect_on_top(element)
        deadline = time.monotonic() + TIMEOUT / 6
        while fault := element.evaluate(RING_FAULT):  # it may be scrolled into view still
            assert time.monotonic() < deadline, f"the focus ring of {target}: {fault}"
            self._page.wait_for_timeout(20)
        return element


class Touch(Hands):
    """One finger. It does not tap twice so quickly that both taps are one double tap."""

    _tapped = -DOUBLE_TAP

    def press(self, target: Locator) -> None:
        element = self._show(target)
        self._page.wait_for_timeout(1000 * max(0, self._tapped + DOUBLE_TAP - time.monotonic()))
        element.tap()
        self._tapped = time.monotonic()

    def write(self, field: Locator, text: str) -> None:
        self.press(field)
        field.press("Control+a")
        self._page.keyboard.insert_text(text)
        if not text:
            self._page.keyboard.press("Delete")

    def move_down(self, paper: Locator) -> None:
        self._show(paper.locator("xpath=.."))
        box = paper.bounding_box()
        assert box is not None
        x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
        self._page.touchscreen.tap(x, box["y"] + 8)
        session = self._page.context.new_cdp_session(self._page)
        for kind, down in (("touchStart", 0), *(("touchMove", 5 * step) for step in range(1, 9))):
            points = [{"x": x, "y": y + down}]
            session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})
        session.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
        session.detach()

    def shut(self, opener: Locator) -> None:
        self.press(opener)

    def _show(self, target: Locator) -> ElementHandle:
        element = target.element_handle()
        element.evaluate(
            "(element) => element.scrollIntoView({ block: 'center', inline: 'nearest' })"
        )
        self._expect_on_top(element)
        return element
