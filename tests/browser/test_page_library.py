"""Keeping house in the library: find, rename, star, share, download and delete videos."""

import json
import re
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import pytest
from playwright.sync_api import (
    Browser,
    BrowserContext,
    Error,
    Locator,
    Request,
    Route,
    expect,
)

from app.api.page import FOLDER
from tests.browser.axe import violations
from tests.browser.console import REQUEST_FAILED, Console
from tests.browser.fal import DrivenFal
from tests.browser.server import Server
from tests.browser.studio import LAPTOP, PHONE, Studio
from tests.browser.tab import TIMEOUT, HeldRequests
from tests.support.process import PATIENCE
from tests.support.service import SUBMIT, TEMPLATE, png, submission
from tests.support.tokens import bearer, token

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
AFTER_THE_PAUSE = "() => new Promise((resolve) => setTimeout(resolve, 300))"
"""Resolves after any search that was waiting for the next key: it started later, and is longer."""


class Owner:
    """A user whose videos are made over HTTP, and who then looks at them in the page."""

    def __init__(self, client: httpx.Client, server: Server, fal: DrivenFal, user: str) -> None:
        self._client, self._server, self._fal, self._user = client, server, fal, user

    def make(self, *titles: str, template: str = TEMPLATE) -> None:
        for title in titles:
            order = {"templateSlug": template, "variables": {}}
            job = self._client.post(SUBMIT, **submission(png(), order)).json()["jobId"]
            self._fal.complete()
            until(partial(self._is_completed, job))
            answer = self._client.patch(f"/api/library/{job}", json={"title": title})
            assert answer.status_code == 200

    @property
    def videos(self) -> dict[str, dict[str, Any]]:
        """The videos in the service, by title."""
        videos = self._client.get("/api/library").json()["videos"]
        return {video["title"]: video for video in videos}

    def library(self, context: BrowserContext, *, size: Any = LAPTOP) -> "Library":
        studio = Studio(context, self._server.url, token=token(self._user), size=size)
        return Library(studio)

    def _is_completed(self, job: str) -> bool:
        answer = self._client.get(f"{SUBMIT}/status", params={"jobId": job})
        return bool(answer.json()["status"] == "completed")


class Library:
    """The view, in a tab."""

    def __init__(self, studio: Studio) -> None:
        studio.go("Library")
        self.studio, self.page = studio, studio.page
        self.tiles = self.page.get_by_role("list", name="Videos").get_by_role("listitem")
        self.undo = self.page.get_by_role("button", name="Undo", exact=True)
        self.dialog = studio.dialog
        expect(self.page.get_by_role("button", name="Play ").first).to_be_visible()

    def expect_titles(self, *titles: str) -> None:
        expect(self.tiles.get_by_role("heading")).to_have_text(list(titles))

    def tile(self, title: str) -> Locator:
        return self.tiles.filter(has=self.page.get_by_role("heading", name=title, exact=True))

    def choose(self, title: str, action: str) -> None:
        self.page.get_by_role("button", name=f"More: {title}").click()
        self.page.get_by_role("menuitem", name=action).click()

    def requests(self, method: str) -> list[Request]:
        return [
            each
            for each in self.studio.requests
            if each.method == method and "/api/library" in each.url
        ]


@pytest.fixture
def owner_of(driven: Server, fal: DrivenFal) -> Iterator[Callable[[str], Owner]]:
    """Return a function that signs a user in."""
    with ExitStack() as clients:

        def sign_in(user: str) -> Owner:
            client = httpx.Client(
                base_url=driven.url, headers=bearer(user), trust_env=False, timeout=PATIENCE
            )
            return Owner(clients.enter_context(client), driven, fal, user)

        yield sign_in


def until(happened: Callable[[], bool]) -> None:
    """Poll the service until something has happened."""
    deadline = time.monotonic() + TIMEOUT
    while not happened():
        assert time.monotonic() < deadline, "the condition did not become true"
        time.sleep(0.05)


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
        searched.press_sequentially("suN")
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


def test_on_a_phone_nothing_covers_a_menu_or_what_is_done_with_a_selection(
    context: BrowserContext, owner_of: Callable[[str], Owner]
) -> None:
    owner = owner_of("turns-it")
    owner.make("First", "Second")
    library = owner.library(context, size=PHONE)
    page = library.page
    more = page.get_by_role("button", name="More: First")
    more.click()
    expect(page.get_by_role("menuitem", name="Rename")).to_be_focused()
    width, height = PHONE["width"], PHONE["height"]
    page.set_viewport_size({"width": height, "height": width})
    library.studio.until(lambda: distance(page.get_by_role("menu"), more) < 10)
    page.set_viewport_size({"width": width, "height": height})
    page.keyboard.press("Escape")

    library.choose("First", "Delete")
    page.get_by_role("button", name="Select", exact=True).click()
    selection = page.get_by_role("group", name="Selected videos")
    expect(library.undo).to_be_visible()
    assert distance(page.locator(".undo-bar"), selection) > 0


