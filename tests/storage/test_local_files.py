"""The folder of local files: what is in it and who owns that, and what if it hangs."""

from __future__ import annotations

import asyncio
import errno
import os
from concurrent.futures import ThreadPoolExecutor
from stat import S_IMODE
from threading import Barrier, Event
from typing import TYPE_CHECKING, Any, TypeVar

import pytest

from app.errors import StorageUnavailable
from app.storage.arriving_file import ArrivingFile
from app.storage.local_files import LocalFiles
from tests.storage.conftest import KEY, Clock
from tests.support.s3 import put_video, write_file

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator
    from pathlib import Path

T = TypeVar("T")


async def test_tidy_deletes_old_incomplete_files_and_keeps_new_ones(
    files: LocalFiles, clock: Clock
) -> None:
    await files.check()
    incoming = files._incoming
    for name, age in (("left", 86_401), ("now", 60)):
        (incoming / name).write_bytes(b"half")
        os.utime(incoming / name, (clock.time - age, clock.time - age))
    files.tidy()
    assert [path.name for path in incoming.iterdir()] == ["now"]


CONTENT = b"a video"


async def store_arrived(files: LocalFiles, source: Path) -> os.stat_result:
    """Store a file that has arrived, and return what the file system says of the object."""
    async with files.upload(KEY, ArrivingFile.whole(source, len(CONTENT)), owner="me") as finish:
        await finish(sha256=source.name)
    found = await files.find(KEY, read=True)
    assert found is not None
    assert found.sha256 == source.name
    return files._path(KEY).stat()


async def test_an_arrived_file_becomes_the_object_without_a_copy(
    files: LocalFiles, tmp_path: Path
) -> None:
    source = write_file(tmp_path, CONTENT)
    source.chmod(0o644)
    stat = await store_arrived(files, source)
    assert stat.st_ino == source.stat().st_ino
    assert S_IMODE(stat.st_mode) == 0o600


async def test_a_file_on_another_file_system_is_copied(
    files: LocalFiles, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source, link = write_file(tmp_path, CONTENT), os.link

    def across(file: str, target: Path) -> None:
        if file == str(source):
            raise OSError(errno.EXDEV, "Invalid cross-device link")
        link(file, target)

    monkeypatch.setattr(os, "link", across)
    stat = await store_arrived(files, source)
    assert stat.st_ino != source.stat().st_ino
    assert list(files._incoming.iterdir()) == []


async def test_a_file_has_its_owner_even_if_the_process_dies_right_after_it_appears(
    files: LocalFiles, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    link = os.link

    def link_and_die(*arguments: Any) -> None:
        link(*arguments)
        raise ZeroDivisionError

    monkeypatch.setattr(os, "link", link_and_die)
    with pytest.raises(ZeroDivisionError):
        await put_video(files, KEY, write_file(tmp_path, b"a video"))
    found = await files.find(KEY, read=False)
    assert found is not None
    assert found.owner == "job-1"


async def test_a_put_leaves_only_the_video_and_its_owner(files: LocalFiles, tmp_path: Path) -> None:
    await put_video(files, KEY, write_file(tmp_path, b"content"))
    await put_video(files, KEY, write_file(tmp_path, b"content"))
    present = [path for path in (tmp_path / "storage").rglob("*") if path.is_file()]
    owner_file = tmp_path / "storage" / ".owners" / KEY
    assert set(present) == {tmp_path / "storage" / KEY, owner_file}
    assert owner_file.read_text() == "job-1"
    await files.delete(KEY)
    assert [path for path in (tmp_path / "storage").rglob("*") if path.is_file()] == []


def test_processes_that_start_together_share_one_signing_key_with_private_access(
    tmp_path: Path,
) -> None:
    together = Barrier(8)

    def start() -> bytes:
        files = LocalFiles(tmp_path)
        together.wait()
        return files._signing_key

    with ThreadPoolExecutor(8) as pool:
        keys = set(pool.map(lambda _: start(), range(8)))
    assert len(keys) == 1
    assert len(keys.pop()) == 32
    assert S_IMODE((tmp_path / ".signing-key").stat().st_mode) == 0o600


async def test_a_folder_that_cannot_be_written_is_reported_as_unavailable(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    files = LocalFiles(tmp_path / "file" / "storage")
    for attempt in (files.check, lambda: files.url(KEY)):
        with pytest.raises(StorageUnavailable, match="Not a directory"):
            await attempt()
    with pytest.raises(StorageUnavailable, match="Not a directory"):
        await put_video(files, KEY, write_file(tmp_path, b"content"))


async def test_a_check_ends_in_time_if_the_folder_hangs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def hang(_name: str, _call: Callable[[], Awaitable[T]], /) -> T:
        await asyncio.Event().wait()
        raise AssertionError

    monkeypatch.setattr("app.times.STORAGE_CHECK", 0)
    with pytest.raises(StorageUnavailable, match="hangs"):
        await LocalFiles(tmp_path, seam=hang).check()


class Hanging:
    """A disk on which every call waits until it is released."""

    def __init__(self) -> None:
        self.calls = 0
        self.released = Event()

    def __call__(self, *_: object) -> None:
        self.calls += 1
        self.released.wait(10)  # a test that fails ends as well


@pytest.fixture
def hanging() -> Iterator[Hanging]:
    hanging = Hanging()
    yield hanging
    hanging.released.set()


async def test_a_folder_that_hangs_takes_no_thread_of_the_other_systems(
    files: LocalFiles, hanging: Hanging, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.times.STORAGE_CHECK", 0.05)
    monkeypatch.setattr(os, "link", hanging)
    loop = asyncio.get_running_loop()
    loop.set_default_executor(ThreadPoolExecutor(1))
    putting = asyncio.create_task(put_video(files, KEY, write_file(files._folder.parent, b"video")))
    while not hanging.calls:  # noqa: ASYNC110 no event for it
        await asyncio.sleep(0.01)
    monkeypatch.setattr(files, "_write_something", hanging)
    with pytest.raises(StorageUnavailable, match="hangs"):
        await files.check()
    while hanging.calls < 2:  # noqa: ASYNC110 no event for it
        await asyncio.sleep(0.01)
    async with asyncio.timeout(5):
        assert await loop.getaddrinfo("localhost", 80)
    hanging.released.set()
    await putting


async def test_checks_of_a_folder_that_hangs_wait_for_one_probe(
    files: LocalFiles, hanging: Hanging, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.times.STORAGE_CHECK", 0.05)
    monkeypatch.setattr(files, "_write_something", hanging)
    for _ in range(3):
        with pytest.raises(StorageUnavailable, match="hangs"):
            await files.check()
    assert hanging.calls == 1
    monkeypatch.setattr("app.times.STORAGE_CHECK", 5)
    checks = [asyncio.create_task(files.check()) for _ in range(2)]
    await asyncio.sleep(0)
    hanging.released.set()
    await asyncio.gather(*checks)
    await files.check()
    assert hanging.calls == 2


async def test_a_closed_folder_leaves_no_thread(files: LocalFiles) -> None:
    await files.check()
    threads = list(files._threads._threads)
    assert any(thread.is_alive() for thread in threads)
    files.close()
    for thread in threads:
        await asyncio.to_thread(thread.join)
