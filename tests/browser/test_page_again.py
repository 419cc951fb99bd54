"""What a job was made of comes back, on any device: its picture, its words and its template."""

import re
from typing import Any

import httpx
import pytest
from playwright.sync_api import Browser, BrowserContext, Route, expect

from tests.browser.console import REQUEST_FAILED, Console
from tests.browser.fal import DrivenFal
from tests.browser.server import Server
from tests.browser.studio import PHONE, Studio
from tests.support.process import PATIENCE
from tests.support.tokens import bearer, token

pytestmark = pytest.mark.timeout(240)

START_IMAGES = "**/media/users/*/start/*"
WORDS = "The camera circles the car"


def tall_with_words(studio: Studio) -> None:
    """Make the canvas tall, and describe the motion."""
    studio.until_ready()
    studio.page.get_by_role("radio", name="Night life roller").check(force=True)
    studio.page.get_by_role("radio", name="9:16", exact=True).check(force=True)
    studio.page.get_by_label("Describe the motion").fill(WORDS)


def jobs_of(user: str, driven: Server) -> list[dict[str, Any]]:
    found = httpx.get(f"{driven.url}/api/jobs", headers=bearer(user), timeout=PATIENCE).json()[
        "jobs"
    ]
    return list(found)


def expect_restored(studio: Studio, ratio: str = "9:16") -> None:
    page = studio.page
    expect(page.get_by_label("Describe the motion")).to_have_value(WORDS)
    expect(page.get_by_role("radio", name="Night life roller")).to_be_checked()
    expect(page.get_by_role("application")).to_have_accessible_name(re.compile(f"Canvas {ratio}"))


def test_use_again_restores_a_video_on_another_device_and_says_what_is_missing(
    chromium: Browser, context: BrowserContext, console: Console, driven: Server, fal: DrivenFal
) -> None:
    first = Studio(context, driven.url, token=token("uses-again"))
    tall_with_words(first)
    first.start()
    first.until(lambda: "startImageUrl" in jobs_of("uses-again", driven)[0])
    fal.complete()
    first.until_video_plays()
    first.page.get_by_role("button", name="Use again").click()
    expect(first.dialog).to_be_hidden()
    expect(first.page.get_by_role("button", name="Undo")).to_be_enabled()  # the layers are kept
    name = re.compile("Canvas 9:16, objects: 2")
    expect(first.page.get_by_role("application")).to_have_accessible_name(name)

    console.allow(REQUEST_FAILED)
    with chromium.new_context() as elsewhere:
        console.listen(elsewhere)
        other = Studio(elsewhere, driven.url, token=token("uses-again"), size=PHONE).until_ready()

        def use_again() -> None:
            other.go("Library")
            other.page.get_by_role("button", name="Play ").first.click()
            other.dialog.get_by_role("button", name="Use again").click()
            expect(other.dialog).to_be_hidden()

        for answer, notice, quiet in (
            (lambda route: route.fulfill(status=404), "The start picture is gone", True),
            (_unreadable, "The start picture cannot be used", False),
            (lambda route: route.abort(), "The start picture cannot be loaded", False),
        ):
            elsewhere.route(START_IMAGES, answer)
            use_again()
            expect(other.toasts).to_have_count(1)
            expect(other.toasts).to_contain_text(notice)
            assert ("is-quiet" in (other.toasts.get_attribute("class") or "")) == quiet
            expect_restored(other, "16:9")
            other.go("Activity")
            expect(other.toasts).to_have_count(0)
            elsewhere.unroute(START_IMAGES)
        other.go("Library")
        other.page.get_by_role("button", name="More: Night life roller").click()
        other.page.get_by_role("menuitem", name="Use again").click()
        expect_restored(other)
        expect(other.toasts).to_have_count(0)


def _unreadable(route: Route) -> None:
    """Answer as a bucket without a CORS rule: an image is shown, and a script may not read it."""
    if route.request.resource_type == "fetch":
        route.abort()
    else:
        route.continue_()


def test_activity_keeps_running_and_failed_jobs_over_a_reload_and_repeats_them(
    context: BrowserContext, driven: Server, fal: DrivenFal
) -> None:
    studio = Studio(context, driven.url, token=token("comes-back"))
    tall_with_words(studio)
    studio.start()
    studio.until(lambda: "startImageUrl" in jobs_of("comes-back", driven)[0])
    fal.begin()
    expect(studio.dialog).to_contain_text("Generating")
    studio.page.reload()
    studio.go("Activity")
    running = studio.row("underWay")
    assert (running.locator("img").get_attribute("src") or "").startswith("data:image/jpeg")
    running.get_by_role("button", name="Show").click()
    living = studio.dialog.locator(".living").bounding_box()
    assert living is not None
    assert living["width"] < living["height"]
    # A job that has failed before the service hears of it cannot be cancelled.
    with studio.page.expect_response("**/cancel?*"):
        studio.dialog.get_by_role("button", name="Cancel").click()
    expect(studio.dialog).to_contain_text("If the model finishes first")
    studio.page.keyboard.press("Escape")
    expect(running).to_contain_text("Cancelling…")
    fal.fail("Blocked by the content policy")
    expect(studio.toasts).to_contain_text("Blocked by the content policy")

    studio.page.evaluate("sessionStorage.removeItem('variables/night-life-roller')")
    studio.page.reload()
    failed = studio.row("failed")
    expect(failed).to_contain_text("Blocked by the content policy")
    before = fal.submits()
    failed.get_by_role("button", name="Try again").click()
    studio.until(lambda: fal.submits() == before + 1)
    expect(studio.dialog).to_be_visible()
    fal.complete()
    studio.until_video_plays()
    jobs = jobs_of("comes-back", driven)
    assert [job["variables"]["motion"] for job in jobs] == [WORDS, WORDS]
    studio.page.keyboard.press("Escape")
    failed.get_by_role("button", name="Use again").click()
    expect_restored(studio)
