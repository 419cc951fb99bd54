"""A video from the click to the library, with reloads, closed dialogs and lost networks."""

import re

import pytest
from playwright.sync_api import BrowserContext, Route, expect

from tests.browser.console import REQUEST_FAILED, Console
from tests.browser.fal import DrivenFal
from tests.browser.server import Server
from tests.browser.studio import Studio
from tests.support.tokens import token

pytestmark = pytest.mark.timeout(240)

STREAM_BROKE = r"ERR_INCOMPLETE_CHUNKED_ENCODING|ERR_CONNECTION_|ERR_INTERNET_DISCONNECTED"


def test_a_click_makes_a_video_that_plays_and_is_in_the_library(
    moving_context: BrowserContext, console: Console, service: Server
) -> None:
    studio = Studio(moving_context, service.url)
    studio.start()
    studio.until_video_plays()
    expect(studio.dialog).to_contain_text("Your video is ready")
    expect(studio.dialog).to_contain_text("Local preview, made without the model")
    name = studio.dialog.get_by_role("link", name="Download").get_attribute("download")
    assert re.fullmatch(r"\d{4}-\d\d-\d\d-[a-z-]+(-\d+)?\.mp4", name or "")
    assert re.fullmatch(r"\[VIDEO\] Job started: [0-9a-f-]{36}", console.lines[0])
    assert re.fullmatch(r"\[VIDEO\] (Event|Poll) 1: status=pending", console.lines[1])
    assert re.fullmatch(rf"\[VIDEO\] Generation complete: users/.+/{name}", console.lines[-1])

    studio.dialog.get_by_role("button", name="Use again").click()
    expect(studio.dialog).to_be_hidden()
    studio.go("Library")
    newest = studio.page.get_by_role("list", name="Videos").get_by_role("button").first
    expect(newest).to_be_visible()
    expect(studio.page.locator(".tile-new").first).to_be_hidden()  # it was watched
    newest.click()
    studio.until_video_plays()
    expect(studio.dialog).to_contain_text("Local preview")
    studio.page.keyboard.press("Escape")
    expect(newest).to_be_focused()
    studio.go("Credits")
    expect(studio.page.get_by_role("table")).to_contain_text("Charged for a video")


def test_the_job_continues_after_the_dialog_is_closed(
    context: BrowserContext, driven: Server, fal: DrivenFal
) -> None:
    studio = Studio(context, driven.url, token=token("closes"))
    studio.start()
    studio.page.keyboard.press("Escape")
    expect(studio.dialog).to_be_hidden()
    expect(studio.page.get_by_role("img", name="1 under way")).to_be_visible()
    fal.complete()
    expect(studio.page.get_by_role("img", name="new video")).to_be_visible()
    studio.go("Activity")
    studio.row("completed").get_by_role("button", name="Play").click()
    studio.until_video_plays()
    expect(studio.page.locator(".tile-new")).to_be_hidden()  # it was opened


def test_a_reload_finds_the_running_job(
    context: BrowserContext, driven: Server, fal: DrivenFal
) -> None:
    studio = Studio(context, driven.url, token=token("reloads"))
    studio.start()
    fal.queue(3)
    expect(studio.dialog).to_contain_text("3")
    studio.page.reload()
    studio.go("Activity")
    expect(studio.row("underWay")).to_have_count(1)
    fal.begin()
    expect(studio.row("underWay")).to_contain_text("Generating")
    fal.complete()
    expect(studio.row("completed")).to_have_count(1)
    assert fal.newest


def test_two_tabs_show_the_same_from_one_stream(
    context: BrowserContext, driven: Server, fal: DrivenFal
) -> None:
    one, other = (Studio(context, driven.url, token=token("two-tabs")) for _ in range(2))
    other.until_ready()
    other.go("Activity")
    one.start()
    expect(other.row("underWay")).to_have_count(1)
    fal.complete()
    expect(one.dialog).to_contain_text("Your video is ready")
    expect(other.row("completed")).to_have_count(1)
    streams = [
        request
        for tab in (one, other)
        for request in tab.requests
        if "/video/events" in request.url and not request.failure
    ]
    assert len(streams) == 1


def test_a_lost_network_loses_no_video(
    context: BrowserContext, console: Console, driven: Server, fal: DrivenFal
) -> None:
    console.allow(REQUEST_FAILED)
    studio = Studio(context, driven.url, token=token("loses-the-network")).until_ready()
    context.set_offline(True)
    studio.animate.click()
    expect(studio.dialog).to_contain_text("You are offline. The order waits for the connection.")
    with studio.page.expect_response("**/api/templates/video"):
        context.set_offline(False)
    fal.begin()
    context.set_offline(True)
    expect(studio.page.locator("#connection")).to_contain_text("Offline")
    expect(studio.dialog).to_contain_text("You are offline. The video is made all the same.")
    fal.complete()
    context.set_offline(False)
    studio.until_video_plays()
    expect(studio.page.locator("#connection")).to_have_text("")


def test_a_restart_of_the_service_shows_no_error(
    context: BrowserContext, console: Console, driven: Server, fal: DrivenFal
) -> None:
    console.allow(REQUEST_FAILED)
    console.allow(STREAM_BROKE)
    studio = Studio(context, driven.url, token=token("restarts"))
    studio.start()
    fal.begin()
    expect(studio.dialog).to_contain_text("Generating")
    driven.kill()
    fal.complete()
    driven.start()
    studio.until_video_plays()
    expect(studio.toasts).to_have_count(0)


def test_a_video_that_was_played_from_activity_is_in_the_library(
    context: BrowserContext, driven: Server, fal: DrivenFal
) -> None:
    studio = Studio(context, driven.url, token=token("plays-from-activity"))
    made = studio.page.get_by_role("list", name="Videos").get_by_role("listitem")
    for videos in (1, 2):
        studio.go("Studio")
        studio.start()
        studio.page.keyboard.press("Escape")
        studio.go("Activity")
        fal.complete()
        studio.row("completed").nth(videos - 1).wait_for()
        studio.row("completed").first.get_by_role("button", name="Play").click()
        studio.until_video_plays()
        studio.page.keyboard.press("Escape")
        expect(made).to_have_count(videos)


def test_a_late_page_of_the_library_hides_no_new_video(
    context: BrowserContext, driven: Server, fal: DrivenFal
) -> None:
    older = list[Route]()

    def answer(route: Route) -> None:
        if "cursor=" in route.request.url:
            return older.append(route)
        return route.fulfill(json=route.fetch().json() | {"nextCursor": "older"})

    context.route("**/api/library?*", answer)
    studio = Studio(context, driven.url, token=token("scrolls"))
    studio.go("Library")
    studio.until(lambda: len(older) == 1)
    studio.go("Studio")
    studio.start()
    studio.page.keyboard.press("Escape")
    fal.complete()
    expect(studio.page.get_by_role("img", name="new video")).to_be_visible()
    with studio.page.expect_response("**/api/library?*cursor=*"):
        older[0].fulfill(json={"videos": [], "nextCursor": None})
    studio.go("Library")
    videos = studio.page.get_by_role("list", name="Videos")
    expect(videos.get_by_role("heading")).to_have_count(1)
