"""The page on phones: upright, on their side, as narrow as there are any, and zoomed in."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Locator, Page, expect

from tests.browser.console import Console
from tests.browser.fal import DrivenFal
from tests.browser.server import Server
from tests.browser.studio import LAPTOP, NARROW, ON_ITS_SIDE, PHONE, Studio
from tests.support.tokens import token

pytestmark = pytest.mark.timeout(240)

ZOOMED = {"width": 320, "height": 256}
"""A window of 1280 by 1024 pixels at 400 %."""

IS_ON_TOP = """(element) => {
  const { x, y, width, height } = element.getBoundingClientRect();
  return element.contains(document.elementFromPoint(x + width / 2, y + height / 2));
}"""


def expect_within_reach(target: Locator) -> None:
    """Expect a control to be on the screen, with nothing above it."""
    expect(target).to_be_in_viewport(ratio=1)
    assert target.evaluate(IS_ON_TOP)


Open = Callable[[Any], BrowserContext]


@pytest.fixture
def phone_of(chromium: Browser, console: Console) -> Iterator[Open]:
    """Return a function that opens a browser profile on a phone of a size."""
    with ExitStack() as contexts:

        def open_(size: Any) -> BrowserContext:
            options: Any = {"viewport": size, "has_touch": True, "is_mobile": True}
            context = contexts.enter_context(chromium.new_context(**options))
            console.listen(context)
            return context

        yield open_


def box(page: Page, selector: str) -> Any:
    return page.locator(selector).bounding_box()


@pytest.mark.parametrize(
    "size",
    [
        NARROW,
        ON_ITS_SIDE,
        pytest.param(PHONE, marks=pytest.mark.soak),
        pytest.param(LAPTOP, marks=pytest.mark.soak),
    ],
)
def test_an_undo_and_an_error_do_not_cover_each_other(
    phone_of: Open, driven: Server, fal: DrivenFal, size: Any
) -> None:
    studio = Studio(phone_of(size), driven.url, token=token("deletes"), size=size)
    page = studio.page
    studio.start()
    fal.complete()
    studio.dialog.get_by_role("button", name="Delete").tap()
    undo = page.get_by_role("button", name="Undo", exact=True).last
    undo.hover()  # stops the time
    studio.start()
    fal.fail("Blocked by the policy of the model, which does not say anything more about it")
    expect(studio.toasts).to_have_count(1)
    expect(studio.dialog).to_be_hidden()
    for each in (undo, studio.toasts.get_by_role("button", name="Dismiss"), studio.animate):
        expect_within_reach(each)
    toast, bar = (box(page, selector) for selector in ("#toasts .toast", ".undo-bar"))
    assert toast["y"] + toast["height"] <= bar["y"]


def test_an_error_of_another_job_fits_on_the_screen_above_an_open_dialog(
    phone_of: Open, driven: Server, fal: DrivenFal
) -> None:
    studio = Studio(phone_of(NARROW), driven.url, token=token("waits"), size=NARROW)
    studio.start()
    first = fal.newest
    studio.page.keyboard.press("Escape")
    studio.start()
    fal.fail("Blocked by the policy of the model", first)
    toast = studio.dialog.locator(".toast")
    expect_within_reach(toast.get_by_role("button", name="Dismiss"))
    expect(toast).to_be_in_viewport(ratio=1)


def test_at_400_percent_most_of_the_window_is_left_for_the_canvas(
    phone_of: Open, driven: Server
) -> None:
    studio = Studio(phone_of(ZOOMED), driven.url, token=token("zooms"), size=ZOOMED).until_ready()
    page = studio.page
    page.locator(".canvas-inspector").scroll_into_view_if_needed()
    expect(page.get_by_role("navigation", name="Main")).not_to_be_in_viewport()
    expect_within_reach(studio.animate)
    assert box(page, ".panel-foot")["y"] >= 0.75 * ZOOMED["height"]
    assert box(page, ".canvas-paper")["height"] >= 0.5 * ZOOMED["height"]
