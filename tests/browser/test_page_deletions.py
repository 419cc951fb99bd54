"""Deleting videos in the page: undone or sent, never lost, and never covered."""

from collections.abc import Callable
from contextlib import suppress

import pytest
from playwright.sync_api import BrowserContext, Error, Locator, expect

from tests.browser.axe import violations
from tests.browser.console import REQUEST_FAILED, Console
from tests.browser.library import Owner, until
from tests.browser.studio import PHONE
from tests.browser.tab import HeldRequests

pytestmark = pytest.mark.timeout(240)
NOTED = "Object.keys(localStorage).some((key) => key.startsWith('deletions/'))"


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
    library.studio.until(lambda: not other.page.evaluate(NOTED))
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


def test_a_deletion_noted_by_a_clock_that_was_ahead_is_sent(
    context: BrowserContext, owner_of: Callable[[str], Owner]
) -> None:
    owner = owner_of("was-ahead")
    owner.make("One", "Two")
    library = owner.library(context)
    other = owner.library(context)
    note = "(job) => localStorage.setItem('deletions/was-ahead', JSON.stringify({ [job]: 4e12 }))"
    library.page.evaluate(note, owner.videos["Two"]["jobId"])
    library.page.reload()
    until(lambda: list(owner.videos) == ["One"])
    for tab in (library, other):
        tab.expect_titles("One")


def test_activity_follows_a_deletion(
    context: BrowserContext, owner_of: Callable[[str], Owner]
) -> None:
    owner = owner_of("deletes-and-looks")
    owner.make("One", "Two")
    context.clock.install()
    library, other = owner.library(context), owner.library(context)
    for tab in (library, other):
        tab.studio.go("Activity")
        expect(tab.page.locator(".job").first).to_have_attribute("data-state", "completed")
    library.studio.go("Library")
    library.choose("Two", "Delete")
    library.studio.go("Activity")
    rows = [tab.page.locator(".job").first for tab in (library, other)]
    for row in rows:
        expect(row).to_have_attribute("data-state", "deleted")
    library.undo.click()
    for row in rows:
        expect(row).to_have_attribute("data-state", "completed")
    library.studio.go("Library")
    library.choose("Two", "Delete")
    library.studio.go("Activity")
    library.page.clock.run_for(20_000)  # more than there is to undo
    until(lambda: list(owner.videos) == ["One"])
    library.studio.until(lambda: not library.page.evaluate(NOTED))
    for tab, row in zip((library, other), rows, strict=True):
        tab.studio.go("Studio")
        tab.studio.go("Activity")
        expect(row).to_have_attribute("data-state", "deleted")


@pytest.mark.parametrize("minutes", [-1, 1])
def test_a_tab_with_another_clock_knows_what_is_undone_and_what_is_sent(
    context: BrowserContext, owner_of: Callable[[str], Owner], minutes: int
) -> None:
    owner = owner_of(f"looks-at-two-clocks{minutes}")
    owner.make("One", "Two")
    context.clock.install()
    library, other = owner.library(context), owner.library(context)
    other.studio.go("Activity")
    other.page.evaluate(
        "(ahead) => { const now = Date.now; Date.now = () => now() + ahead; }", minutes * 60_000
    )
    row = other.page.locator(".job").first
    library.choose("Two", "Delete")
    expect(row).to_have_attribute("data-state", "deleted")
    library.undo.click()
    expect(row).to_have_attribute("data-state", "completed")
    library.choose("Two", "Delete")
    expect(row).to_have_attribute("data-state", "deleted")
    library.page.clock.run_for(20_000)  # more than there is to undo
    until(lambda: list(owner.videos) == ["One"])
    library.studio.until(lambda: not other.page.evaluate(NOTED))
    for view in ("Studio", "Activity"):
        other.studio.go(view)
    expect(row).to_have_attribute("data-state", "deleted")


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
