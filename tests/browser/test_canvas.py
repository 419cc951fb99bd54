"""The editor on a page of its own: mouse, keyboard, touch and export."""

import io

import pytest
from axe_playwright_python.sync_playwright import Axe
from PIL import Image

from tests.browser.editor_page import SIZES, EditorPage, encoded

DIRECTIONS = """async (text) => {
  const { eachLine } = await import("/assets/latest/canvas/text-layout.js");
  const context = document.createElement("canvas").getContext("2d");
  const look = { kind: "text", text, size: 40, weight: 400, font: "sans", align: "right" };
  const lines = [];
  const write = (line) => lines.push([line, context.direction]);
  eachLine(context, { ...look, width: 900, height: 90 }, write);
  return lines;
}"""

LOOKS_OF_WEIGHTS = """async () => {
  const { FONTS } = await import("/assets/latest/canvas/text-layout.js");
  const context = document.createElement("canvas").getContext("2d");
  const { font } = editor.scene.objects.at(-1);
  return [300, 400, 600, 800, 900].map((weight) => {
    context.reset();
    context.font = `${weight} 64px ${FONTS[font]}`;
    context.fillText("Hx", 10, 80);
    return context.canvas.toDataURL();
  });
}"""


def test_the_editor_opens_with_a_picture_and_a_headline(editor: EditorPage) -> None:
    assert editor.picture == [1280, 1280]
    assert [each["kind"] for each in editor.objects] == ["picture", "text"]
    assert not editor.page.evaluate("editor.isEmpty || editor.canUndo")
    assert editor.page.evaluate("editor.snapshotUrl()").startswith("data:image/jpeg;base64,")


def test_the_mouse_adds_moves_resizes_and_rotates_and_each_step_can_be_undone(
    editor: EditorPage,
) -> None:
    editor.tool("Add rectangle")
    added = editor.last
    editor.page.keyboard.down("Alt")
    editor.drag((640, 360), (440, 300))
    editor.page.keyboard.up("Alt")
    moved = editor.last
    assert (moved["x"], moved["y"]) == pytest.approx((440, 300), abs=1)
    corner = (moved["x"] + moved["width"] / 2, moved["y"] + moved["height"] / 2)
    editor.drag(corner, (corner[0] + 100, corner[1] + 50))
    resized = editor.last
    assert resized["width"] == pytest.approx(moved["width"] + 100, abs=3)
    assert resized["x"] - resized["width"] / 2 == pytest.approx(moved["x"] - moved["width"] / 2)
    stem = (resized["x"], resized["y"] - resized["height"] / 2 - 26 / editor.scale)
    editor.drag(stem, (resized["x"] + 300, resized["y"]))
    assert editor.last["angle"] == 90

    for state in (resized, moved, added):
        editor.tool("Undo")
        assert editor.last == state
    editor.keys("Control+z")
    assert [each["kind"] for each in editor.objects] == ["picture", "text"]
    for state in (added, moved, resized):
        editor.keys("Control+Shift+z")
        assert editor.last == state


def test_a_dragged_object_snaps_to_the_middle_unless_alt_is_held(editor: EditorPage) -> None:
    editor.tool("Add star")
    editor.drag((640, 360), (300, 250))
    editor.drag((300, 250), (644, 250))
    assert editor.last["x"] == 640
    editor.page.keyboard.down("Alt")
    editor.drag((640, 250), (650, 250))
    assert editor.last["x"] == pytest.approx(650, abs=1)


def test_a_new_object_lies_in_the_middle_or_beside_what_is_there_and_inside_the_frame(
    editor: EditorPage,
) -> None:
    def centres(since: int) -> list[tuple[float, float]]:
        return [(each["x"], each["y"]) for each in editor.objects[since:]]

    beside = [(640, 360), (672, 392), (704, 424)]
    for _ in beside:
        editor.tool("Add text")
        editor.keys("Escape")
    assert centres(2) == beside
    logo = encoded(300, 200)
    editor.page.evaluate("editor.apply({ ...editor.scene, objects: [] })")
    for count in range(1, 5):  # the first one is the ground, and shown whole
        editor.give_file("drop", logo, "image/png")
        editor.until("(count) => editor.scene.objects.length === count", count)
    assert centres(1) == beside

    editor.page.evaluate("""() => {
      const tools = document.querySelectorAll("[role=toolbar] button");
      for (let n = 0; n < 60; n += 1) tools[n % 2 ? 4 : 1].click();
    }""")
    assert len(set(centres(1))) == 63
    for each in editor.objects[4:]:
        assert each["width"] / 2 <= each["x"] <= 1280 - each["width"] / 2
        assert each["height"] / 2 <= each["y"] <= 720 - each["height"] / 2


