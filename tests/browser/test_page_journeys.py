"""The whole page, used from beginning to end by keyboard and by touch, on windows of all sizes."""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.console import REQUEST_FAILED, Console
from tests.browser.drawing import draw
from tests.browser.fal import DrivenFal
from tests.browser.hands import Hands, Keyboard, Touch
from tests.browser.journey import TEMPLATE, Journey, expect_to_play
from tests.browser.server import Server
from tests.browser.studio import LAPTOP, NARROW, ON_ITS_SIDE, PHONE
from tests.support.process import PATIENCE
from tests.support.tokens import token

pytestmark = pytest.mark.timeout(300)

SIZES: dict[str, Any] = {"laptop": LAPTOP, "phone": PHONE, "side": ON_ITS_SIDE, "narrow": NARROW}
HANDS: dict[str, Callable[[Page], Hands]] = {"keyboard": Keyboard, "touch": Touch}
SCHEMES: list[Any] = ["dark", "light"]
EVERYDAY = {("laptop", "keyboard"), ("side", "touch")}
"""Both kinds of hands and both schemes. ``make soak`` goes the other six ways."""
USERS = [
    pytest.param(
        size,
        hands,
        SCHEMES[(row + column) % 2],  # each size and each hands has both
        marks=() if (size, hands) in EVERYDAY else pytest.mark.soak,
    )
    for row, size in enumerate(SIZES)
    for column, hands in enumerate(HANDS)
]
WORDS = "The camera circles the car"


@pytest.mark.parametrize(("size", "hands", "scheme"), USERS)
def test_every_part_of_the_page_can_be_used(
    chromium: Browser,
    console: Console,
    driven: Server,
    fal: DrivenFal,
    size: str,
    hands: str,
    scheme: Any,
) -> None:
    options: dict[str, Any] = {
        "has_touch": hands == "touch",
        "is_mobile": hands == "touch" and size != "laptop",
        "reduced_motion": "reduce",  # nine previews that play cost more than all the rest
    }
    with chromium.new_context(viewport=SIZES[size], color_scheme=scheme, **options) as context:
        console.listen(context)
        journey = Journey(
            context,
            driven.url,
            token(f"{size}-{hands}"),
            hands=HANDS[hands],
            fal=fal,
            console=console,
            size=SIZES[size],
        )
        if size == "side":
            canvas = journey.page.locator(".canvas-paper").bounding_box()
            assert canvas is not None
            assert canvas["height"] >= 0.6 * ON_ITS_SIDE["height"]
        else:
            journey.hands.expect_within_reach(journey.button("Layers"))
        draw(journey)
        choose_a_template(journey)
        cancel_a_video(journey)
        watch_a_video_and_use_it_again(journey)
        try_a_failed_one_again(journey)
        keep_house_in_the_library(journey)
        share_and_download(journey, chromium)
        delete_and_undo(journey)
        see_the_credits(journey)
        sign_out(journey)


def choose_a_template(journey: Journey) -> None:
    page, hands = journey.page, journey.hands
    hands.press(page.get_by_role("link", name="Browse all"))
    expect(page.get_by_role("heading", name="Weather change")).to_be_visible()
    journey.expect_accessible()
    hands.press(page.get_by_role("link", name="Weather change"))
    price = page.locator("#price")
    expect(price).to_contain_text("10 credits")
    for name, total in (("8", 16), ("1080p", 24)):
        hands.press(page.get_by_role("radio", name=name, exact=True))
        expect(price).to_contain_text(f"{total} credits")
    hands.press(journey.template(TEMPLATE))
    hands.write(page.get_by_label("Describe the motion"), WORDS)
    expect(price).to_contain_text("10 credits")
    journey.expect_to_fit()


def cancel_a_video(journey: Journey) -> None:
    journey.start()
    journey.fal.queue(3)
    expect(journey.dialog).to_contain_text("Number 4 in the queue")
    journey.expect_accessible()
    journey.leave_dialog("Cancel")
    journey.go("Activity")
    expect(journey.row("cancelled")).to_contain_text("Cancelled. Nothing was charged.")
    expect(journey.toasts).to_have_count(0)


def watch_a_video_and_use_it_again(journey: Journey) -> None:
    journey.go("Studio")
    journey.start()
    journey.leave_dialog("Close, keep generating")
    journey.go("Activity")
    journey.fal.begin()
    expect(journey.row("underWay")).to_contain_text("Generating")
    journey.expect_accessible()
    journey.press(f"Show: {TEMPLATE}")
    journey.fal.complete()
    journey.until_video_plays()
    journey.hands.expect_within_reach(journey.dialog.get_by_role("link", name="Download"))
    journey.expect_to_fit()
    arguments, _ = journey.fal.received
    assert WORDS in arguments["prompt"]
    journey.leave_dialog("Use again")
    expect(journey.page.get_by_label("Describe the motion")).to_have_value(WORDS)


