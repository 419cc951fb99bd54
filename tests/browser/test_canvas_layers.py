"""Pictures as layers: placed, cropped, arranged, and how much memory they keep."""

import base64
import io
from typing import Any

import pytest
from PIL import Image

from tests.browser.editor_page import EditorPage, encoded

LIVE_BITMAPS = """
globalThis.liveBitmaps = new Set();
const create = createImageBitmap;
globalThis.createImageBitmap = async (...given) => {
  const bitmap = await create(...given);
  liveBitmaps.add(bitmap);
  return bitmap;
};
const close = ImageBitmap.prototype.close;
ImageBitmap.prototype.close = function () {
  liveBitmaps.delete(this);
  return close.call(this);
};
"""
OPACITY_ABOVE_FRAME = """() => {
  const [layer] = document.querySelectorAll(".canvas-layer");
  const paper = document.querySelector(".canvas-paper").getBoundingClientRect();
  const stage = layer.getBoundingClientRect();
  const ratio = layer.width / layer.clientWidth;
  const x = (paper.left + paper.width / 2 - stage.left) * ratio;
  const y = (paper.top - 6 - stage.top) * ratio;
  const pixel = new OffscreenCanvas(1, 1).getContext("2d");
  pixel.drawImage(layer, x, y, 1, 1, 0, 0, 1, 1);
  return pixel.getImageData(0, 0, 1, 1).data[3];
}"""


def photo(width: int, height: int, colour: str = "teal") -> bytes:
    return encoded(width, height, "JPEG", colour=colour)


def of(picture: dict[str, Any], *parts: str) -> list[float]:
    return [picture[part] for part in parts]


def test_the_first_photo_is_shown_whole_and_offers_its_ratio(editor: EditorPage) -> None:
    editor.give_file("drop", photo(1200, 900), "image/jpeg")
    editor.until_picture(1200, 900)
    (picture,) = editor.objects
    assert editor.page.evaluate("editor.selection") == [picture["id"]]
    assert of(picture, "x", "y", "width", "height") == [640, 360, 960, 720]
    assert editor.announced.endswith("This picture is about 4:3. The canvas can have 4:3")
    offer = editor.page.get_by_role("group", name="Ratio of the picture")
    editor.tool("Set the canvas to 4:3")
    assert offer.is_hidden()
    assert editor.aspect == "4:3"
    assert of(editor.last, "x", "y", "width", "height") == [640, 480, 1280, 960]

    editor.keys("Control+z")
    assert (editor.aspect, editor.last) == ("16:9", picture)
    editor.keys("Control+z")
    assert [each["kind"] for each in editor.objects] == ["picture", "text"]
    assert editor.announced == "Undone"

    editor.page.evaluate("editor.wantedAspects = ['16:9', '9:16']")
    editor.give_file("drop", photo(900, 1200), "image/jpeg")
    editor.until_picture(900, 1200)
    assert editor.announced.endswith(
        "This picture is about 3:4, which this template does not make. The canvas can have 9:16"
    )
    editor.tool("Set the canvas to 9:16")
    assert of(editor.last, "width", "height") == [960, 1280]
    editor.keys("Control+z", "Control+z")
    editor.give_file("drop", photo(1600, 1200), "image/jpeg")
    editor.until_picture(1600, 1200)
    assert offer.is_hidden()


def test_a_further_picture_is_a_layer_and_nothing_of_it_is_cut_unseen(editor: EditorPage) -> None:
    for width, height in ((1600, 900), (200, 100)):
        editor.give_file("paste", photo(width, height), "image/jpeg")
        editor.until_picture(width, height)
    assert [each["width"] for each in editor.objects] == [1280, 200]
    assert editor.page.get_by_role("group", name="Ratio of the picture").is_hidden()

    editor.keys("Control+z", "Control+z")
    editor.give_file("paste", photo(800, 1600), "image/jpeg")
    editor.until_picture(800, 1600)
    editor.tool("Fill")
    assert of(editor.last, "width", "height", "y") == [1280, 2560, 360]
    editor.until(f"({OPACITY_ABOVE_FRAME})() > 0")
    editor.keys("Escape", "Escape")
    editor.until(f"({OPACITY_ABOVE_FRAME})() === 0")
    editor.page.get_by_role("radio", name="9:16").check()
    assert of(editor.last, "width", "height") == [720, 1440], "it still covers the canvas"
    editor.click(300, 600)
    editor.tool("Fit")
    assert of(editor.last, "width", "height", "y") == [640, 1280, 640]


def test_a_picture_is_cropped_by_its_edges_by_hand_and_by_keyboard(editor: EditorPage) -> None:
    editor.give_file("drop", photo(1600, 900), "image/jpeg")
    editor.until_picture(1600, 900)
    editor.drag((0, 360), (320, 360))
    left = editor.last
    assert left["cut"] == pytest.approx({"left": 0.25, "right": 0, "top": 0, "bottom": 0}, abs=0.01)
    assert left["x"] + left["width"] / 2 == pytest.approx(1280)

    editor.tool("Crop")
    editor.page.get_by_role("slider", name="Bottom").fill("50")
    assert of(editor.last, "y", "height") == pytest.approx([180, 360])
    editor.tool("Crop by hand")
    editor.drag((800, 180), (900, 80))
    moved = editor.last
    assert moved["cut"] == pytest.approx(
        {
            "left": 0.25 - 100 / 1280,
            "right": 100 / 1280,
            "top": 100 / 720,
            "bottom": 0.5 - 100 / 720,
        },
        abs=0.01,
    )
    size = [left["x"], 180, left["width"], 360]
    assert of(moved, "x", "y", "width", "height") == pytest.approx(size)
    editor.keys("ArrowLeft")
    assert editor.last["cut"]["left"] == pytest.approx(moved["cut"]["left"] + 1 / 1280)
    assert "left" in editor.announced
    editor.keys("Enter")
    assert editor.announced == "Cropping ended"

    editor.tool("Arrange")
    editor.tool("Flip across")
    assert editor.last["cut"]["right"] == pytest.approx(moved["cut"]["left"] + 1 / 1280)
    editor.keys("Escape")
    editor.tool("Crop")
    editor.tool("Show all of it")
    assert of(editor.last, "width", "height") == pytest.approx([1280, 720])


