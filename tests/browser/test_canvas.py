"""The editor on a page of its own: mouse, keyboard, touch, valid and invalid pictures."""

import io
from collections.abc import Iterator

import pytest
from axe_playwright_python.sync_playwright import Axe
from PIL import Image
from playwright.sync_api import Browser, BrowserContext

from tests.browser.console import Console
from tests.browser.editor_page import SIZES, EditorPage, encoded
from tests.browser.server import Server


@pytest.fixture
def desk(context: BrowserContext, service: Server) -> EditorPage:
    return EditorPage(context, service)


@pytest.fixture
def phone(chromium: Browser, console: Console, service: Server) -> Iterator[EditorPage]:
    viewport = {"width": 390, "height": 500}
    with chromium.new_context(viewport=viewport, has_touch=True, is_mobile=True) as context:  # type: ignore[arg-type]  # the stubs want their own TypedDict
        console.listen(context)
        yield EditorPage(context, service)


def test_the_editor_opens_with_a_picture_and_a_headline(desk: EditorPage) -> None:
    assert desk.picture == [1280, 1280]
    assert [each["kind"] for each in desk.objects] == ["text"]
    assert not desk.page.evaluate("editor.isEmpty || editor.canUndo")
    assert desk.page.evaluate("editor.snapshotUrl()").startswith("data:image/jpeg;base64,")


def test_the_mouse_adds_moves_resizes_and_rotates_and_each_step_can_be_undone(
    desk: EditorPage,
) -> None:
    desk.tool("Add rectangle")
    added = desk.last
    desk.page.keyboard.down("Alt")
    desk.drag((640, 360), (440, 300))
    desk.page.keyboard.up("Alt")
    moved = desk.last
    assert (moved["x"], moved["y"]) == pytest.approx((440, 300), abs=1)
    corner = (moved["x"] + moved["width"] / 2, moved["y"] + moved["height"] / 2)
    desk.drag(corner, (corner[0] + 100, corner[1] + 50))
    resized = desk.last
    assert resized["width"] == pytest.approx(moved["width"] + 100, abs=3)
    assert resized["x"] - resized["width"] / 2 == pytest.approx(moved["x"] - moved["width"] / 2)
    scale = desk.page.evaluate("document.querySelector('[role=application]').clientWidth") / 1280
    stem = (resized["x"], resized["y"] - resized["height"] / 2 - 26 / scale)
    desk.drag(stem, (resized["x"] + 300, resized["y"]))
    assert desk.last["angle"] == 90

    for state in (resized, moved, added):
        desk.tool("Undo")
        assert desk.last == state
    desk.keys("Control+z")
    assert [each["kind"] for each in desk.objects] == ["text"]
    for state in (added, moved, resized):
        desk.keys("Control+Shift+z")
        assert desk.last == state


def test_a_dragged_object_snaps_to_the_middle_unless_alt_is_held(desk: EditorPage) -> None:
    desk.tool("Add star")
    desk.drag((640, 360), (300, 250))
    desk.drag((300, 250), (644, 250))
    assert desk.last["x"] == 640
    desk.page.keyboard.down("Alt")
    desk.drag((640, 250), (650, 250))
    assert desk.last["x"] == pytest.approx(650, abs=1)


def test_escape_cancels_a_drag(desk: EditorPage) -> None:
    desk.tool("Add star")
    before = desk.last
    desk.page.mouse.move(*desk.place(640, 360))
    desk.page.mouse.down()
    desk.page.mouse.move(*desk.place(900, 200), steps=3)
    assert desk.last != before
    desk.keys("Escape")
    desk.page.mouse.up()
    assert desk.last == before


def test_the_keyboard_alone_does_everything_and_screen_readers_are_told(desk: EditorPage) -> None:
    desk.keys("Tab", "ArrowRight", "ArrowRight", "Enter")
    assert (desk.last["kind"], desk.announced) == ("ellipse", "Ellipse added")
    start = desk.last
    desk.keys("ArrowRight", "Shift+ArrowDown", "+", "r")
    ellipse = desk.last
    assert (ellipse["x"] - start["x"], ellipse["y"] - start["y"], ellipse["angle"]) == (1, 10, 15)
    assert ellipse["width"] == pytest.approx(start["width"] * 1.05)
    assert desk.announced.endswith("turned 15 degrees")
    desk.keys("Control+d")
    assert len(desk.objects) == 3
    desk.keys("[")
    assert desk.announced == "Layer 2 of 3"
    desk.keys("Delete")
    assert desk.announced == "Ellipse deleted"
    desk.keys("Tab", "Tab")
    assert desk.announced == "Text “After the rain” selected"
    desk.keys("Enter")
    desk.page.keyboard.type("Dawn")
    desk.keys("Escape")
    assert desk.objects[0]["text"] == "Dawn"
    desk.keys("s")
    assert desk.page.evaluate("document.activeElement.textContent") == "Fill"
    desk.keys("Escape", "Escape")
    assert desk.announced == "Nothing selected"
    desk.keys(*["Control+z"] * 10)
    assert [each["kind"] for each in desk.objects] == ["text"]


def test_tab_steps_through_the_objects_and_then_leaves(desk: EditorPage) -> None:
    desk.frame.focus()
    announced = []
    while desk.frame.evaluate("node => node === document.activeElement"):
        desk.keys("Tab")
        announced.append(desk.announced)
    assert announced[:2] == ["Picture selected", "Text “After the rain” selected"]
    assert len(announced) == 3


