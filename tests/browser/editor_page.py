"""The canvas editor on a page of its own."""

import base64
import io
import time
from collections.abc import Sequence
from typing import Any

from PIL import Image
from playwright.sync_api import BrowserContext, FloatRect, Page, Route

from tests.browser.server import Server
from tests.browser.tab import TIMEOUT

Place = tuple[float, float]

PAGE = """<!doctype html>
<html lang="en">
  <meta name="viewport" content="width=device-width">
  <title>Editor</title>
  <link rel="stylesheet" href="/assets/latest/styles/tokens.css">
  <link rel="stylesheet" href="/assets/latest/styles/base.css">
  <link rel="stylesheet" href="/assets/latest/styles/canvas.css">
  <link rel="stylesheet" href="/assets/latest/styles/canvas-stage.css">
  <link rel="stylesheet" href="/assets/latest/styles/canvas-panels.css">
  <main><h1>Editor</h1><div id="host"></div><pre>\n\n\n\n\n\n\n\n\n\n\n\n</pre></main>
  <script type="module" src="/editor/start.js"></script>
</html>"""
START = """
import { CanvasEditor } from "/assets/latest/canvas/editor.js";
document.querySelector("#host").style.height = "520px";
const sampleUrl = "/assets/latest/canvas/sample.webp";
const editor = new CanvasEditor(document.querySelector("#host"), { sampleUrl });
globalThis.notices = [];
editor.addEventListener("notice", ({ detail }) => notices.push(detail));
await editor.ready;
globalThis.editor = editor;
"""
SIZES = {
    "21:9": (1280, 548),
    "16:9": (1280, 720),
    "4:3": (1280, 960),
    "1:1": (1280, 1280),
    "4:5": (1024, 1280),
    "3:4": (960, 1280),
    "9:16": (720, 1280),
}


def encoded(
    width: int, height: int, kind: str = "PNG", colour: str = "black", **options: Any
) -> bytes:
    file = io.BytesIO()
    Image.new("L" if kind == "PNG" else "RGB", (width, height), colour).save(file, kind, **options)
    return file.getvalue()


