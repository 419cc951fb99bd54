"""Pictures in the editor: pasted, dropped, uploaded, invalid, and after a reload."""

from PIL import Image

from tests.browser.editor_page import EditorPage, encoded


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


def test_a_reload_keeps_the_canvas(editor: EditorPage) -> None:
    editor.give_file("drop", encoded(300, 200), "image/png")
    editor.until_picture(300, 200)
    editor.tool("Add star")
    before = editor.objects
    editor.until_draft_saved()
    editor.page.reload()
    editor.until_ready()
    assert editor.objects == before
    assert editor.picture == [300, 200]
