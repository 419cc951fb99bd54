"""The activity view lists what has ended, a page at a time, and says when it cannot."""

import re
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import APIResponse, BrowserContext, Route, expect

from tests.browser.axe import serious
from tests.browser.console import REQUEST_FAILED, Console
from tests.browser.fal import DrivenFal
from tests.browser.library import Library, Owner
from tests.browser.server import Server
from tests.browser.studio import Studio
from tests.support.tokens import token

pytestmark = pytest.mark.timeout(240)

PAGE = 20
ENDINGS: list[dict[str, Any]] = [
    {"status": "failed", "error": {"code": "fal_rejected", "message": "Blocked by the policy."}},
    {"status": "cancelled"},
    {"status": "completed", "url": "/media/v", "key": "k.mp4", "localPreview": True},
    {"status": "completed", "deletedAt": "2026-11-02T00:00:00.000000Z"},
    {"status": "processing"},  # the event stream lists these
]


def past(count: int) -> list[dict[str, Any]]:
    return [
        {
            "jobId": f"past-{number}",
            "stage": "done",
            "templateSlug": "gentle-zoom",
            "falModel": "m",
            "variables": {},
            "credits": 6,
            "createdAt": f"2026-11-01T{23 - number // 60:02}:{59 - number % 60:02}:00.000000Z",
            "updatedAt": "2026-11-02T00:00:00.000000Z",
            "completedAt": "2026-11-02T00:00:00.000000Z",
            **ENDINGS[number % len(ENDINGS)],
        }
        for number in range(count)
    ]


def test_activity_lists_the_past_in_pages_and_says_when_it_cannot(
    context: BrowserContext, console: Console, driven: Server, fal: DrivenFal
) -> None:
    jobs, asked = past(45), list[int]()
    jobs[0]["variables"] = {"focus": "the climber in red", "duration": 6}

    def page_of(route: Route) -> None:
        query = parse_qs(urlsplit(route.request.url).query)
        asked.append(start := int(query.get("cursor", "0")[0]))
        cursor = str(start + PAGE) if start + PAGE < len(jobs) else None
        route.fulfill(json={"jobs": jobs[start : start + PAGE], "nextCursor": cursor})

    console.allow(REQUEST_FAILED)
    context.route("**/api/jobs?*", lambda route: route.abort())
    studio = Studio(context, driven.url, token=token("has-a-past")).until_ready()
    page, trouble = studio.page, "Earlier videos cannot be listed at the moment"
    studio.go("Activity")
    expect(page.get_by_text(trouble)).to_be_visible()
    view = page.locator("[data-of=activity]")
    expect(view.get_by_text("Nothing here yet")).to_be_hidden()
    context.route("**/api/jobs?*", page_of)
    view.get_by_role("button", name="Try again").click()
    expect(page.get_by_text(trouble)).to_be_hidden()
    rows = page.get_by_role("list", name="Earlier").locator(".job")
    expect(rows).to_have_count(PAGE * 4 // 5)
    assert serious(page) == []
    for row, (state, words, buttons) in enumerate(
        [
            ("failed", "Blocked by the policy. Nothing was charged.", ["Try again", "Use again"]),
            ("cancelled", "Cancelled. Nothing was charged.", ["Use again"]),
            ("completed", "Local preview", ["Play", "Use again"]),
            ("deleted", "You deleted this video.", ["Use again"]),
        ]
    ):
        expect(rows.nth(row)).to_have_attribute("data-state", state)
        expect(rows.nth(row)).to_contain_text(words)
        shown = rows.nth(row).get_by_role("button").all_inner_texts()
        assert [text.strip() for text in shown] == buttons
    expect(rows.nth(0)).to_contain_text("the climber in red")
    expect(rows.nth(1).locator(".job-order")).to_be_hidden()
    for loaded in (2 * PAGE, len(jobs)):
        rows.last.scroll_into_view_if_needed()
        expect(rows).to_have_count(loaded * 4 // 5)
    expect(view.get_by_role("button", name="Load more")).to_be_hidden()
    studio.go("Studio")
    studio.start()
    page.keyboard.press("Escape")
    studio.go("Activity")
    expect(studio.row("underWay")).to_have_count(1)
    expect(rows).to_have_count(len(jobs) * 4 // 5)
    assert asked == [0, PAGE, 2 * PAGE]
    assert fal.submits() >= 1


def test_activity_calls_a_video_as_its_user_does(
    context: BrowserContext, console: Console, driven: Server
) -> None:
    console.allow(REQUEST_FAILED)
    asked = list[str]()

    def name(route: Route) -> None:
        asked.append(route.request.url.rpartition("/")[2])
        if asked[-1] == "past-12":
            route.fulfill(status=404, json={"code": "video_not_found", "detail": "It is gone."})
        else:
            route.fulfill(json={"jobId": asked[-1], "title": f"Older {asked[-1]}"})

    charge = {"kind": "charge", "credits": 6, "jobId": "past-2", "title": "Summer cut"}
    entries = [charge | {"createdAt": "2026-11-02T00:00:00.000000Z"}]
    account = {"balance": 90, "held": 0, "available": 90, "entries": entries}
    context.route("**/api/credits", lambda route: route.fulfill(json=account))
    history = {"jobs": past(20), "nextCursor": None}
    context.route("**/api/jobs?*", lambda route: route.fulfill(json=history))
    context.route("**/api/library/*", name)
    studio = Studio(context, driven.url, token=token("renames")).until_ready()
    studio.go("Activity")
    made = studio.row("completed").get_by_role("heading")
    template = studio.row("cancelled").get_by_role("heading").first.inner_text()
    names = ["Summer cut", "Older past-7", template, "Older past-17"]
    expect(made).to_have_text([re.compile(f"^{name} ") for name in names])
    assert asked == ["past-7", "past-12", "past-17"]

    # As the library does in another tab.
    studio.page.evaluate("""() => {
      const renamed = { jobId: "past-2", title: "Autumn cut" };
      new BroadcastChannel("video-changes").postMessage(renamed);
    }""")
    expect(made.first).to_contain_text("Autumn cut")
    expect(studio.page.get_by_role("button", name="Play: Autumn cut")).to_be_visible()


def test_a_title_that_arrives_late_does_not_cover_a_newer_one(
    context: BrowserContext, driven: Server, owner_of: Callable[[str], Owner]
) -> None:
    owner_of("renames-meanwhile").make("Before")
    late = list[tuple[Route, APIResponse]]()

    def hold(route: Route) -> None:
        if route.request.method == "GET":
            late.append((route, route.fetch()))
        else:
            route.continue_()

    nothing_booked = {"balance": 9, "held": 0, "available": 9, "entries": []}
    context.route("**/api/credits", lambda route: route.fulfill(json=nothing_booked))
    context.route("**/api/library/*", hold)
    studio = Studio(context, driven.url, token=token("renames-meanwhile"))
    studio.go("Activity")
    studio.until(lambda: len(late) == 1)
    library = Library(studio)
    library.choose("Before", "Rename")
    studio.page.keyboard.type("After")
    with studio.page.expect_response("**/api/library/*"):
        studio.page.keyboard.press("Enter")
    studio.go("Activity")
    expect(studio.row("completed")).to_contain_text("After")
    ((route, answer),) = late
    with studio.page.expect_response("**/api/library/*") as arrived:
        route.fulfill(response=answer)
    arrived.value.finished()
    studio.page.wait_for_timeout(100)
    expect(studio.row("completed")).to_contain_text("After")