def test_several_objects_are_selected_and_changed_together(editor: EditorPage) -> None:
    editor.tool("Add rectangle")
    editor.tool("Add ellipse")
    editor.page.keyboard.down("Alt")
    editor.drag((640, 360), (300, 200))
    editor.page.keyboard.up("Alt")
    rectangle, ellipse = editor.objects[-2:]
    editor.click(640, 420)
    editor.page.keyboard.down("Shift")
    editor.click(300, 200)
    editor.page.keyboard.up("Shift")
    assert editor.announced == "2 objects selected"
    editor.keys("Shift+ArrowDown")
    assert [each["y"] for each in editor.objects[-2:]] == [rectangle["y"] + 10, ellipse["y"] + 10]

    editor.tool("Arrange")
    editor.tool("Align left")
    lefts = [each["x"] - each["width"] / 2 for each in editor.objects[-2:]]
    assert lefts[0] == lefts[1]
    editor.tool("Send to back")
    assert [each["kind"] for each in editor.objects] == ["rectangle", "ellipse", "picture", "text"]
    editor.keys("Escape")
    editor.frame.focus()
    editor.keys("+")
    assert editor.objects[0]["width"] == pytest.approx(rectangle["width"] * 1.05)
    editor.keys("Control+d")
    assert editor.announced == "2 objects added"
    editor.keys("Delete")
    assert (editor.announced, len(editor.objects)) == ("2 objects deleted", 4)

    editor.tool("Layers")
    layers = editor.page.get_by_role("dialog", name="Layers").get_by_role("checkbox")
    assert layers.count() == 4
    layers.last.check()
    layers.nth(2).check()
    editor.keys("Escape")
    assert editor.announced == "2 objects selected"
    editor.frame.focus()
    editor.keys("Control+a")
    assert editor.announced == "4 objects selected"
    editor.keys("Delete", "Control+z")
    assert len(editor.objects) == 4


def test_a_frame_around_objects_selects_them_and_its_corner_scales_them(editor: EditorPage) -> None:
    editor.frame.focus()
    editor.keys("Control+a", "Delete")
    for at in ((320, 180), (960, 540)):
        editor.tool("Add star")
        editor.page.keyboard.down("Alt")
        editor.drag((640, 360), at)
        editor.page.keyboard.up("Alt")
    editor.drag((20, 20), (1260, 700))
    assert editor.page.evaluate("editor.selection") == [1, 2]
    editor.drag((20, 20), (500, 400))
    assert editor.page.evaluate("editor.selection") == [1]
    editor.keys("Control+a")
    first, second = editor.objects
    corner = (second["x"] + second["width"] / 2, second["y"] + second["height"] / 2)
    anchor = (first["x"] - first["width"] / 2, first["y"] - first["height"] / 2)
    half = ((corner[0] + anchor[0]) / 2, (corner[1] + anchor[1]) / 2)
    editor.drag(corner, half)
    scaled = editor.objects
    assert scaled[0]["width"] == pytest.approx(first["width"] / 2, rel=0.02)
    assert scaled[1]["x"] - scaled[0]["x"] == pytest.approx(
        (second["x"] - first["x"]) / 2, rel=0.02
    )


def test_undo_shares_bitmaps_and_keeps_few_open(editor: EditorPage) -> None:
    editor.page.add_init_script(LIVE_BITMAPS)
    editor.page.reload()
    editor.until_ready()
    sizes = [(4000, 3000), (400, 300), (500, 300), (600, 300), (700, 300)]
    contents = [base64.b64encode(photo(*size)).decode() for size in sizes]
    state = editor.page.evaluate(
        """async (contents) => {
          for (const content of contents) {
            const bytes = Uint8Array.from(atob(content), (letter) => letter.charCodeAt(0));
            await editor.showPicture(new Blob([bytes], { type: "image/jpeg" }));
          }
          editor.select([1]);
          for (let edit = 0; edit < 20; edit += 1) editor.clipboard.duplicate();
          const sources = new Set(editor.scene.objects.map(({ source }) => source));
          return { live: liveBitmaps.size, shown: sources.size };
        }""",
        contents,
    )
    assert state == {"live": 3, "shown": 1}, "the one that is shown, and two for undo"

    editor.page.evaluate("() => { for (let step = 0; step < 24; step += 1) editor.undo(); }")
    editor.until("Boolean(editor.scene.objects[0].source.bitmap)")
    assert editor.picture == [2048, 1536]
    assert editor.page.evaluate("liveBitmaps.size") <= 3
    with Image.open(io.BytesIO(editor.blob())) as image:
        assert image.convert("RGB").getpixel((640, 480)) == pytest.approx((0, 128, 128), abs=3)
