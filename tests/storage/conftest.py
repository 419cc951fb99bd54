"""A key that no other test uses, and a folder of local files whose clock a test sets."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

import httpx
import pytest

from app.storage.local_files import LocalFiles
from tests.support.s3 import browser_of, put_video, write_file

KEY = "users/dev@localhost/library/2026-02-03-pan.mp4"


@dataclass
class Clock:
    time: float = 1_000_000

    def __call__(self) -> float:
        return self.time


@pytest.fixture
def key() -> str:
    return f"users/u/library/{uuid4()}.mp4"


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def files(tmp_path: Path, clock: Clock) -> LocalFiles:
    return LocalFiles(tmp_path / "storage", now=clock)


@pytest.fixture
async def browser(files: LocalFiles, tmp_path: Path) -> AsyncIterator[httpx.AsyncClient]:
    """A client of a storage with one video."""
    await put_video(files, KEY, write_file(tmp_path, b"content"))
    async with browser_of(files) as client:
        yield client
