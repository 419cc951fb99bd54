"""The view of the canvas: zoom and pan by wheel, keyboard, buttons and fingers."""

import pytest

from tests.browser.axe import serious
from tests.browser.editor_page import EditorPage

SMALL_TARGETS = """() => [...document.querySelectorAll("#host :is(button, label, select)")]
  .filter((node) => node.offsetWidth && !node.matches(".canvas-swatch"))
  .filter((node) => node.offsetHeight < 44)
  .map((node) => node.ariaLabel ?? node.textContent)"""

PAPER = "document.querySelector('.canvas-paper')"


def zoom(editor: EditorPage) -> float:
    return round(editor.scale / float(editor.page.evaluate("fitScale")), 2)


def test_the_view_is_zoomed_and_moved_without_changing_the_canvas(editor: EditorPage) -> None:
    page = editor.page
    page.evaluate(f"globalThis.fitScale = {editor.scale}")
    before = editor.objects
    page.mouse.move(*editor.place(320, 180))
    page.keyboard.down("Control")
    page.mouse.wheel(0, -300)
    page.keyboard.up("Control")
    editor.until("document.querySelector('.canvas-zoomed')")
    zoomed = editor.scale
    assert zoomed > 1.5 * page.evaluate("fitScale")
    left = editor.place(0, 0)
    page.mouse.wheel(40, 30)
    editor.until(
        "(left) => document.querySelector('.canvas-paper').getBoundingClientRect().x < left",
        left[0],
    )
    assert editor.place(0, 0) == pytest.approx((left[0] - 40, left[1] - 30))
    editor.drag((320, 180), (330, 190))
    assert editor.objects[0]["x"] == pytest.approx(650, abs=2), "points are found in a moved view"
    editor.keys("Control+z", "Escape", "0")
    assert zoom(editor) == 1
    editor.keys("z", "z", "ArrowRight")
    assert zoom(editor) == pytest.approx(1.56, abs=0.01)
    editor.keys("Shift+Z")
    editor.tool("View")
    editor.tool("Zoom out")
    editor.tool("Zoom out")
    assert page.get_by_role("button", name="80 %").is_visible()
    page.get_by_role("button", name="80 %").click()
    assert zoom(editor) == 1
    assert editor.objects == before
    editor.keys("Escape")
    editor.frame.focus()
    start = editor.place(640, 360)
    editor.keys("z")
    page.keyboard.down("Space")
    editor.drag((640, 360), (700, 400))
    page.keyboard.up("Space")
    assert editor.place(640, 360)[0] > start[0] + 20
    assert editor.objects == before


def test_two_fingers_zoom_the_view_and_on_the_selection_they_scale_it(phone: EditorPage) -> None:
    phone.page.evaluate(f"globalThis.fitScale = {phone.scale}")
    before = phone.objects
    apart = [((500, 300), (300, 300)), ((700, 300), (900, 300))]
    phone.drag_by_fingers(apart)
    assert zoom(phone) == pytest.approx(3, abs=0.3)
    assert phone.objects == before
    phone.frame.focus()
    phone.keys("0", "Tab")
    assert phone.announced == "Sample picture selected"
    phone.drag_by_fingers(apart)
    assert zoom(phone) == 1
    assert phone.objects[0]["width"] == pytest.approx(before[0]["width"] * 3, rel=0.1)
    phone.keys("Control+z")
    assert phone.objects == before
    assert phone.page.evaluate("scrollY") == 0


def test_a_finger_has_targets_of_44_pixels_and_axe_finds_nothing(phone: EditorPage) -> None:
    phone.page.touchscreen.tap(*phone.place(640, 200))
    for name in ("Crop", "Style", "Arrange", "Layers", "View"):
        phone.tool(name)
        assert phone.page.evaluate(SMALL_TARGETS) == []
        if name in {"Arrange", "Layers"}:
            assert serious(phone.page) == []
        phone.keys("Escape")
    scale = phone.scale
    phone.tool("Add star")
    star = phone.last
    corner = (star["x"] + star["width"] / 2, star["y"] + star["height"] / 2)
    beside = (corner[0] + 14 / scale, corner[1] + 14 / scale)
    phone.drag_by_finger(beside, (100, 100))
    assert phone.last["width"] > star["width"] + 50
