"""What the service or the model refuses is said with its reason, and where to go from there."""

from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import BrowserContext, Route, expect

from tests.browser.answers import refuse
from tests.browser.console import REQUEST_FAILED, Console
from tests.browser.fal import DrivenFal
from tests.browser.server import Server
from tests.browser.studio import Studio
from tests.support.tokens import token

pytestmark = pytest.mark.timeout(240)

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
