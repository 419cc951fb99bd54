"""The library's list: search, favourites, titles and posters."""

import json
import re
from collections.abc import Callable

import pytest
from playwright.sync_api import BrowserContext, Route, expect

from app.api.page import FOLDER
from tests.browser.axe import violations
from tests.browser.console import REQUEST_FAILED, Console
from tests.browser.library import Owner, until
from tests.browser.studio import PHONE
from tests.support.service import TEMPLATE

pytestmark = pytest.mark.timeout(240)

ANOTHER_TEMPLATE = "gentle-zoom"
SHIFTS = """() => new Promise((resolve) => {
  new PerformanceObserver((list) => resolve(list.getEntries().reduce((sum, e) => sum + e.value, 0)))
    .observe({ type: "layout-shift", buffered: true });
  setTimeout(() => resolve(0), 200);
})"""
HOLD_ADDRESSES = """() => {
  globalThis.hold = (event) => event.stopImmediatePropagation();
  addEventListener("hashchange", hold, { capture: true });
}"""
RELEASE_ADDRESSES = """() => {
  removeEventListener("hashchange", hold, { capture: true });
  dispatchEvent(new Event("hashchange"));
}"""
TYPE_AND_LEAVE = """(search) => {
  search.value = "unsaid";
  search.dispatchEvent(new Event("input"));
  location.hash = "#/studio";
}"""
THREE_KEYS = """(search, text) => {
  for (let end = 1; end <= text.length; end += 1) {
    search.value = text.slice(0, end);
    search.dispatchEvent(new Event("input", { bubbles: true }));
  }
}"""
AFTER_THE_PAUSE = "() => new Promise((resolve) => setTimeout(resolve, 300))"
"""Resolves after any search that was waiting for the next key: it started later, and is longer."""


def test_words_favourites_and_template_find_videos_together(
    context: BrowserContext, owner_of: Callable[[str], Owner]
) -> None:
    owner = owner_of("finds")
    owner.make("Sunrise", "Night")
    owner.make("Sunset", "Rain", template=ANOTHER_TEMPLATE)
    library = owner.library(context)
    page = library.page
    library.expect_titles("Rain", "Sunset", "Night", "Sunrise")
    searched = page.get_by_role("searchbox", name="Search titles")
    with page.expect_response("**/api/library?*q=suN*"):
        searched.evaluate(THREE_KEYS, "suN")
    library.expect_titles("Sunset", "Sunrise")
    assert sum("q=" in request.url for request in library.requests("GET")) == 1
    expect(page.locator("#announcer")).to_have_text("2 videos")
    page.get_by_role("button", name="Favourite: Sunset").click()
    page.get_by_role("button", name="Favourites", exact=True).click()
    library.expect_titles("Sunset")
    page.reload()
    library.expect_titles("Sunset")
    expect(searched).to_have_value("suN")
    page.get_by_label("Filter by template").select_option(TEMPLATE)
    expect(page.get_by_role("heading", name="No video found")).to_be_visible()
    why = "No favourite of Night life roller has “suN” in its title."
    expect(page.get_by_text(why).first).to_be_visible()
    assert violations(page) == []
    page.go_back()
    library.expect_titles("Sunset")
    searched.fill("")
    page.get_by_role("button", name="Favourites", exact=True).click()
    library.expect_titles("Rain", "Sunset", "Night", "Sunrise")


def test_a_video_is_new_until_it_is_opened(
    context: BrowserContext, owner_of: Callable[[str], Owner]
) -> None:
    owner = owner_of("sees-news")
    owner.make("One")
    library = owner.library(context)
    library.studio.go("Studio")
    owner.make("Two")
    library.page.get_by_role("link", name="Library").locator(".badge").wait_for()
    library.studio.go("Library")
    new = library.tile("Two").get_by_text("New", exact=True)
    expect(new).to_be_visible()
    library.page.get_by_role("button", name="Play Two").click()
    expect(library.dialog).to_be_visible()
    library.page.keyboard.press("Escape")
    expect(library.dialog).to_be_hidden()
    expect(new).to_be_hidden()


def test_a_search_that_waits_for_the_next_key_undoes_no_newer_address(
    context: BrowserContext, owner_of: Callable[[str], Owner]
) -> None:
    owner = owner_of("is-quick")
    owner.make("Sunrise", "Night")
    library = owner.library(context)
    page = library.page
    searched = page.get_by_role("searchbox", name="Search titles")
    favourites = page.get_by_role("button", name="Favourites", exact=True)
    page.get_by_role("button", name="Favourite: Sunrise").click()
    favourites.click()
    searched.fill("sun")
    expect(page).to_have_url(re.compile("q=sun"))
    library.expect_titles("Sunrise")

    page.evaluate(HOLD_ADDRESSES)
    searched.fill("")
    favourites.click()
    page.evaluate(AFTER_THE_PAUSE)
    page.evaluate(RELEASE_ADDRESSES)
    library.expect_titles("Night", "Sunrise")
    expect(page).to_have_url(re.compile("#/library$"))

    searched.evaluate(TYPE_AND_LEAVE)
    page.evaluate(AFTER_THE_PAUSE)
    expect(page).to_have_url(re.compile("#/studio$"))
    library.studio.go("Library")
    library.expect_titles("Night", "Sunrise")