def distance(one: Locator, other: Locator) -> float:
    """Return how far apart two elements are vertically; less than 0 if one covers the other."""
    boxes = [one.bounding_box(), other.bounding_box()]
    (_, upper_end), (lower_start, _) = sorted(
        (box["y"], box["y"] + box["height"]) for box in boxes if box
    )
    return lower_start - upper_end


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


def test_a_deletion_is_undone_or_sent_when_its_time_is_over_in_all_tabs(
    context: BrowserContext, owner_of: Callable[[str], Owner]
) -> None:
    owner = owner_of("undoes")
    owner.make("One", "Two", "Three")
    library, other = owner.library(context), owner.library(context)
    page = library.page
    page.clock.install()
    library.tile("One").get_by_role("button", name="Favourite").click()
    for tab in (library, other):
        star = tab.tile("One").get_by_role("button", name="Favourite")
        expect(star).to_have_attribute("aria-pressed", "true")
    for undo in ("click", "Control+z"):
        library.choose("Two", "Delete")
        library.expect_titles("Three", "One")
        other.expect_titles("Three", "One")
        expect(page.get_by_role("button", name="Play One")).to_be_focused()
        expect(page.locator("#undo")).to_have_text("“Two” deletedUndo")
        if undo == "click":
            library.undo.click()
        else:
            page.keyboard.press(undo)
        library.expect_titles("Three", "Two", "One")
        other.expect_titles("Three", "Two", "One")
        expect(page.get_by_role("button", name="Play Two")).to_be_focused()
    page.clock.run_for(20_000)  # more than there is to undo
    assert library.requests("DELETE") == []
    page.get_by_role("button", name="Play Two").click()
    library.dialog.get_by_role("button", name="Delete").click()
    expect(library.dialog).to_be_hidden()
    library.expect_titles("Three", "One")
    assert library.requests("DELETE") == []
    assert violations(page) == []
    held = HeldRequests()  # until the other tab's time has passed as well
    page.route("**/api/library/*", held.hold)
    page.clock.run_for(20_000)
    expect(library.undo).to_be_hidden()
    library.studio.until(lambda: held.count == 1)
    held.release()
    until(lambda: list(owner.videos) == ["Three", "One"])
    noted = "Object.keys(localStorage).some((key) => key.startsWith('deletions/'))"
    library.studio.until(lambda: not other.page.evaluate(noted))
    other.expect_titles("Three", "One")


def test_no_deletion_is_lost_with_a_page_that_is_closed_crashes_or_is_signed_out(
    context: BrowserContext, console: Console, owner_of: Callable[[str], Owner]
) -> None:
    console.allow(REQUEST_FAILED)
    owner = owner_of("leaves")
    owner.make("One", "Two", "Three")
    library = owner.library(context)
    library.choose("Three", "Delete")
    library.expect_titles("Two", "One")
    library.page.close()
    until(lambda: list(owner.videos) == ["Two", "One"])

    library = owner.library(context)
    library.choose("Two", "Delete")
    library.expect_titles("One")
    with library.page.expect_event("crash"), suppress(Error):
        library.page.goto("chrome://crash")
    library.page.close()
    assert list(owner.videos) == ["Two", "One"]
    context.clock.install()
    library = owner.library(context)
    library.expect_titles("One")
    library.page.clock.run_for(20_000)  # more than there was to undo
    until(lambda: list(owner.videos) == ["One"])

    library.choose("One", "Delete")
    library.page.get_by_role("button", name="Account").click()
    library.page.get_by_role("button", name="Sign out").click()
    until(lambda: not owner.videos)


