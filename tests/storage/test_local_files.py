"""Only the local files: signed addresses, and access to nothing without one."""

from __future__ import annotations

import asyncio
import errno
import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from stat import S_IMODE
from threading import Barrier, Event
from typing import TYPE_CHECKING, Any, TypeVar

import httpx
import pytest

from app.errors import StorageUnavailable
from app.storage.arriving_file import ArrivingFile
from app.storage.local_files import LocalFiles
from tests.support.s3 import browser_of, put_video, write_file

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
    from pathlib import Path

T = TypeVar("T")
KEY = "users/dev@localhost/library/2026-02-03-pan.mp4"


@dataclass
class Clock:
    time: float = 1_000_000

    def __call__(self) -> float:
        return self.time


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def files(tmp_path: Path, clock: Clock) -> LocalFiles:
    return LocalFiles(tmp_path / "storage", now=clock)


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


@pytest.fixture
async def browser(files: LocalFiles, tmp_path: Path) -> AsyncIterator[httpx.AsyncClient]:
    """A client of a storage with one video."""
    await put_video(files, KEY, write_file(tmp_path, b"content"))
    async with browser_of(files) as client:
        yield client


async def test_an_address_is_relative_or_below_the_base_url(tmp_path: Path) -> None:
    assert (await LocalFiles(tmp_path).url("a%2F@b.mp4")).startswith("/media/a%252F%40b.mp4?")
    files = LocalFiles(tmp_path, base_url="https://videos.example")
    assert (await files.url(KEY)).startswith("https://videos.example/media/users/")


async def test_a_browser_may_cache_a_file_until_its_address_expires(
    files: LocalFiles, clock: Clock, browser: httpx.AsyncClient
) -> None:
    answer = await browser.get(await files.url(KEY))
    expires = int(httpx.URL(str(answer.url)).params["expires"])
    assert answer.headers["Cache-Control"] == f"private, max-age={int(expires - clock.time)}"


async def test_head_answers_the_size_without_the_content(
    files: LocalFiles, browser: httpx.AsyncClient
) -> None:
    for download in (False, True):
        answer = await browser.head(await files.url(KEY, download=download))
        assert answer.status_code == 200
        assert answer.headers["Content-Length"] == "7"
        assert answer.headers["Accept-Ranges"] == "bytes"
        assert answer.content == b""


async def test_an_address_works_for_an_hour_and_changes_every_ten_minutes(
    files: LocalFiles, clock: Clock, browser: httpx.AsyncClient
) -> None:
    clock.time = 600_000
    url = await files.url(KEY)
    clock.time += 599
    assert await files.url(KEY) == url
    clock.time += 1
    assert await files.url(KEY) != url
    clock.time = 600_000 + 3600
    assert (await browser.get(url)).status_code == 200
    clock.time = 600_000 + 4200
    assert (await browser.get(url)).status_code == 404


async def test_a_signature_is_valid_for_one_key_and_one_time(
    files: LocalFiles, browser: httpx.AsyncClient, tmp_path: Path
) -> None:
    other = KEY.replace("pan", "zoom")
    await put_video(files, other, write_file(tmp_path, b"other"))
    url = httpx.URL(await files.url(KEY))
    for forged in (
        url.copy_with(path=f"/media/{other}"),
        url.copy_set_param("expires", "99999999999"),
        url.copy_set_param("expires", "never"),
        url.copy_set_param("signature", "0" * 64),
        url.copy_set_param("signature", "ü"),
        url.copy_remove_param("signature"),
        url.copy_with(query=None),
    ):
        assert (await browser.get(forged)).status_code == 404


async def test_the_signature_of_another_storage_is_refused(
    files: LocalFiles, browser: httpx.AsyncClient, tmp_path: Path
) -> None:
    other = LocalFiles(tmp_path / "elsewhere", now=files._now)
    assert (await browser.get(await other.url(KEY))).status_code == 404


async def test_a_signature_is_valid_for_showing_or_for_saving(
    files: LocalFiles, browser: httpx.AsyncClient
) -> None:
    shown = httpx.URL(await files.url(KEY))
    saved = httpx.URL(await files.url(KEY, download=True))
    assert shown.params["signature"] != saved.params["signature"]
    for forged in (
        shown.copy_add_param("download", "1"),
        saved.copy_remove_param("download"),
        saved.copy_set_param("download", "2"),
        saved.copy_set_param("expires", f"attachment\n{saved.params['expires']}"),
    ):
        assert (await browser.get(forged)).status_code == 404


@pytest.mark.parametrize(
    "key",
    [".signing-key", ".incoming", "users", "users/..", "users/../outside.mp4", "", "a.html"],
)
async def test_a_signed_address_of_another_kind_of_file_is_refused(
    files: LocalFiles, browser: httpx.AsyncClient, tmp_path: Path, key: str
) -> None:
    page = tmp_path / "storage" / "a.html"
    page.write_text("<script>")
    signed = httpx.URL(await files.url(key)).params
    answer = await browser.get(f"/media/{key.replace('.', '%2E')}", params=signed)
    assert answer.status_code == 404


@pytest.mark.parametrize("key", ["../x.mp4", "/etc/x.mp4", "a/./x.mp4", "a//x.mp4", ".x.mp4"])
async def test_no_key_leads_out_of_the_folder(files: LocalFiles, tmp_path: Path, key: str) -> None:
    with pytest.raises(ValueError, match="empty or starts with a dot"):
        await put_video(files, key, write_file(tmp_path, b"content"))


@pytest.mark.parametrize(
    "key",
    [
        *("", "../x.mp4", "/x.mp4", "https://cdn.example/x.mp4", "x\0.mp4", "é" * 150 + ".mp4"),
        *("users", "users/u.mp4/below.mp4"),
    ],
)
async def test_a_key_that_no_object_can_have_is_found_nowhere_and_needs_no_deletion(
    files: LocalFiles, tmp_path: Path, key: str
) -> None:
    """The replaced stack may have named anything; an erasure and an audit go on."""
    await put_video(files, "users/u.mp4", write_file(tmp_path, b"content"))
    assert await files.find(key, read=False) is None
    await files.delete(key)
    assert await files.find("users/u.mp4", read=False) is not None


async def test_no_link_leads_out_of_the_folder(
    files: LocalFiles, browser: httpx.AsyncClient, tmp_path: Path
) -> None:
    outside = write_file(tmp_path, b"outside")
    (tmp_path / "storage" / "link.mp4").symlink_to(outside)
    (tmp_path / "storage" / "linked").symlink_to(tmp_path)
    assert (await browser.get(await files.url("link.mp4"))).status_code == 404
    with pytest.raises(ValueError, match="out of the folder"):
        await put_video(files, "linked/x.mp4", outside)


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
