"""The browser of the tests and of ``make bench``."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from playwright.sync_api import Browser, sync_playwright

PROGRAMS = ("chromium-headless-shell", "chromium")
"""The first has no window, which halves the work."""


@contextmanager
def launched() -> Iterator[Browser]:
    """Run chromium, or skip the test if it is missing."""
    path = os.environ.get("CHROMIUM_BIN") or next(filter(None, map(shutil.which, PROGRAMS)), None)
    if path is None:
        pytest.skip(f"install {' or '.join(PROGRAMS)} with apt-get, or set CHROMIUM_BIN")
    with (
        sync_playwright() as playwright,
        playwright.chromium.launch(executable_path=path, args=["--no-sandbox"]) as browser,
    ):
        yield browser