def test_escape_cancels_a_drag(editor: EditorPage) -> None:
    editor.tool("Add star")
    before = editor.last
    editor.page.mouse.move(*editor.place(640, 360))
    editor.page.mouse.down()
    editor.page.mouse.move(*editor.place(900, 200), steps=3)
    assert editor.last != before
    editor.keys("Escape")
    editor.page.mouse.up()
    assert editor.last == before


def test_the_keyboard_alone_does_everything_and_screen_readers_announce_it(
    editor: EditorPage,
) -> None:
    editor.keys("Tab", "ArrowRight", "ArrowRight", "Enter")
    assert (editor.last["kind"], editor.announced) == ("ellipse", "Ellipse added")
    start = editor.last
    editor.keys("ArrowRight", "Shift+ArrowDown", "+", "r")
    ellipse = editor.last
    assert (ellipse["x"] - start["x"], ellipse["y"] - start["y"], ellipse["angle"]) == (1, 10, 15)
    assert ellipse["width"] == pytest.approx(start["width"] * 1.05)
    assert editor.announced.endswith("turned 15 degrees")
    editor.keys("Control+d")
    assert len(editor.objects) == 4
    editor.keys("[")
    assert editor.announced == "Layer 3 of 4"
    editor.keys("Delete")
    assert editor.announced == "Ellipse deleted"
    editor.keys("Tab", "Tab")
    assert editor.announced == "Text “After the rain” selected"
    editor.keys("Enter")
    editor.page.keyboard.type("Dawn")
    editor.keys("Escape")
    assert editor.objects[1]["text"] == "Dawn"
    editor.keys("s")
    assert editor.page.evaluate("document.activeElement.textContent") == "Fill"
    editor.keys("Escape", "Escape")
    assert editor.announced == "Nothing selected"
    editor.keys(*["Control+z"] * 10)
    assert [each["kind"] for each in editor.objects] == ["picture", "text"]


def test_tab_steps_through_the_objects_and_then_leaves(editor: EditorPage) -> None:
    editor.frame.focus()
    announced = []
    while editor.frame.evaluate("node => node === document.activeElement"):
        editor.keys("Tab")
        announced.append(editor.announced)
    assert announced[:2] == ["Sample picture selected", "Text “After the rain” selected"]
    assert len(announced) == 3


def test_a_second_click_edits_a_text_as_one_undo_step(editor: EditorPage) -> None:
    editor.click(200, 592)
    assert editor.page.get_by_role("textbox", name="Text").count() == 0
    editor.click(200, 592)
    field = editor.page.get_by_role("textbox", name="Text", exact=True)
    height = editor.last["height"]
    field.press_sequentially("Somewhere in the middle of the night")
    assert editor.last["height"] == pytest.approx(2 * height)
    editor.click(1100, 100)
    assert field.count() == 0
    editor.keys("Control+z")
    assert editor.last["text"] == "After the rain"


def test_a_text_takes_the_direction_of_its_first_letter(editor: EditorPage) -> None:
    assert editor.page.evaluate(DIRECTIONS, "שלום (2)\n1. Abc\n¡مرحبا!") == [
        ["שלום (2)", "rtl"],
        ["1. Abc", "ltr"],
        ["¡مرحبا!", "rtl"],
    ]
    editor.tool("Add text")
    field = editor.page.get_by_role("textbox", name="Text", exact=True)
    assert field.get_attribute("dir") == "auto"


def test_a_new_text_has_room_for_a_word_in_every_frame(editor: EditorPage) -> None:
    for aspect in ("16:9", "9:16"):
        editor.page.evaluate("(aspect) => (editor.aspect = aspect)", aspect)
        editor.tool("Add text")
        line = editor.last["height"]
        editor.page.keyboard.type("Mountains")
        assert editor.last["height"] == line
        assert editor.last["width"] <= SIZES[aspect][0]
        editor.keys("Escape")


