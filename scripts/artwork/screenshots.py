"""Take the README's screenshots of the page with Debian's chromium, from a service of its own."""

import argparse
import contextlib
import os
import shutil
import sys
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory

from PIL import Image
from playwright.sync_api import FilePayload, Page, expect, sync_playwright

from scripts.artwork.scenes import SCENES
from scripts.support.own_service import START_SECONDS, own_service

FOLDER = Path(__file__).parents[2] / "docs" / "images"
CHROMIUM = os.environ.get("CHROMIUM_BIN") or shutil.which("chromium")
WINDOW = (1440, 900)
LARGEST = 150_000  # bytes
LIBRARY = (
    ("night-life-roller", "16:9"),
    ("portrait-alive", "4:5"),
    ("poster-parallax", "16:9"),
    ("gentle-zoom", "1:1"),
    ("weather-change", "16:9"),
    ("dance-floor", "16:9"),
    ("gentle-zoom", "9:16"),
    ("poster-parallax", "1:1"),
    ("weather-change", "4:5"),
)


def main() -> int:
    """Return the exit status."""
    argparse.ArgumentParser(
        prog="python -m scripts.artwork.screenshots", description=__doc__
    ).parse_args()
    if CHROMIUM is None:
        print("chromium is not on PATH. Run: apt-get install chromium", file=sys.stderr)
        return 1
    FOLDER.mkdir(parents=True, exist_ok=True)
    with (
        TemporaryDirectory() as folder,
        own_service(Path(folder), CREDITS_SIGNUP_GRANT="120") as url,
        _page(url) as page,
    ):
        _studio(page)
        _generating(page)
        _library(page)
    return 0


def _studio(page: Page) -> None:
    _choose(page, "night-life-roller")
    page.wait_for_timeout(1200)  # until the canvas is drawn and the preview plays
    _save(page, "studio")


def _generating(page: Page) -> None:
    page.get_by_role("button", name="Animate", exact=True).click()
    expect(page.locator("#screen .step.is-present")).to_have_text(
        "Generating", timeout=START_SECONDS * 1000
    )
    page.wait_for_timeout(700)
    _save(page, "generating")
    _finish(page)


def _library(page: Page) -> None:
    """Make several videos, and take the library with one of them playing."""
    canvas = page.get_by_role("region", name="Canvas")
    for slug, aspect in LIBRARY[1:]:
        _choose(page, slug)
        canvas.get_by_role("radio", name=aspect).check(force=True)
        canvas.get_by_role("application").focus()
        page.keyboard.press("Control+a")
        page.keyboard.press("Delete")
        canvas.locator("input[type=file]").set_input_files([_picture(slug)])
        canvas.get_by_role("button", name="Fill", exact=True).click()
        page.wait_for_timeout(600)  # until the canvas is drawn
        page.get_by_role("button", name="Animate", exact=True).click()
        _finish(page)
    page.goto(page.url.split("#")[0] + "#/library")
    page.reload()
    tiles = page.get_by_role("list", name="Videos").get_by_role("listitem")
    expect(tiles).to_have_count(len(LIBRARY))
    tiles.nth(3).hover()
    page.wait_for_timeout(1500)  # until the preview plays
    _save(page, "library")


def _picture(slug: str) -> FilePayload:
    file = BytesIO()
    SCENES[slug]().frame(0.36).save(file, "PNG")
    return {"name": f"{slug}.png", "mimeType": "image/png", "buffer": file.getvalue()}


def _choose(page: Page, slug: str) -> None:
    page.goto(f"{page.url.split('#')[0]}#/studio?template={slug}")
    expect(page.get_by_role("button", name="Animate", exact=True)).to_be_enabled()


def _finish(page: Page) -> None:
    expect(page.get_by_role("link", name="Download")).to_be_visible(timeout=START_SECONDS * 1000)
    page.keyboard.press("Escape")


def _save(page: Page, name: str) -> None:
    """Save the page as a WebP of the best quality that is small enough."""
    image = Image.open(BytesIO(page.screenshot()))
    for quality in range(92, 40, -6):
        image.save(FOLDER / f"{name}.webp", quality=quality, method=6)
        if (FOLDER / f"{name}.webp").stat().st_size <= LARGEST:
            return
    raise SystemExit(f"{name}.webp exceeds {LARGEST} bytes at every quality. Shrink the window.")


@contextlib.contextmanager
def _page(url: str) -> Iterator[Page]:
    width, height = WINDOW
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": width, "height": height}, color_scheme="dark")
        page.goto(url)
        yield page
        browser.close()


if __name__ == "__main__":
    sys.exit(main())
