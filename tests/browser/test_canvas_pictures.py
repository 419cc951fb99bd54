"""What comes into the canvas and leaves it: pictures, copies, drafts, and the page's calls."""

import base64
import io
from pathlib import Path

from PIL import Image
from playwright.sync_api import expect

from tests.browser.editor_page import EditorPage, encoded
from tests.browser.server import Server

HEIC = Path(__file__).with_name("drawn.heic").read_bytes()
"""An ellipse of 64 by 48 pixels in HEVC, which Chromium cannot decode. Drawn by Pillow and saved
with ``pillow_heif.register_heif_opener()`` and ``image.save(file, "HEIF", quality=40)``."""


def test_a_picture_can_be_pasted_and_dropped(editor: EditorPage) -> None:
    for way in ("paste", "drop"):
        editor.give_file(way, encoded(300, 200), "image/png")
        editor.until_picture(300, 200)
        assert editor.announced.startswith("Picture placed")
        editor.keys("Control+z")
        assert editor.picture == [1280, 1280]


def test_an_uploaded_photo_is_turned_upright_and_scaled_down(editor: EditorPage) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # turned by a quarter
    photo = encoded(5000, 1000, "JPEG", exif=exif)
    with editor.page.expect_file_chooser() as chooser:
        editor.tool("Upload a picture")
    chooser.value.set_files({"name": "photo.jpg", "mimeType": "image/jpeg", "buffer": photo})
    editor.until_picture(410, 2048)


def test_a_bad_picture_is_reported_and_the_canvas_is_unchanged(editor: EditorPage) -> None:
    for content, kind, code in (
        (b"words", "text/plain", "unsupported_image"),
        (encoded(300, 200)[:60], "image/png", "invalid_image"),
        (encoded(10_000, 9_000), "image/png", "image_too_large"),
    ):
        editor.give_file("drop", content, kind)
        editor.until("(code) => notices.at(-1)?.code === code", code)
    assert editor.page.evaluate("notices.length") == 3
    assert editor.picture == [1280, 1280]
    assert not editor.page.evaluate("editor.canUndo")


def test_a_file_that_cannot_be_used_is_named_with_what_to_do(editor: EditorPage) -> None:
    for content, kind, name in (
        (b"\0\0\0\x18ftypavif\0\0\0\0mif1avif", "image/avif", "an AVIF image"),
        (b"\0\0\0\x18ftypisom\0\0\0\0avc1mp41", "video/mp4", "an MP4 video"),
        (encoded(30, 20, "TIFF"), "image/tiff", "a TIFF image"),
        (b"GIF89a", "image/gif", "a GIF"),
        (b"<?xml version='1.0'?><svg xmlns='x'/>", "image/svg+xml", "an SVG drawing"),
        (b"%PDF-1.7", "application/pdf", "a PDF"),
    ):
        editor.give_file("drop", content, kind)
        message = f"This is {name}, which cannot be used here. Save it as PNG, JPEG or WebP first."
        editor.until("(message) => notices.at(-1)?.message === message", message)
        assert editor.page.evaluate("notices.at(-1).code") == "unsupported_image"


def test_a_gif_that_the_browser_opens_is_used(editor: EditorPage) -> None:
    editor.give_file("drop", encoded(300, 200, "GIF"), "image/gif")
    editor.until_picture(300, 200)


def test_the_sample_comes_back_after_it_was_removed(editor: EditorPage) -> None:
    editor.frame.focus()
    editor.keys("Control+a", "Delete")
    assert editor.announced == "2 objects deleted"
    assert editor.page.evaluate("editor.isEmpty")
    editor.tool("Use the sample picture")
    editor.until_picture(1280, 1280)


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