def test_several_videos_are_starred_downloaded_and_deleted(
    context: BrowserContext, owner_of: Callable[[str], Owner]
) -> None:
    owner = owner_of("selects")
    owner.make("One", "Two", "Three", "Four")
    library = owner.library(context)
    page = library.page
    page.get_by_role("button", name="Select", exact=True).click()
    chosen = page.get_by_role("group", name="Selected videos")
    expect(chosen.get_by_role("button", name="Delete")).to_be_disabled()
    page.get_by_role("checkbox", name="Select Four").check()
    page.get_by_role("checkbox", name="Select Two").click(modifiers=["Shift"])
    expect(chosen).to_contain_text("3 selected")
    page.keyboard.press("Control+a")
    expect(chosen).to_contain_text("4 selected")
    for title in ("Four", "Three"):
        page.get_by_role("checkbox", name=f"Select {title}").uncheck()
    assert violations(page) == []
    chosen.get_by_role("button", name="Favourite").click()
    until(lambda: [v["favourite"] for v in owner.videos.values()] == [False, False, True, True])
    files = list[str]()
    page.on("download", lambda download: files.append(download.suggested_filename))
    chosen.get_by_role("button", name="Download").click()
    library.studio.until(lambda: len(files) == 2)
    assert len(set(files)) == 2
    chosen.get_by_role("button", name="Delete").click()
    expect(page.locator("#undo")).to_have_text("2 videos deletedUndo")
    library.expect_titles("Four", "Three")
    expect(chosen).to_be_hidden()
    library.undo.click()
    library.expect_titles("Four", "Three", "Two", "One")


def test_a_tap_shares_a_video_shows_its_details_and_saves_the_file(
    chromium: Browser, console: Console, owner_of: Callable[[str], Owner]
) -> None:
    owner = owner_of("shares")
    owner.make("Seen by friends")
    with chromium.new_context(
        has_touch=True, permissions=["clipboard-read", "clipboard-write"]
    ) as mine:
        console.listen(mine)
        mine.add_init_script("navigator.share = async (what) => { globalThis.sent = what; }")
        library = owner.library(mine, size=PHONE)
        page, dialog = library.page, library.dialog
        page.get_by_role("button", name="More: Seen by friends").tap()
        page.get_by_role("menuitem", name="Share").tap()
        expect(dialog).to_contain_text("Only you can see this video.")
        dialog.get_by_role("button", name="Create a link").tap()
        expect(dialog).to_contain_text("Everyone who has this link can see the video.")
        link = dialog.get_by_label("Link to the video").input_value()
        dialog.get_by_role("button", name="Copy").tap()
        expect(dialog.get_by_role("status")).to_have_text("Link copied.")
        assert page.evaluate("navigator.clipboard.readText()") == link
        dialog.get_by_role("button", name="Send").tap()
        assert page.evaluate("sent") == {"title": "Seen by friends", "url": link}
        with chromium.new_context() as private:
            visitor = private.new_page()
            visitor.goto(link)
            expect(visitor.get_by_role("heading", name="Seen by friends")).to_be_visible()

        dialog.get_by_text("Details").tap()
        for fact in ("TemplateNight life roller", "Moodelectric", "CodecH.264", "Length0.5 s"):
            expect(dialog.locator("dl")).to_contain_text(fact)
        assert violations(page) == []
        with page.expect_download() as download:
            dialog.get_by_role("link", name="Download").tap()
        file = Path(download.value.path())
        assert file.read_bytes()[4:8] == b"ftyp"
        assert download.value.suggested_filename.endswith(".mp4")
        dialog.get_by_role("button", name="Stop sharing").tap()
        expect(dialog).to_contain_text("Only you can see this video.")
        assert httpx.get(link, trust_env=False, timeout=PATIENCE).status_code == 404
        dialog.get_by_role("button", name="Rename").tap()
        page.keyboard.type("Only for me")
        page.keyboard.press("Enter")
        dialog.get_by_role("button", name="Close").tap()
        library.expect_titles("Only for me")


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


def test_the_ledger_names_each_video_and_leads_to_it(
    context: BrowserContext, console: Console, owner_of: Callable[[str], Owner]
) -> None:
    owner = owner_of("pays")
    owner.make("Paid for")
    library = owner.library(context)
    library.studio.go("Credits")
    charge = library.page.get_by_role("row").filter(has_text="Charged for a video")
    charge.get_by_role("link", name="Paid for").click()
    library.studio.until_video_plays()
    expect(library.dialog.get_by_role("heading", name="Paid for")).to_be_visible()
    library.dialog.get_by_role("button", name="Delete").click()
    library.page.close()
    until(lambda: owner.videos == {})
    console.allow(REQUEST_FAILED)
    studio = Studio(
        context, library.studio.page.url.partition("#")[0].rstrip("/"), token=token("pays")
    )
    studio.go("Credits")
    studio.page.get_by_role("table").get_by_role("link").first.click()
    expect(studio.toasts).to_contain_text("There is no such video")
