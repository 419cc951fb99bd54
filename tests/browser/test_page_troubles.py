"""Every error shows a toast that says what happened and offers an action, until it is over."""

import base64
import json
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import BrowserContext, Page, Route, expect

from tests.browser.console import REQUEST_FAILED, Console
from tests.browser.editor_page import encoded
from tests.browser.fal import DrivenFal
from tests.browser.server import Server
from tests.browser.studio import Studio
from tests.support.tokens import token

pytestmark = pytest.mark.timeout(240)

SUBMIT = "**/api/templates/video"
DROP = """([name, content]) => {
  const bytes = Uint8Array.from(atob(content), (letter) => letter.charCodeAt(0));
  const dataTransfer = new DataTransfer();
  const type = name.endsWith(".png") ? "image/png" : "";
  dataTransfer.items.add(new File([bytes], name, { type }));
  const init = { bubbles: true, cancelable: true, dataTransfer };
  document.querySelector("[role=application]").dispatchEvent(new DragEvent("drop", init));
}"""

DELETED = {
    "status": "completed",
    "stage": "done",
    "templateSlug": "night-life-roller",
    "falModel": "fal-ai/any",
    "variables": {},
    "credits": 10,
    **dict.fromkeys(("createdAt", "updatedAt", "completedAt", "deletedAt"), "2099-01-01T00:00:00Z"),
}

# The submit's status and code, the toast's title, and the label of its button.
REFUSALS = [
    (502, "fal_rejected", "The model rejected this", "Change and try again"),
    (422, "invalid_variables", "Something in the form is not valid", "Change and try again"),
    (402, "insufficient_credits", "Not enough credits", "See credits"),
    (413, "image_too_large", "The picture is too large", "Change the picture"),
    (415, "unsupported_image", "This picture cannot be used", "Change the picture"),
    (429, "too_many_jobs", "Too many videos in progress", "See activity"),
    (502, "fal_unavailable", "The model cannot be reached", "Try again"),
    (404, "template_not_found", "This template no longer exists", "See templates"),
]


def refuse(page: Page, status: int, code: str, **headers: str) -> None:
    """Make the next submits fail."""
    problem = {"status": status, "code": code, "detail": f"The reason of {code}."}

    def answer(route: Route) -> None:
        kind = "application/problem+json"
        route.fulfill(status=status, body=json.dumps(problem), content_type=kind, headers=headers)

    page.route(SUBMIT, answer)


def drop(studio: Studio, name: str, content: bytes) -> None:
    """Drop a file on the canvas."""
    studio.page.evaluate(DROP, [name, base64.b64encode(content).decode()])


@pytest.mark.parametrize(("status", "code", "title", "action"), REFUSALS)
def test_a_rejected_submit_shows_a_toast_with_an_action(
    context: BrowserContext,
    console: Console,
    service: Server,
    *,
    status: int,
    code: str,
    title: str,
    action: str,
) -> None:
    console.allow(REQUEST_FAILED)
    studio = Studio(context, service.url).until_ready()
    refuse(studio.page, status, code)
    studio.animate.click()
    expect(studio.toasts).to_contain_text(title)
    expect(studio.dialog).to_be_hidden()
    studio.toasts.get_by_role("button", name=action).click()
    expect(studio.toasts).to_have_count(0 if action != "Try again" else 1)
    if action == "See credits":
        expect(studio.page.get_by_role("heading", name="Credits", level=1)).to_be_visible()


def test_a_rate_limit_shows_the_time_to_wait(
    context: BrowserContext, console: Console, service: Server
) -> None:
    console.allow(REQUEST_FAILED)
    studio = Studio(context, service.url).until_ready()
    refuse(studio.page, 429, "rate_limited", **{"Retry-After": "30"})
    studio.animate.click()
    again = studio.toasts.get_by_role("button", name="Try again in")
    expect(again).to_have_attribute("aria-disabled", "true")


def test_the_models_reason_reaches_the_user_and_nothing_is_charged(
    context: BrowserContext, driven: Server, fal: DrivenFal
) -> None:
    studio = Studio(context, driven.url, token=token("is-refused"))
    studio.start()
    fal.fail("Blocked by the content policy")
    expect(studio.toasts).to_contain_text("Blocked by the content policy")
    expect(studio.dialog).to_be_hidden()
    studio.toasts.get_by_role("button", name="Change and try again").click()
    form = studio.page.get_by_role("form", name="Options")
    assert form.evaluate("(form) => form.contains(document.activeElement)")
    studio.go("Activity")
    expect(studio.row("failed")).to_contain_text("Nothing was charged.")


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


