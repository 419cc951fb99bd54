"""The part of a journey on the canvas."""

import re

from playwright.sync_api import expect

from tests.browser.editor_page import encoded
from tests.browser.journey import TEMPLATE, Journey


def draw(journey: Journey) -> None:
    """Make a canvas of two pictures and a headline, in a ratio that every template makes."""
    place_pictures(journey)
    write_and_move_a_headline(journey)
    arrange_objects(journey)
    choose_a_ratio(journey)


def place_pictures(journey: Journey) -> None:
    for control in (journey.animate, journey.button("Add rectangle")):
        journey.hands.expect_within_reach(control)
    journey.expect_to_fit()
    journey.hands.press(journey.template(TEMPLATE))
    journey.upload(encoded(800, 600, "JPEG", "teal"))
    journey.expect_canvas("16:9", 1)
    journey.press("Set the canvas to 4:3")
    journey.expect_canvas("4:3", 1)
    journey.press("Undo")
    journey.expect_canvas("16:9", 1)
    journey.press("Redo")
    journey.upload(encoded(96, 96, colour="white"))
    journey.expect_canvas("4:3", 2)


def write_and_move_a_headline(journey: Journey) -> None:
    journey.press("Add rectangle")
    journey.hands.expect_within_reach(journey.button("Delete"))
    journey.press("Delete")
    expect(journey.button("Delete")).to_have_count(0)
    journey.press("Add text")
    journey.hands.expect_within_reach(journey.button("Delete"))
    journey.hands.write(journey.page.get_by_role("textbox", name="Text", exact=True), "Sun")
    journey.hands.move_down(journey.page.locator(".canvas-paper"))
    expect(journey.announced).to_have_text(re.compile("^At "))
    journey.expect_canvas("4:3", 3)
    expect(journey.canvas).to_have_accessible_name(re.compile("Text “Sun” selected"))
    numbers = re.findall(r"-?\d+", journey.announced.inner_text())
    _, top, _, height, _ = map(int, numbers)
    assert top + height / 2 > 540


def arrange_objects(journey: Journey) -> None:
    journey.press("Arrange", "Align left")
    expect(journey.announced).to_have_text(re.compile("^At 0, "))
    journey.press("Send backward")
    expect(journey.announced).to_have_text("Layer 2 of 3")
    journey.hands.shut(journey.button("Arrange"))
    journey.select_front_layer()
    expect(journey.canvas).to_have_accessible_name(re.compile("Picture selected"))
    journey.press("Arrange", "Flip across")
    journey.hands.shut(journey.button("Arrange"))
    for name, objects in (("Duplicate", 4), ("Delete", 3), ("Undo", 4), ("Redo", 3)):
        journey.press(name)
        journey.expect_canvas("4:3", objects)
    journey.press("View", "Zoom in")
    journey.press("125 %")
    expect(journey.button("100 %")).to_be_visible()
    journey.hands.shut(journey.button("View"))


def choose_a_ratio(journey: Journey) -> None:
    note = journey.page.locator("#ratio-note")
    journey.hands.press(journey.template("Gentle zoom"))
    expect(note).to_contain_text("The model may crop your 4:3 canvas.")
    expect(journey.animate).to_have_attribute("aria-disabled", "false")
    journey.press("Use 16:9")
    expect(note).to_be_hidden()
    journey.expect_canvas("16:9", 3)
