"""Copies, tabs and texts: what leaves the canvas and comes back to it."""

from tests.browser.editor_page import EditorPage, encoded
from tests.browser.server import Server

DIRECTIONS = """async (text) => {
  const { eachLine } = await import("/assets/latest/canvas/text-layout.js");
  const context = document.createElement("canvas").getContext("2d");
  const look = { kind: "text", text, size: 40, weight: 400, font: "sans", align: "right" };
  const lines = [];
  const write = (line) => lines.push([line, context.direction]);
  eachLine(context, { ...look, width: 900, height: 90 }, write);
  return lines;
}"""


def test_objects_are_copied_cut_and_pasted_also_into_another_tab(
    editor: EditorPage, service: Server
) -> None:
    editor.give_file("drop", encoded(300, 200), "image/png")
    editor.until_picture(300, 200)
    editor.tool("Add star")
    editor.keys("Control+a", "Control+c")
    assert editor.announced == "2 objects copied"
    star = editor.last
    editor.keys("Control+v", "Control+v")
    editor.until("editor.scene.objects.length === 6")
    assert editor.last["x"] == star["x"] + 64
    shared = "new Set(editor.scene.objects.map(({ source }) => source).filter(Boolean)).size"
    assert editor.page.evaluate(shared) == 1
    editor.keys("Control+x")
    assert len(editor.objects) == 4
    editor.until_draft_saved()

    other = EditorPage(editor.page.context, service)
    assert len(other.objects) == 4, "a new tab brings the last canvas back"
    other.frame.focus()
    other.keys("Control+a", "Delete", "Control+v")
    other.until("Boolean(editor.scene.objects[0]?.source?.bitmap)")
    assert [each["kind"] for each in other.objects] == ["picture", "star"]
    other.until_draft_saved()
    for tab, count in ((editor, 4), (other, 2)):
        tab.page.reload()
        tab.until_ready()
        assert len(tab.objects) == count, "each tab keeps its own canvas"
    assert other.picture == [300, 200]


def test_a_text_takes_the_direction_of_its_first_letter(editor: EditorPage) -> None:
    assert editor.page.evaluate(DIRECTIONS, "שלום (2)\n1. Abc\n¡مرحبا!") == [
        ["שלום (2)", "rtl"],
        ["1. Abc", "ltr"],
        ["¡مرحبا!", "rtl"],
    ]
    editor.tool("Add text")
    field = editor.page.get_by_role("textbox", name="Text", exact=True)
    assert field.get_attribute("dir") == "auto"


def test_a_heic_picture_is_named_with_how_to_export_it(editor: EditorPage) -> None:
    editor.give_file("drop", b"\0\0\0\x18ftypheic\0\0\0\0mif1heic", "")
    editor.until("notices.length === 1")
    message = editor.page.evaluate("notices[0].message")
    assert message.startswith("This is a HEIC image, which this browser cannot open.")
    assert "export it from Photos as JPEG" in message
