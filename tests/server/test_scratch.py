"""Each process has a scratch folder, and the next start removes that of a killed process."""

import signal
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from app.server.scratch import PREFIX, scratch
from tests.support.process import forked


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path


def found(folder: Path) -> set[Path]:
    return set(folder.glob(f"*{PREFIX}*"))


@pytest.mark.usefixtures("store_url")
def test_the_next_start_removes_the_folder_of_a_killed_process(folder: Path) -> None:
    with scratch() as own:
        with forked(folder, "app") as first:
            first.until_ready()
            (left,) = found(folder) - {own}
            (left / "video.mp4").write_bytes(b"half a video")
            first.stop(signal.SIGKILL)
        with forked(folder, "app") as second:
            second.until_ready()
            assert left not in found(folder)
            assert len(found(folder)) == 2
            second.stop(signal.SIGTERM)
        assert found(folder) == {own}


def test_a_folder_in_use_is_never_removed_by_a_concurrent_start(folder: Path) -> None:
    def come_and_go(_: int) -> None:
        for _ in range(50):
            with scratch() as own:
                (own / "video.mp4").write_bytes(b"a video")

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(come_and_go, range(8)))
    assert found(folder) == set()
