"""The page stays small while its user works in it for long."""

import io
import re
from pathlib import Path

import pytest
from PIL import Image
from playwright.sync_api import Browser, BrowserContext, CDPSession, Locator, expect

from tests.browser.conftest import (
    chromium,
    console,
    context,
    driven,
    fal,
    new_home,
)
from tests.browser.fal import DrivenFal
from tests.browser.server import Server
from tests.browser.studio import Studio
from tests.support.tokens import token

__all__ = ["chromium", "console", "context", "driven", "fal", "new_home"]

pytestmark = [pytest.mark.soak, pytest.mark.timeout(1800)]

JOBS, EDITS, PHOTOS = 50, 100, 12
GROWTH = 100.0
"""MiB."""
MEBIBYTE = 1024 * 1024


def test_jobs_edits_and_photos_do_not_stay_in_memory(
    chromium: Browser, context: BrowserContext, driven: Server, fal: DrivenFal
) -> None:
    studio = Studio(context, driven.url, token=token("diligent")).until_ready()
    memory = _Memory(chromium.new_browser_cdp_session(), context.new_cdp_session(studio.page))
    _make_video(studio, fal)
    _place_photo(studio, _photo(0))
    studio.page.keyboard.press("Escape")
    begin = memory.measure("at the begin")

    for number in range(1, PHOTOS + 1):
        _place_photo(studio, _photo(number))
        _delete_selected(studio)
    memory.measure(f"after {PHOTOS} photos")
    for number in range(EDITS // 2):
        studio.page.get_by_role("button", name="Add star").click()
        studio.page.keyboard.press(("ArrowLeft", "ArrowUp")[number % 2])
    memory.measure(f"after {EDITS} edits")
    for _ in range(JOBS):
        _make_video(studio, fal)
    end = memory.measure(f"after {JOBS} jobs")

    for name, amount in end.items():
        assert amount - begin[name] < GROWTH, name


class _Memory:
    """What the page holds, in MiB, once its garbage is collected."""

    def __init__(self, browser: CDPSession, page: CDPSession) -> None:
        self._browser, self._page = browser, page

    def measure(self, when: str) -> dict[str, float]:
        """Return the script's heap, and the memory of the page's process (Linux only)."""
        for _ in range(3):
            self._page.send("HeapProfiler.collectGarbage")
        heap = self._page.send("Runtime.getHeapUsage")["usedSize"] / MEBIBYTE
        processes = self._browser.send("SystemInfo.getProcessInfo")["processInfo"]
        renderers = [each["id"] for each in processes if each["type"] == "renderer"]
        measured = {"heap": heap, "process": sum(_own_memory(pid) for pid in renderers)}
        print(when, {name: round(amount, 1) for name, amount in measured.items()})  # noqa: T201 for the reader of a run with -s
        return measured


def _own_memory(pid: int) -> float:
    rollup = Path(f"/proc/{pid}/smaps_rollup").read_text()
    kilobytes = re.findall(r"^Pss_(?:Anon|Shmem): +(\d+) kB$", rollup, re.MULTILINE)
    return sum(map(int, kilobytes)) / 1024


def _make_video(studio: Studio, fal: DrivenFal) -> None:
    studio.start()
    fal.complete()
    expect(studio.video).to_be_visible()
    studio.page.keyboard.press("Escape")
    expect(studio.dialog).to_be_hidden()


def _place_photo(studio: Studio, photo: bytes) -> None:
    with studio.page.expect_file_chooser() as chooser:
        studio.page.get_by_role("button", name="Upload a picture").click()
    chooser.value.set_files({"name": "photo.jpg", "mimeType": "image/jpeg", "buffer": photo})
    expect(_canvas(studio)).to_have_accessible_name(re.compile("Picture selected"))


def _delete_selected(studio: Studio) -> None:
    studio.page.keyboard.press("Delete")
    expect(_canvas(studio)).not_to_have_accessible_name(re.compile("selected"))


def _canvas(studio: Studio) -> Locator:
    return studio.page.get_by_role("application")


def _photo(number: int) -> bytes:
    """Return a JPEG of 12 megapixels, each of another content."""
    file = io.BytesIO()
    noise = Image.effect_noise((500, 375), 60 + number)
    noise.resize((4000, 3000)).convert("RGB").save(file, "JPEG", quality=90)
    return file.getvalue()