class EditorPage:
    """Drives an editor in a tab; coordinates are pixels of the model's frame."""

    def __init__(self, context: BrowserContext, service: Server) -> None:
        self.page: Page = context.new_page()
        self.page.route("**/editor/*", self._serve)
        self._policy = f"{service.url}/"
        self.page.goto(f"{service.url}/editor/")
        self.until_ready()
        self.frame = self.page.locator("[role=application]")
        self._paper = self.page.locator(".canvas-paper")

    def _serve(self, route: Route) -> None:
        """Serve the test page with the real page's policy, so the console reports violations."""
        if route.request.url.endswith("start.js"):
            return route.fulfill(body=START, content_type="text/javascript")
        policy = route.fetch(url=self._policy).headers["content-security-policy"]
        headers = {"Content-Security-Policy": policy}
        return route.fulfill(body=PAGE, content_type="text/html", headers=headers)

    def until_ready(self) -> None:
        self.until("Boolean(globalThis.editor)")

    def until(self, script: str, argument: Any = None) -> None:
        """Poll a condition; the page's policy forbids Playwright's ``wait_for_function``."""
        deadline = time.monotonic() + TIMEOUT
        while not self.page.evaluate(script, argument):
            assert time.monotonic() < deadline, script
            self.page.wait_for_timeout(10)

    def until_draft_saved(self) -> None:
        """Wait until all objects are stored for a reload."""
        self.until("""async () => {
          const { Drafts } = await import("/assets/latest/canvas/drafts.js");
          const draft = await new Drafts(() => "").load();
          return draft?.objects.length === editor.scene.objects.length;
        }""")

    def tool(self, name: str) -> None:
        self.page.get_by_role("button", name=name, exact=True).click()

    def keys(self, *keys: str) -> None:
        for key in keys:
            self.page.keyboard.press(key)

    def place(self, x: float, y: float) -> tuple[float, float]:
        box, scale = self._box, self.scale
        return box["x"] + x * scale, box["y"] + y * scale

    @property
    def scale(self) -> float:
        """CSS pixels per pixel of the frame."""
        return self._box["width"] / SIZES[self.aspect][0]

    @property
    def _box(self) -> FloatRect:
        box = self._paper.bounding_box()
        assert box is not None
        return box

    def click(self, x: float, y: float) -> None:
        self.page.mouse.click(*self.place(x, y))

    def drag(self, start: tuple[float, float], end: tuple[float, float]) -> None:
        """Drag the object at ``start`` to ``end``; with Alt held it does not snap."""
        self.page.mouse.move(*self.place(*start))
        self.page.mouse.down()
        self.page.mouse.move(*self.place(*end), steps=6)
        self.page.mouse.up()

    @property
    def aspect(self) -> str:
        return str(self.page.evaluate("editor.aspect"))

    @property
    def objects(self) -> list[dict[str, Any]]:
        """All objects, back to front; pictures without their files."""
        script = "editor.scene.objects.map((object) => ({ ...object, source: undefined }))"
        found: list[dict[str, Any]] = self.page.evaluate(script)
        return found

    @property
    def last(self) -> dict[str, Any]:
        return self.objects[-1]

    @property
    def announced(self) -> str:
        return self.page.get_by_role("status").inner_text()

    @property
    def picture(self) -> list[int] | None:
        """The size of the backmost picture, as it is decoded."""
        script = """() => {
          const { source } = editor.scene.objects.find(({ kind }) => kind === "picture") ?? {};
          return source ? [source.width, source.height] : null;
        }"""
        size: list[int] | None = self.page.evaluate(script)
        return size

    def until_picture(self, width: int, height: int) -> None:
        """Wait until a picture of a size is on the canvas."""
        script = """([width, height]) => editor.scene.objects.some(({ source }) =>
          source?.width === width && source.height === height && source.bitmap)"""
        self.until(script, [width, height])

    def give_file(self, way: str, content: bytes, kind: str) -> None:
        """Paste or drop a file on the canvas."""
        self.frame.evaluate(
            """(node, [way, content, type]) => {
              const bytes = Uint8Array.from(atob(content), (letter) => letter.charCodeAt(0));
              const data = new DataTransfer();
              data.items.add(new File([bytes], "picture", { type }));
              const init = { bubbles: true, cancelable: true };
              node.dispatchEvent(way === "paste"
                ? new ClipboardEvent(way, { ...init, clipboardData: data })
                : new DragEvent(way, { ...init, dataTransfer: data }));
            }""",
            [way, base64.b64encode(content).decode(), kind],
        )

    def blob(self) -> bytes:
        script = """async () => {
          const reader = new FileReader();
          reader.readAsDataURL(await editor.toBlob());
          await new Promise((resolve) => { reader.onload = resolve; });
          return reader.result.split(",")[1];
        }"""
        return base64.b64decode(self.page.evaluate(script))

    def drag_by_finger(self, start: tuple[float, float], by: tuple[float, float]) -> None:
        self.drag_by_fingers([(start, (start[0] + by[0], start[1] + by[1]))])

    def drag_by_fingers(self, ways: Sequence[tuple[Place, Place]]) -> None:
        """Move fingers together; each goes from a place of the frame to another."""
        session = self.page.context.new_cdp_session(self.page)
        paths = [(self.place(*start), self.place(*end)) for start, end in ways]

        def at(share: float) -> list[dict[str, float]]:
            return [
                {"x": x + (to_x - x) * share, "y": y + (to_y - y) * share}
                for (x, y), (to_x, to_y) in paths
            ]

        def send(kind: str, points: list[dict[str, float]]) -> None:
            session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})

        send("touchStart", at(0))
        for step in range(1, 9):
            send("touchMove", at(step / 8))
        send("touchEnd", [])
