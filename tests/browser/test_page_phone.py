"""The page on phones: upright, on their side, and as narrow as there are any."""

from typing import Any

import pytest
from playwright.sync_api import Browser, Locator, expect

from tests.browser.console import Console
from tests.browser.fal import DrivenFal
from tests.browser.server import Server
from tests.browser.studio import PHONE, VIEWS, Studio
from tests.support.tokens import token

pytestmark = pytest.mark.timeout(240)

ON_ITS_SIDE = {"width": 844, "height": 390}
NARROW = {"width": 320, "height": 640}

IS_ON_TOP = """(element) => {
  const { x, y, width, height } = element.getBoundingClientRect();
  return element.contains(document.elementFromPoint(x + width / 2, y + height / 2));
}"""


def expect_within_reach(target: Locator) -> None:
    """Expect a control to be on the screen, with nothing above it."""
    expect(target).to_be_in_viewport(ratio=1)
    assert target.evaluate(IS_ON_TOP)


@pytest.mark.parametrize("size", [NARROW, PHONE, ON_ITS_SIDE], ids=["narrow", "upright", "side"])
def test_everything_fits_and_is_within_reach(
    chromium: Browser, console: Console, driven: Server, fal: DrivenFal, size: Any
) -> None:
    options: Any = {"viewport": size, "has_touch": True, "is_mobile": True}
    with chromium.new_context(**options) as context:
        console.listen(context)
        studio = Studio(context, driven.url, token=token("phone"), size=size).until_ready()
        page = studio.page

        def fits() -> Any:
            # Not innerWidth: a phone's grows with what is too wide.
            return page.evaluate("document.documentElement.scrollWidth") == size["width"]

        if size is ON_ITS_SIDE:
            box = page.locator(".canvas-paper").bounding_box()
            assert box
            assert box["height"] >= 0.6 * size["height"]
        expect_within_reach(studio.animate)
        for kind in ("text", "rectangle"):
            page.get_by_role("button", name=f"Add {kind}").tap()
            if kind == "text":
                page.keyboard.press("Escape")  # ends typing
            delete = page.get_by_role("button", name="Delete", exact=True)
            expect_within_reach(delete)
            delete.tap()
            expect(delete).to_have_count(0)
            assert fits(), kind
        for view in VIEWS[1:]:
            studio.go(view.capitalize())
            assert fits(), view
        page.get_by_role("button", name="Account").tap()
        expect_within_reach(page.get_by_role("button", name="Sign out"))
        page.keyboard.press("Escape")
        studio.go("Studio")
        studio.start()
        for name in ("Cancel", "Close, keep generating"):
            expect_within_reach(studio.dialog.get_by_role("button", name=name))
        fal.complete()
        studio.until_video_plays()
        expect_within_reach(studio.dialog.get_by_role("link", name="Download"))
        assert fits()
        studio.dialog.get_by_role("button", name="Delete").tap()
        expect_within_reach(page.get_by_role("button", name="Undo", exact=True).last)
        expect_within_reach(studio.animate)