def test_a_price_above_the_balance_is_shown_before_the_click(
    context: BrowserContext, service: Server
) -> None:
    def poor(route: Route) -> None:
        empty: dict[str, Any] = {"balance": 3, "held": 0, "available": 3, "entries": []}
        route.fulfill(json=empty)

    context.route("**/api/credits", poor)
    studio = Studio(context, service.url)
    studio.page.get_by_role("radio", name="Night life roller").click()
    expect(studio.page.locator("#price")).to_contain_text("10 credits")
    expect(studio.page.locator("#price")).to_contain_text("3 available")
    expect(studio.animate).to_have_attribute("aria-disabled", "true")
    expect(studio.page.locator("#order-hint")).to_contain_text("7 credits short")
    studio.page.get_by_role("radio", name="10", exact=True).click()
    expect(studio.page.locator("#price")).to_contain_text("20 credits")
    expect(studio.page.locator("#order-hint")).to_contain_text("17 credits short")


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


def test_held_credits_are_not_shown_as_available(context: BrowserContext, driven: Server) -> None:
    studio = Studio(context, driven.url, token=token("counts"))
    price = studio.page.locator("#price")
    studio.until_ready()
    before = price.inner_text()
    studio.start()
    studio.page.keyboard.press("Escape")
    expect(price).not_to_have_text(before, use_inner_text=True)


def test_a_rejected_cancel_shows_a_toast(
    context: BrowserContext, console: Console, driven: Server, fal: DrivenFal
) -> None:
    console.allow(REQUEST_FAILED)
    studio = Studio(context, driven.url, token=token("cannot-cancel")).until_ready()
    problem = {"status": 409, "code": "job_finished", "detail": "It is just being stored."}
    context.route(
        "**/cancel?*",
        lambda route: route.fulfill(
            status=409, json=problem, content_type="application/problem+json"
        ),
    )
    held = fal.hold("submit")
    studio.animate.click()
    studio.until(held.reached.is_set)
    studio.dialog.get_by_role("button", name="Cancel").click()
    fal.release(held)
    expect(studio.toasts).to_have_count(1)
    expect(studio.dialog.get_by_role("button", name="Cancel", exact=True)).to_be_enabled()
    before = fal.submits()
    with studio.page.expect_request("**/cancel?*"):
        studio.toasts.get_by_role("button", name="Try again").click()
    expect(studio.toasts).to_have_count(1)
    assert fal.submits() == before


def polling(
    context: BrowserContext, url: str, user: str, answer: Callable[[Route], None]
) -> Studio:
    """Start a video of which the service then tells this only."""
    context.route("**/api/templates/video/events", lambda route: route.abort())
    context.route("**/api/templates/video/status?*", answer)
    studio = Studio(context, url, token=token(user))
    studio.start()
    return studio


def test_a_video_that_the_service_no_longer_knows_is_not_waited_for(
    context: BrowserContext, console: Console, driven: Server
) -> None:
    def unknown(route: Route) -> None:
        problem = {"status": 404, "code": "job_not_found", "detail": "There is no such job."}
        route.fulfill(json=problem, status=404)

    console.allow(REQUEST_FAILED)
    studio = polling(context, driven.url, "gus", unknown)
    expect(studio.toasts).to_contain_text("There is no such job.")
    expect(studio.dialog).to_be_hidden()
    expect(studio.page.locator("#activity-badge")).to_be_hidden()


def test_a_finished_video_that_was_deleted_elsewhere_is_no_news(
    context: BrowserContext, console: Console, driven: Server
) -> None:
    def deleted(route: Route) -> None:
        job = parse_qs(urlsplit(route.request.url).query)["jobId"][0]
        route.fulfill(json={**DELETED, "jobId": job})

    console.allow(REQUEST_FAILED)
    studio = polling(context, driven.url, "hal", deleted)
    expect(studio.dialog).to_be_hidden()
    expect(studio.page.locator("#activity-badge")).to_be_hidden()
    expect(studio.page.locator("#library-badge")).to_be_hidden()
    expect(studio.toasts).to_have_count(0)