def test_a_second_click_edits_a_text_as_one_undo_step(desk: EditorPage) -> None:
    desk.click(200, 592)
    assert desk.page.get_by_role("textbox", name="Text").count() == 0
    desk.click(200, 592)
    field = desk.page.get_by_role("textbox", name="Text", exact=True)
    height = desk.last["height"]
    field.press_sequentially("Somewhere in the middle of the night")
    assert desk.last["height"] == pytest.approx(2 * height)
    desk.click(1100, 100)
    assert field.count() == 0
    desk.keys("Control+z")
    assert desk.last["text"] == "After the rain"


def test_an_empty_text_is_removed(desk: EditorPage) -> None:
    desk.tool("Add text")
    desk.keys("Backspace", "Escape")
    assert len(desk.objects) == 1


def test_the_inspector_changes_the_style_and_a_slider_is_one_undo_step(desk: EditorPage) -> None:
    desk.tool("Add rectangle")
    desk.tool("Fill")
    desk.tool("Coral")
    assert desk.last["fill"] == ["#ff6b57"]
    desk.keys("Escape")
    desk.tool("Style")
    slider = desk.page.get_by_label("Opacity")
    slider.fill("80")
    slider.fill("40")
    desk.page.get_by_role("switch", name="Shadow").click()
    assert (desk.last["opacity"], desk.last["shadow"]) == (40, True)
    desk.keys("Control+z")
    assert (desk.last["opacity"], desk.last["shadow"]) == (40, False)


def test_each_aspect_ratio_exports_a_png_of_the_models_size(desk: EditorPage) -> None:
    before = desk.last
    for aspect, (width, height) in SIZES.items():
        desk.page.get_by_role("radio", name=aspect).check()
        with Image.open(io.BytesIO(desk.blob())) as image:
            assert (image.format, image.size) == ("PNG", (width, height))
            assert len(image.convert("RGB").resize((64, 64)).getcolors(4096) or []) > 500
        assert desk.last["x"] / width == pytest.approx(before["x"] / 1280)
        assert desk.last["y"] / height == pytest.approx(before["y"] / 720, abs=0.01)
        assert desk.last["width"] / width == pytest.approx(before["width"] / 1280)


def test_a_failed_export_rejects_with_image_unavailable(desk: EditorPage) -> None:
    code = desk.page.evaluate("""async () => {
      HTMLCanvasElement.prototype.toBlob = (done) => done(null);
      return editor.toBlob().catch(({ code }) => code);
    }""")
    assert code == "image_unavailable"


def test_a_picture_can_be_pasted_and_dropped(desk: EditorPage) -> None:
    for way in ("paste", "drop"):
        desk.give_file(way, encoded(300, 200), "image/png")
        desk.until("editor.scene.picture.bitmap.width === 300")
        assert desk.announced == "Picture placed"
        desk.keys("Control+z")
        assert desk.picture == [1280, 1280]


def test_an_uploaded_photo_is_turned_upright_and_scaled_down(desk: EditorPage) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # turned by a quarter
    photo = encoded(5000, 1000, "JPEG", exif=exif)
    with desk.page.expect_file_chooser() as chooser:
        desk.tool("Upload a picture")
    chooser.value.set_files({"name": "photo.jpg", "mimeType": "image/jpeg", "buffer": photo})
    desk.until("editor.scene.picture.bitmap.height === 4096")
    assert desk.picture == [819, 4096]


def test_a_bad_picture_is_reported_and_the_canvas_is_unchanged(desk: EditorPage) -> None:
    for content, kind, code in (
        (b"words", "text/plain", "unsupported_image"),
        (encoded(300, 200)[:60], "image/png", "invalid_image"),
        (encoded(10_000, 9_000), "image/png", "image_too_large"),
    ):
        desk.give_file("drop", content, kind)
        desk.until("(code) => notices.at(-1)?.code === code", code)
    assert desk.page.evaluate("notices.length") == 3
    assert desk.picture == [1280, 1280]
    assert not desk.page.evaluate("editor.canUndo")


def test_the_picture_can_be_panned_zoomed_removed_and_replaced_by_the_sample(
    desk: EditorPage,
) -> None:
    desk.drag((900, 200), (900, 300))
    assert desk.page.evaluate("editor.scene.picture.y") == pytest.approx(0.5 - 100 / 560, abs=0.01)
    desk.keys("+")
    assert desk.page.evaluate("editor.scene.picture.zoom") == pytest.approx(105)
    desk.keys("Delete")
    assert desk.picture is None
    desk.click(200, 592)
    desk.keys("Delete")
    assert desk.page.evaluate("editor.isEmpty")
    desk.tool("Use the sample picture")
    desk.until("editor.scene.picture")


def test_a_reload_keeps_the_canvas(desk: EditorPage) -> None:
    desk.give_file("drop", encoded(300, 200), "image/png")
    desk.until("editor.scene.picture.bitmap.width === 300")
    desk.tool("Add star")
    before = desk.objects
    desk.until_draft_saved()
    desk.page.reload()
    desk.until_ready()
    assert desk.objects == before
    assert desk.picture == [300, 200]


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
    assert phone.page.evaluate("editor.scene.picture.y") == 0.5


def test_a_second_tap_edits_a_text_without_horizontal_scrolling(phone: EditorPage) -> None:
    for _ in range(2):
        phone.page.touchscreen.tap(*phone.place(200, 592))
        assert phone.page.evaluate("document.documentElement.scrollWidth") == 390
    assert phone.page.get_by_role("textbox", name="Text", exact=True).count() == 1


def test_axe_finds_nothing_serious_in_dark_and_light_mode(desk: EditorPage) -> None:
    desk.click(200, 592)
    desk.tool("Style")
    for scheme in ("dark", "light"):
        desk.page.emulate_media(color_scheme=scheme)
        violations = Axe().run(desk.page).response["violations"]
        assert [each for each in violations if each["impact"] in {"serious", "critical"}] == []
