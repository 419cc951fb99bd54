"""Answers that come after the user went elsewhere, and presses that come twice."""

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import BrowserContext, Locator, Route, expect

from tests.browser.console import REQUEST_FAILED, Console
from tests.browser.editor_page import encoded
from tests.browser.fal import DrivenFal
from tests.browser.server import Server
from tests.browser.studio import Studio
from tests.browser.tab import HeldRequests
from tests.support.tokens import token

pytestmark = pytest.mark.timeout(240)

UNDER_THE_DIALOG = """() => {
  const more = document.querySelector("[data-job=job-5] [data-part=more]");
  const all = { width: "100%", height: "100%" };
  Object.assign(more.style, { ...all, position: "fixed", inset: 0, zIndex: 100 });
}"""
TITLES = [f"Video {number}" for number in range(6)]


def video(number: int) -> dict[str, Any]:
    return {
        "jobId": f"job-{number}",
        "key": f"{number}.mp4",
        "url": f"/media/{number}.mp4",
        "downloadUrl": f"/media/{number}.mp4",
        "posterUrl": "/assets/latest/canvas/sample.webp",
        "startImageUrl": f"/media/{number}.png",
        "title": TITLES[number],
        "favourite": False,
        "templateSlug": "gentle-zoom",
        "variables": {"duration": "5"},
        "bytes": 2_000_000,
        "durationSeconds": 5.0,
        "width": 1280,
        "height": 720,
        "createdAt": "2026-11-02T00:00:00.000000Z",
    }


@pytest.fixture
def library(context: BrowserContext, console: Console, service: Server) -> Studio:
    """The library of six videos, whose files are missing."""
    console.allow(REQUEST_FAILED)
    page = {"videos": [video(number) for number in range(len(TITLES))], "nextCursor": None}
    context.route("**/media/*.mp4", lambda route: route.fulfill(status=404))
    context.route("**/api/library?*", lambda route: route.fulfill(json=page))
    studio = Studio(context, service.url)
    studio.go("Library")
    return studio


def play(studio: Studio, title: str) -> Locator:
    studio.page.get_by_role("button", name=f"Play {title}").click()
    dialog = studio.page.get_by_role("dialog", name=title)
    expect(dialog).to_be_visible()
    return dialog


def refused(status: int, code: str) -> dict[str, Any]:
    problem = {"status": status, "code": code, "detail": f"The reason of {code}."}
    return {"status": status, "json": problem, "content_type": "application/problem+json"}


def keep_in(held: list[Route]) -> Callable[[Route], None]:
    """Return a handler that leaves requests without an answer."""

    def keep(route: Route) -> None:
        held.append(route)

    return keep


def until_held(studio: Studio, held: list[Route]) -> Route:
    studio.until(lambda: len(held) == 1)
    return held[0]


def test_what_was_asked_about_one_video_is_not_said_of_another(library: Studio) -> None:
    page, shares, gone = library.page, list[Route](), list[Route]()
    page.route("**/api/library/job-0/share", keep_in(shares))
    page.route("**/api/library/gone", keep_in(gone))
    dialog = play(library, "Video 0")
    dialog.get_by_role("button", name="Share").click()
    dialog.get_by_role("button", name="Create a link").click()
    asked = until_held(library, shares)
    page.keyboard.press("Escape")
    dialog = play(library, "Video 1")
    dialog.get_by_role("button", name="Share").click()
    with page.expect_response("**/share"):
        asked.fulfill(json={"shareUrl": "/v/secret"})
    shared = library.page.get_by_role("listitem", include_hidden=True).filter(has_text="Video 0")
    expect(shared).to_contain_text("Shared")
    assert page.locator(".share-said").text_content() == ""
    page.keyboard.press("Escape")

    page.evaluate("location.hash = '#/library?video=gone'")
    asked = until_held(library, gone)
    page.evaluate("location.hash = '#/library?video=job-2'")
    expect(page.get_by_role("dialog", name="Video 2")).to_be_visible()
    with page.expect_response("**/api/library/gone"):
        asked.fulfill(**refused(404, "video_not_found"))
    hash_then = page.evaluate("new Promise((done) => setTimeout(() => done(location.hash)))")
    assert hash_then == "#/library?video=job-2"
    expect(library.toasts).to_have_count(0)