def test_the_keyboard_alone_renames_and_stars_and_a_refused_title_comes_back(
    context: BrowserContext, console: Console, owner_of: Callable[[str], Owner]
) -> None:
    owner = owner_of("renames")
    owner.make("First")
    library = owner.library(context)
    page, keyboard = library.page, library.page.keyboard
    more = page.get_by_role("button", name="More: First")
    more.focus()
    keyboard.press("Enter")
    expect(page.get_by_role("menuitem", name="Rename")).to_be_focused()
    keyboard.press("ArrowUp")
    expect(page.get_by_role("menuitem", name="Delete")).to_be_focused()
    assert violations(page) == []
    keyboard.press("Escape")
    expect(more).to_be_focused()
    for key, title in (("Escape", "First"), ("Enter", "Opening night")):
        keyboard.press("F2")
        keyboard.type("Opening night")
        keyboard.press(key)
        library.expect_titles(title)
        expect(page.get_by_role("button", name=f"More: {title}")).to_be_focused()
    keyboard.press("Shift+Tab")
    keyboard.press("Enter")
    expect(
        page.get_by_role("button", name="Favourite: Opening night", pressed=True)
    ).to_be_focused()
    until(lambda: owner.videos.get("Opening night", {}).get("favourite") is True)

    console.allow(REQUEST_FAILED)
    problem = json.dumps({"code": "invalid_request", "detail": "title: not this one"})
    page.route("**/api/library/*", lambda route: route.fulfill(status=422, body=problem))
    library.choose("Opening night", "Rename")
    keyboard.type("Refused")
    keyboard.press("Enter")
    expect(library.studio.toasts).to_contain_text("not this one")
    library.expect_titles("Opening night")


def test_a_refused_title_does_not_cover_the_one_that_was_given_after_it(
    context: BrowserContext, console: Console, owner_of: Callable[[str], Owner]
) -> None:
    console.allow(REQUEST_FAILED)
    owner = owner_of("changes-its-mind")
    owner.make("First")
    library = owner.library(context)
    page, changes = library.page, list[Route]()
    page.route("**/api/library/*", lambda route: changes.append(route))  # noqa: PLW0108 Playwright needs a function
    problem = json.dumps({"code": "invalid_request", "detail": "title: not this one"})

    def rename(before: str, title: str) -> None:
        library.choose(before, "Rename")
        page.keyboard.type(title)
        page.keyboard.press("Enter")
        library.expect_titles(title)

    def refuse(number: int) -> None:
        library.studio.until(lambda: len(changes) == number)
        changes[-1].fulfill(status=422, body=problem)

    rename("First", "Second")
    rename("Second", "Third")
    refuse(1)
    refuse(2)
    library.expect_titles("First")
    rename("First", "Fourth")
    rename("Fourth", "Fifth")
    refuse(3)
    library.studio.until(lambda: len(changes) == 4)
    with page.expect_response("**/api/library/*"):
        changes[-1].continue_()
    expect(library.studio.toasts).to_contain_text("not this one")
    library.expect_titles("Fifth")
    assert list(owner.videos) == ["Fifth"]


def test_posters_load_as_they_come_into_view_without_a_shift(
    context: BrowserContext, owner_of: Callable[[str], Owner]
) -> None:
    owner = owner_of("scrolls")
    owner.make("A video")
    (video,) = owner.videos.values()
    shapes = [(1280, 720), (720, 1280), (960, 960)]
    videos = [
        video | {"jobId": f"job-{n}", "posterUrl": f"/poster/{n}", "width": w, "height": h}
        for n, (w, h) in enumerate(shapes * 30)
    ]
    posters = list[Route]()
    picture = (FOLDER / "canvas" / "sample.webp").read_bytes()

    def poster(route: Route) -> None:
        posters.append(route)
        route.fulfill(body=picture, content_type="image/webp")

    context.route("**/poster/*", poster)
    context.route(
        "**/api/library?*",
        lambda route: route.fulfill(json={"videos": videos, "nextCursor": None}),
    )
    library = owner.library(context, size=PHONE)
    page = library.page
    library.studio.until(lambda: len(posters) > 0)
    page.wait_for_function("document.querySelector('.tile img').naturalWidth > 0")
    first = len(posters)
    assert first < len(videos) / 2
    page.get_by_role("button", name="Play A video").last.scroll_into_view_if_needed()
    library.studio.until(lambda: len(posters) > first)
    assert page.evaluate(SHIFTS) < 0.05
    boxes = page.evaluate(
        "[document.documentElement.scrollWidth, document.documentElement.clientWidth]"
    )
    assert boxes == [PHONE["width"]] * 2