def test_a_draft_that_this_release_cannot_draw_gives_way_to_the_sample(editor: EditorPage) -> None:
    save = """async (change) => {
      const { Drafts } = await import("/assets/latest/canvas/drafts.js");
      await new Drafts(() => "").save(change(editor.scene));
    }"""
    changes = (
        '(scene) => ({ ...scene, aspect: "32:9" })',
        '({ objects, ...scene }) => ({ ...scene, objects: [{ ...objects[0], kind: "cube" }] })',
        "({ objects, ...scene }) => ({ ...scene, objects: objects.map(({ cut, ...old }) => old) })",
        "({ backdrop, objects }) => ({ backdrop, objects: [] })",
    )
    for change in changes:
        editor.page.evaluate(save.replace("change(", f"({change})("))
        editor.page.reload()
        editor.until_ready()
        assert [each["kind"] for each in editor.objects] == ["picture", "text"], change
        assert editor.blob(), change


def test_a_heic_picture_is_named_with_how_to_export_it_and_the_canvas_is_unchanged(
    editor: EditorPage,
) -> None:
    editor.tool("Add star")
    objects, picture = editor.objects, editor.blob()
    for count, (way, kind) in enumerate([("drop", "image/heic"), ("paste", ""), ("choose", "")], 1):
        if way == "choose":
            with editor.page.expect_file_chooser() as chooser:
                editor.tool("Upload a picture")
            chooser.value.set_files({"name": "IMG_1.HEIC", "mimeType": kind, "buffer": HEIC})
        else:
            editor.give_file(way, HEIC, kind)
        editor.until("(count) => notices.length === count", count)
        notice = editor.page.evaluate("notices.at(-1)")
        assert notice["code"] == "unsupported_image"
        assert notice["message"].startswith("This is a HEIC image, which this browser cannot open.")
        assert "export it from Photos as JPEG" in notice["message"]
    assert editor.objects == objects
    assert editor.blob() == picture
    editor.until_draft_saved()
    editor.page.reload()
    editor.until_ready()
    assert editor.blob() == picture


def test_the_page_sets_the_ratio_shows_a_picture_and_learns_what_is_transparent(
    editor: EditorPage,
) -> None:
    run = editor.page.evaluate
    run("""() => {
      globalThis.heard = [];
      editor.addEventListener("aspect-change", () => heard.push(editor.aspect));
      editor.aspect = "9:16";
      editor.aspect = "9:16";
      editor.aspect = "5:2";
      editor.undo();
    }""")
    assert run("heard") == ["9:16", "16:9"]
    assert run("editor.aspects") == ["21:9", "16:9", "4:3", "1:1", "4:5", "3:4", "9:16"]

    picture = base64.b64encode(encoded(600, 810)).decode()
    run(
        """async (content) => {
          const bytes = Uint8Array.from(atob(content), (letter) => letter.charCodeAt(0));
          await editor.showPicture(new Blob([bytes], { type: "image/png" }));
        }""",
        picture,
    )
    assert run("heard.at(-1)") == "3:4"
    with Image.open(io.BytesIO(editor.blob())) as image:
        assert image.convert("L").getextrema() == (0, 0)
    assert not run("editor.hasTransparency()")
    editor.keys("Control+z")
    assert (editor.aspect, len(editor.objects)) == ("16:9", 2)
    run("editor.apply({ ...editor.scene, backdrop: [] })")
    assert run("editor.hasTransparency()")

    editor.page.set_viewport_size({"width": 390, "height": 844})
    for aspect in ("9:16", "21:9"):
        run("(aspect) => { editor.aspect = aspect; }", aspect)
        expect(editor.page.locator(".canvas-aspect", has_text=aspect)).to_be_in_viewport(ratio=1)


def test_a_picture_replaces_the_canvas_while_a_text_is_being_typed(editor: EditorPage) -> None:
    editor.page.get_by_role("button", name="Add text").click()
    expect(editor.page.get_by_label("Text", exact=True)).to_be_focused()
    editor.page.evaluate(
        """async (content) => {
          const bytes = Uint8Array.from(atob(content), (letter) => letter.charCodeAt(0));
          await editor.showPicture(new Blob([bytes], { type: "image/png" }));
        }""",
        base64.b64encode(encoded(600, 810)).decode(),
    )
    assert [each["kind"] for each in editor.objects] == ["picture"]
    expect(editor.page.get_by_label("Text", exact=True)).to_have_count(0)
