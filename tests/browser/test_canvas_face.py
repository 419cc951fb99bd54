"""What the rest of the page uses of the editor."""

import base64
import io

from PIL import Image

from tests.browser.editor_page import EditorPage, encoded


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