def try_a_failed_one_again(journey: Journey) -> None:
    journey.start()
    journey.fal.fail("Blocked by the content policy")
    expect(journey.dialog).to_be_hidden()
    expect(journey.toasts).to_contain_text("Blocked by the content policy")
    journey.expect_accessible()
    journey.press("Dismiss")
    journey.go("Activity")
    expect(journey.row("failed")).to_contain_text("Blocked by the content policy")
    with journey.page.expect_response("**/api/templates/video"):
        journey.press(f"Try again: {TEMPLATE}")
    journey.fal.complete()
    journey.until_video_plays()
    journey.leave_dialog("Close")


def keep_house_in_the_library(journey: Journey) -> None:
    page, hands = journey.page, journey.hands
    journey.go("Library")
    expect(journey.titles).to_have_text([TEMPLATE, TEMPLATE])
    journey.choose("Rename", of=TEMPLATE)
    hands.write(page.get_by_role("textbox", name="Title"), "Sunrise")
    page.keyboard.press("Enter")
    expect(journey.titles).to_have_text(["Sunrise", TEMPLATE])
    journey.press("Favourite: Sunrise", "Favourites")
    expect(journey.titles).to_have_text(["Sunrise"])
    journey.press("Favourites")
    expect(journey.titles).to_have_count(2)
    for words, count in (("sunR", 1), ("", 2)):
        hands.write(page.get_by_role("searchbox", name="Search titles"), words)
        expect(journey.titles).to_have_count(count)


def share_and_download(journey: Journey, chromium: Browser) -> None:
    dialog = journey.dialog
    journey.choose("Details", of="Sunrise")
    expect(dialog.locator("dl")).to_contain_text("CodecH.264")
    journey.press("Share", "Create a link", within=dialog)
    link = dialog.get_by_label("Link to the video")
    expect(link).to_be_visible()
    address = link.input_value()
    with chromium.new_context() as private:
        expect_to_play(private.new_page(), address)
    journey.expect_accessible()
    journey.press("Stop sharing", within=dialog)
    expect(link).to_be_hidden()
    assert httpx.get(address, trust_env=False, timeout=PATIENCE).status_code == 404
    with journey.page.expect_download() as download:
        journey.hands.press(dialog.get_by_role("link", name="Download"))
    assert download.value.suggested_filename.endswith(".mp4")
    assert Path(download.value.path()).read_bytes()[4:8] == b"ftyp"
    journey.leave_dialog("Close")


def delete_and_undo(journey: Journey) -> None:
    page = journey.page
    journey.press("Select")
    for box in page.get_by_role("checkbox").all():
        journey.hands.press(box)
    chosen = page.get_by_role("group", name="Selected videos")
    expect(chosen).to_contain_text("2 selected")
    journey.expect_accessible()
    page.clock.install()
    page.clock.pause_at(datetime.now(UTC) + timedelta(seconds=10))  # 15 s to undo
    journey.press("Delete", within=chosen)
    expect(journey.titles).to_have_count(0)
    journey.go("Studio")
    undo = journey.button("Undo", page.locator("#undo"))
    for control in (undo, journey.animate):
        journey.hands.expect_within_reach(control)
    journey.go("Library")
    journey.hands.press(undo)
    expect(journey.titles).to_have_count(2)
    page.clock.resume()


def see_the_credits(journey: Journey) -> None:
    journey.go("Credits")
    for entry in ("Charged for a video", "Set aside for a video"):
        expect(journey.page.get_by_role("table")).to_contain_text(entry)
    journey.expect_accessible()


def sign_out(journey: Journey) -> None:
    page = journey.page
    journey.hands.press(page.get_by_role("button", name="Account: "))
    journey.hands.expect_within_reach(journey.button("Sign out"))
    journey.expect_still()
    assert journey.console.unexpected == []
    journey.console.allow(REQUEST_FAILED)  # the page asks whether one must sign in
    journey.press("Sign out")
    journey.expect_signed_out()
    for view in ("Activity", "Library", "Templates"):
        journey.go(view)
        journey.expect_signed_out()
    journey.go("Studio")
    expect(journey.animate).to_have_attribute("aria-disabled", "true")
    expect(journey.animate).to_have_accessible_description(re.compile("You are signed out"))
    journey.expect_accessible()
    journey.expect_still()
