"""Each trouble shows a toast that offers an action, and goes with its cause or its view."""

import base64

import pytest
from playwright.sync_api import BrowserContext, Route, expect

from tests.browser.answers import SUBMIT, refuse
from tests.browser.console import REQUEST_FAILED, Console
from tests.browser.editor_page import encoded
from tests.browser.fal import DrivenFal
from tests.browser.server import Server
from tests.browser.studio import Studio
from tests.support.tokens import token

pytestmark = pytest.mark.timeout(240)

DROP = """([name, content]) => {
  const bytes = Uint8Array.from(atob(content), (letter) => letter.charCodeAt(0));
  const dataTransfer = new DataTransfer();
  const type = name.endsWith(".png") ? "image/png" : "";
  dataTransfer.items.add(new File([bytes], name, { type }));
  const init = { bubbles: true, cancelable: true, dataTransfer };
  document.querySelector("[role=application]").dispatchEvent(new DragEvent("drop", init));
}"""


def drop(studio: Studio, name: str, content: bytes) -> None:
    """Drop a file on the canvas."""
    studio.page.evaluate(DROP, [name, base64.b64encode(content).decode()])


def test_a_submit_without_a_network_can_be_repeated_when_it_is_back(
    context: BrowserContext, console: Console, driven: Server, fal: DrivenFal
) -> None:
    console.allow(REQUEST_FAILED)
    studio = Studio(context, driven.url, token=token("is-offline")).until_ready()
    before = fal.submits()
    context.set_offline(True)
    studio.animate.click()
    expect(studio.toasts).to_contain_text("No connection")
    studio.go("Library")
    expect(studio.page.get_by_role("heading", name="The library cannot be shown")).to_be_visible()
    studio.page.evaluate("new Promise(requestAnimationFrame)")  # in which a toast would appear
    assert studio.toasts.count() == 1
    context.set_offline(False)
    expect(studio.toasts).to_contain_text("It is not known whether your video was started")
    expect(studio.toasts).not_to_contain_text("No connection")
    studio.toasts.get_by_role("button", name="Try again").click()
    studio.until(lambda: fal.submits() == before + 1)
    fal.complete()
    studio.until_video_plays()


def test_an_order_whose_answer_is_lost_is_made_once_by_the_next_click_and_twice_by_two(
    context: BrowserContext, console: Console, driven: Server, fal: DrivenFal
) -> None:
    console.allow(REQUEST_FAILED)
    studio = Studio(context, driven.url, token=token("loses-an-answer")).until_ready()
    before = fal.submits()

    def lose(route: Route) -> None:
        route.fetch()
        route.abort("connectionreset")

    studio.page.route(SUBMIT, lose)
    studio.animate.click()
    expect(studio.toasts).to_have_count(1)
    studio.page.unroute(SUBMIT)
    studio.page.evaluate("dispatchEvent(new Event('online'))")
    expect(studio.toasts).to_contain_text("It is not known whether your video was started")
    expect(studio.toasts).not_to_contain_text("nothing was charged")
    studio.start()
    studio.page.keyboard.press("Escape")
    assert fal.submits() == before + 1
    studio.start()
    studio.page.keyboard.press("Escape")
    assert fal.submits() == before + 2
    studio.go("Activity")
    expect(studio.row("underWay")).to_have_count(2)


def test_development_says_so_and_troubles_go_with_their_cause(
    context: BrowserContext, console: Console, service: Server
) -> None:
    console.allow(REQUEST_FAILED)
    studio = Studio(context, service.url).until_ready()
    studio.page.get_by_role("button", name="Development: nobody signs in").click()
    expect(studio.page.get_by_role("group", name="Account")).to_contain_text("dev@localhost")
    for name in ("Sign in", "Sign out"):
        expect(studio.page.get_by_role("button", name=name)).to_have_count(0)
    studio.page.keyboard.press("Escape")
    drop(studio, "words.txt", b"words")
    expect(studio.toasts).to_have_count(1)
    drop(studio, "broken.png", b"broken")
    expect(studio.toasts).to_contain_text("may be damaged")
    drop(studio, "picture.png", encoded(300, 200))
    expect(studio.toasts).to_have_count(0)

    mark = studio.page.locator("#connection")
    context.set_offline(True)
    expect(mark).to_have_text("Offline")
    studio.go("Library")
    expect(studio.toasts).to_contain_text("No connection")
    lost = studio.page.get_by_role("heading", name="The library cannot be shown")
    expect(lost).to_be_visible()
    context.set_offline(False)
    expect(mark).to_have_text("")
    expect(studio.toasts).to_have_count(0)
    expect(lost).to_be_hidden()


def test_a_toast_goes_with_the_view_it_is_about_and_when_the_service_answers_again(
    context: BrowserContext, console: Console, driven: Server
) -> None:
    console.allow(REQUEST_FAILED)
    studio = Studio(context, driven.url, token=token("moves-on")).until_ready()
    drop(studio, "words.txt", b"words")
    expect(studio.toasts).to_contain_text("This picture cannot be used")
    studio.go("Templates")
    expect(studio.toasts).to_have_count(0)

    refuse(studio.page, 402, "insufficient_credits")
    studio.go("Studio")
    studio.animate.click()
    expect(studio.toasts).to_contain_text("Not enough credits")
    studio.go("Credits")
    expect(studio.toasts).to_have_count(0)

    # The event stream stays: one request alone is lost.
    context.route("**/api/library?*", lambda route: route.abort())
    studio.go("Library")
    expect(studio.toasts).to_contain_text("No connection")
    studio.go("Credits")
    expect(studio.toasts).to_have_count(0)


def test_a_held_key_and_a_double_click_each_make_one_video(
    context: BrowserContext, driven: Server, fal: DrivenFal
) -> None:
    studio = Studio(context, driven.url, token=token("holds-a-key")).until_ready()
    before = fal.submits()
    studio.animate.focus()
    for _ in range(20):  # as the operating system repeats a held key
        studio.page.keyboard.down("Enter")
    studio.page.keyboard.up("Enter")
    studio.until(lambda: fal.submits() > before)
    expect(studio.dialog).to_be_visible()
    studio.page.keyboard.press("Escape")
    studio.animate.dblclick()
    studio.until(lambda: fal.submits() > before + 1)
    expect(studio.dialog).to_be_visible()
    studio.page.keyboard.press("Escape")
    studio.go("Activity")
    expect(studio.row("underWay")).to_have_count(2)
    assert fal.submits() == before + 2