def test_a_double_click_saves_one_file_and_presses_nothing_that_lies_below(
    library: Studio,
) -> None:
    page = library.page
    page.route("**/api/library/job-0", lambda route: route.fulfill(json=video(0)))
    as_file = {"Content-Disposition": "attachment"}
    page.route("**/media/0.mp4", lambda route: route.fulfill(body="x", headers=as_file))
    dialog = play(library, "Video 0")
    with page.expect_download():
        dialog.get_by_role("link", name="Download").dblclick()
    asked = [each for each in library.requests if each.url.endswith("/api/library/job-0")]
    assert len(asked) == 1
    box = dialog.get_by_role("button", name="Close").bounding_box()
    assert box is not None
    page.evaluate(UNDER_THE_DIALOG)
    page.mouse.dblclick(box["x"] + 9, box["y"] + 9)
    expect(library.dialog).to_be_hidden()
    menu = page.locator("#video-menu")
    expect(menu).to_be_hidden()
    page.mouse.click(box["x"] + 9, box["y"] + 9)
    expect(menu).to_be_visible()


def test_nothing_is_animated_before_the_picture_that_comes_back_is_there(
    library: Studio,
) -> None:
    pictures = list[Route]()
    library.page.route("**/media/0.png", keep_in(pictures))
    status = {key: value for key, value in video(0).items() if key != "title"}
    status |= {"status": "completed", "stage": "done"}
    library.page.route("**/status?*", lambda route: route.fulfill(json=status))
    dialog = play(library, "Video 0")
    dialog.get_by_role("button", name="Use again").click()
    asked = until_held(library, pictures)
    expect(library.animate).to_have_attribute("aria-disabled", "true")
    expect(library.page.locator("#order-hint")).to_have_text("The picture is being loaded.")
    library.page.keyboard.press("Control+Enter")
    expect(library.dialog).to_be_hidden()
    asked.fulfill(body=encoded(300, 300), content_type="image/png")
    library.until_ready()
    canvas = library.page.get_by_role("application")
    expect(canvas).to_have_accessible_name("Canvas 1:1, objects: 1")


def test_a_cancel_that_failed_is_told_of_its_own_video(
    context: BrowserContext, console: Console, driven: Server, fal: DrivenFal
) -> None:
    console.allow(REQUEST_FAILED)
    studio = Studio(context, driven.url, token=token("cancels-late"))
    held = list[Route]()
    context.route("**/cancel?*", keep_in(held))
    studio.start()
    fal.begin()
    studio.dialog.get_by_role("button", name="Cancel").click()
    asked = until_held(studio, held)
    studio.page.keyboard.press("Escape")
    studio.start()
    asked.fulfill(**refused(409, "job_finished"))
    expect(studio.toasts).to_contain_text("The reason of job_finished.")
    expect(studio.page.locator("#screen [data-part=problem]")).to_have_text("")
    studio.toasts.get_by_role("button", name="Dismiss").click()

    cancel = studio.dialog.get_by_role("button", name="Cancel")
    cancel.click()
    studio.until(lambda: len(held) == 2)
    held[1].fulfill(**refused(409, "job_finished"))
    expect(studio.dialog).to_contain_text("Not cancelled: The reason of job_finished.")
    context.unroute("**/cancel?*")
    waits = HeldRequests()
    context.route("**/cancel?*", waits.hold)
    cancel.click()
    studio.until(lambda: waits.count == 1)
    expect(studio.dialog).not_to_contain_text("Not cancelled")
    waits.release()


def test_a_sign_in_that_was_closed_signs_nobody_in_and_leaves_no_complaint(
    context: BrowserContext, console: Console, driven: Server
) -> None:
    console.allow(REQUEST_FAILED)
    studio = Studio(context, driven.url)
    expect(studio.page.locator("html")).to_have_attribute("data-session", "out")
    sign_in = studio.page.get_by_role("banner").get_by_role("button", name="Sign in")
    dialog = studio.page.get_by_role("dialog", name="Sign in")
    field = dialog.get_by_label("Access token")
    sign_in.click()
    field.fill("nonsense")
    field.press("Enter")
    expect(dialog).to_contain_text("The service does not accept this token.")
    studio.page.keyboard.press("Escape")
    sign_in.click()
    expect(dialog).not_to_contain_text("The service does not accept this token.")
    expect(field).to_have_value("")

    asked = list[Route]()
    context.route("**/api/me", keep_in(asked))
    field.fill(token("changes-their-mind"))
    field.press("Enter")
    answer = until_held(studio, asked)
    studio.page.keyboard.press("Escape")
    with studio.page.expect_response("**/api/me"):
        answer.continue_()
    studio.page.evaluate("new Promise((done) => setTimeout(done))")
    assert studio.page.evaluate("localStorage.getItem('access-token')") is None
