"""The page's bundle is what esbuild makes of its sources."""

import shutil
from pathlib import Path

import pytest

from app.api.bundle import BUNDLE
from app.api.page import FOLDER
from scripts.bundle import write


@pytest.mark.timeout(600)
def test_the_committed_bundle_is_what_the_sources_give(tmp_path: Path) -> None:
    if not shutil.which("npx"):
        pytest.skip("install Node.js 20 or newer with npm")
    write(tmp_path)
    for name in (BUNDLE.script, BUNDLE.styles):
        assert (FOLDER / name).read_bytes() == (tmp_path / name).read_bytes(), "run make bundle"