def test_an_empty_text_is_removed(editor: EditorPage) -> None:
    editor.tool("Add text")
    editor.keys("Backspace", "Escape")
    assert len(editor.objects) == 2


def test_the_inspector_changes_the_style_and_a_slider_is_one_undo_step(editor: EditorPage) -> None:
    editor.tool("Add rectangle")
    editor.tool("Fill")
    editor.tool("Coral")
    assert editor.last["fill"] == ["#ff6b57"]
    editor.keys("Escape")
    editor.tool("Style")
    slider = editor.page.get_by_label("Opacity")
    slider.fill("80")
    slider.fill("40")
    editor.page.get_by_role("switch", name="Shadow").click()
    assert (editor.last["opacity"], editor.last["shadow"]) == (40, True)
    editor.keys("Control+z")
    assert (editor.last["opacity"], editor.last["shadow"]) == (40, False)
    editor.keys("Escape")
    editor.tool("Arrange")
    for name, length in (("Width", "600"), ("Height", "90")):
        editor.page.get_by_role("slider", name=name).fill(length)
    assert (editor.last["width"], editor.last["height"]) == (600, 90)


def test_only_weights_that_look_different_are_offered(editor: EditorPage) -> None:
    editor.click(200, 592)
    editor.tool("Font")
    weight = editor.page.get_by_label("Weight")
    for font in ("sans", "serif", "mono"):
        editor.page.get_by_label("Family").select_option(font)
        looks = set(editor.page.evaluate(LOOKS_OF_WEIGHTS))
        offered = weight.locator("option").all_inner_texts()
        assert len(offered) == len(looks)
        exported = set()
        for name in offered:
            weight.select_option(label=name)
            assert weight.locator("option:checked").inner_text() == name
            exported.add(editor.blob())
        assert len(exported) == len(offered)


def test_each_aspect_ratio_exports_a_jpeg_of_the_models_size(editor: EditorPage) -> None:
    before = editor.last
    for aspect, (width, height) in SIZES.items():
        editor.page.get_by_role("radio", name=aspect).check()
        with Image.open(io.BytesIO(editor.blob())) as image:
            assert (image.format, image.size) == ("JPEG", (width, height))
            assert len(image.convert("RGB").resize((64, 64)).getcolors(4096) or []) > 500
        assert editor.last["x"] / width == pytest.approx(before["x"] / 1280)
        assert editor.last["y"] / height == pytest.approx(before["y"] / 720, abs=0.01)
        assert editor.last["width"] / width == pytest.approx(before["width"] / 1280)


def test_a_failed_export_rejects_with_image_unavailable(editor: EditorPage) -> None:
    code = editor.page.evaluate("""async () => {
      HTMLCanvasElement.prototype.toBlob = (done) => done(null);
      return editor.toBlob().catch(({ code }) => code);
    }""")
    assert code == "image_unavailable"


def test_touch_drags_an_object_and_scrolls_the_page_elsewhere(phone: EditorPage) -> None:
    before = phone.last
    phone.drag_by_finger((200, 592), (60, -300))
    assert phone.last["y"] == pytest.approx(before["y"] - 300, abs=20)
    assert phone.page.evaluate("scrollY") == 0
    moved = phone.last
    phone.keys("Escape")
    phone.drag_by_finger((1000, 600), (0, -500))
    phone.until("scrollY > 0")
    assert phone.last == moved
    assert phone.objects[0]["y"] == 360


def test_a_second_tap_edits_a_text_without_horizontal_scrolling(phone: EditorPage) -> None:
    for _ in range(2):
        phone.page.touchscreen.tap(*phone.place(200, 592))
        assert phone.page.evaluate("document.documentElement.scrollWidth") == 390
    assert phone.page.get_by_role("textbox", name="Text", exact=True).count() == 1


def test_axe_finds_nothing_serious_in_dark_and_light_mode(editor: EditorPage) -> None:
    editor.click(200, 592)
    editor.tool("Style")
    for scheme in ("dark", "light"):
        editor.page.emulate_media(color_scheme=scheme)
        violations = Axe().run(editor.page).response["violations"]
        assert [each for each in violations if each["impact"] in {"serious", "critical"}] == []
