"""Both storages behave in the same way."""

from __future__ import annotations

import asyncio
import os
from collections import Counter
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING
from uuid import uuid4

import httpx
import pytest

from app.errors import ObjectTaken, StorageUnavailable
from app.storage.arriving_file import ArrivingFile
from app.storage.keys import poster_key, start_key, video_key_base
from app.storage.local_files import LocalFiles
from app.storage.protocol import StoredObject
from tests.support.process import PATIENCE
from tests.support.s3 import S3Server, browser_of, put_video, write_file

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from app.storage.protocol import Storage


@dataclass
class Store:
    """A storage, and a browser that can reach its addresses."""

    storage: Storage
    browser: httpx.AsyncClient

    async def fetch(self, key: str, **headers: str) -> httpx.Response:
        return await self.browser.get(await self.storage.url(key), headers=headers)

    async def save(self, key: str, method: str = "GET", **headers: str) -> httpx.Response:
        url = await self.storage.url(key, download=True)
        return await self.browser.request(method, url, headers=headers)


@pytest.fixture(params=["local", "r2"])
async def store(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Store]:
    if request.param == "local":
        files = LocalFiles(tmp_path / "storage")
        async with browser_of(files) as browser:
            yield Store(files, browser)
    else:
        server: S3Server = request.getfixturevalue("s3")
        async with (
            server.open() as storage,
            httpx.AsyncClient(trust_env=False, timeout=PATIENCE) as browser,
        ):
            yield Store(storage, browser)


@pytest.fixture
def key() -> str:
    base = video_key_base("a/ü%2F@x", date(2026, 2, 3), "slow-pan")
    return f"{base}-{uuid4().hex[:8]}.mp4"


async def test_a_stored_video_is_served_byte_for_byte(
    store: Store, key: str, tmp_path: Path
) -> None:
    content = os.urandom(300_000)
    await put_video(store.storage, key, write_file(tmp_path, content))
    answer = await store.fetch(key)
    assert answer.status_code == 200
    assert answer.content == content
    assert answer.headers["Content-Type"] == "video/mp4"
    name = key.rpartition("/")[2]
    assert answer.headers["Content-Disposition"] == f'inline; filename="{name}"'


async def test_a_browser_can_fetch_a_range(store: Store, key: str, tmp_path: Path) -> None:
    content = os.urandom(1000)
    await put_video(store.storage, key, write_file(tmp_path, content))
    middle = await store.fetch(key, Range="bytes=100-199")
    assert middle.status_code == 206
    assert middle.headers["Content-Range"] == "bytes 100-199/1000"
    assert middle.content == content[100:200]
    assert (await store.fetch(key, Range="bytes=990-")).content == content[990:]
    assert (await store.fetch(key, Range="bytes=1000-")).status_code == 416


async def test_a_download_is_saved_under_the_last_part_of_its_key(
    store: Store, key: str, tmp_path: Path
) -> None:
    content = os.urandom(1000)
    await put_video(store.storage, key, write_file(tmp_path, content))
    name = key.rpartition("/")[2]
    saved = await store.save(key)
    part = await store.save(key, Range="bytes=100-199")
    assert (saved.status_code, saved.content) == (200, content)
    assert (part.status_code, part.content) == (206, content[100:200])
    for answer in (saved, part):
        assert answer.headers["Content-Disposition"] == f'attachment; filename="{name}"'
        assert answer.headers["Content-Type"] == "video/mp4"
    shown = await store.fetch(key)
    assert shown.headers["Content-Disposition"] == f'inline; filename="{name}"'


async def test_a_poster_is_served_as_an_image(store: Store, key: str, tmp_path: Path) -> None:
    source = write_file(tmp_path, b"\xff\xd8\xff")
    await store.storage.put(
        poster_key(key),
        source,
        sha256=source.name,
        owner="job-1",
    )
    assert (await store.fetch(poster_key(key))).headers["Content-Type"] == "image/jpeg"


@pytest.mark.parametrize(
    ("extension", "content_type"),
    [("png", "image/png"), ("jpg", "image/jpeg"), ("webp", "image/webp")],
)
async def test_a_start_image_is_shown_as_its_kind(
    store: Store, tmp_path: Path, extension: str, content_type: str
) -> None:
    job_id, source = str(uuid4()), write_file(tmp_path, b"a picture")
    key = start_key("a/ü%2F@x", job_id, extension)
    await store.storage.put(key, source, sha256=source.name, owner=job_id)
    answer = await store.fetch(key)
    assert answer.content == b"a picture"
    assert answer.headers["Content-Type"] == content_type
    assert answer.headers["Content-Disposition"] == f'inline; filename="{job_id}.{extension}"'


async def test_putting_the_same_bytes_again_succeeds(
    store: Store, key: str, tmp_path: Path
) -> None:
    source = write_file(tmp_path, b"the same")
    await put_video(store.storage, key, source)
    await put_video(store.storage, key, source)
    assert (await store.fetch(key)).content == b"the same"


@pytest.mark.parametrize("other", [b"second", b"longer than the first"])
async def test_other_bytes_never_replace_the_first(
    store: Store, key: str, tmp_path: Path, other: bytes
) -> None:
    await put_video(store.storage, key, write_file(tmp_path, b"first!"))
    with pytest.raises(ObjectTaken):
        await put_video(store.storage, key, write_file(tmp_path, other))
    assert (await store.fetch(key)).content == b"first!"


async def test_fifty_puts_of_the_same_bytes_all_succeed(
    store: Store, key: str, tmp_path: Path
) -> None:
    content = os.urandom(50_000)
    source = write_file(tmp_path, content)
    await asyncio.gather(*[put_video(store.storage, key, source) for _ in range(50)])
    assert (await store.fetch(key)).content == content


async def test_of_several_puts_of_different_bytes_one_succeeds(
    store: Store, key: str, tmp_path: Path
) -> None:
    contents = [f"number {n}".encode() for n in range(10)]
    outcomes = await asyncio.gather(
        *[put_video(store.storage, key, write_file(tmp_path, content)) for content in contents],
        return_exceptions=True,
    )
    assert Counter(type(outcome) for outcome in outcomes) == {type(None): 1, ObjectTaken: 9}
    assert (await store.fetch(key)).content == contents[outcomes.index(None)]


@pytest.mark.parametrize("read", [True, False])
async def test_an_object_is_found_until_it_is_deleted(
    store: Store, key: str, tmp_path: Path, *, read: bool
) -> None:
    source = write_file(tmp_path, os.urandom(100_000))
    await put_video(store.storage, key, source)
    found = await store.storage.find(key, read=read)
    assert found in {
        StoredObject(100_000, source.name, "job-1"),
        StoredObject(100_000, None, "job-1"),
    }
    assert found.sha256 or not read
    for _ in range(2):
        await store.storage.delete(key)
        assert await store.storage.find(key, read=read) is None


async def test_a_file_that_arrives_is_stored_only_when_its_upload_is_finished(
    store: Store, key: str, tmp_path: Path
) -> None:
    source = write_file(tmp_path, os.urandom(100_000))
    for finishes in (False, True):
        file = ArrivingFile(source)
        async with store.storage.upload(key, file, owner="job-1") as finish:
            file.grow(100_000, 100_000)
            assert await store.storage.find(key, read=False) is None
            if finishes:
                await finish(sha256=source.name)
        found = await store.storage.find(key, read=True)
        assert found == (StoredObject(100_000, source.name, "job-1") if finishes else None)
    other = write_file(tmp_path, os.urandom(100_000))
    async with store.storage.upload(key, ArrivingFile.whole(other, 100_000), owner="x") as finish:
        with pytest.raises(ObjectTaken):
            await finish(sha256=other.name)
    assert (await store.fetch(key)).content == source.read_bytes()


async def test_an_unknown_key_is_a_404(store: Store, key: str) -> None:
    assert (await store.fetch(key)).status_code == 404


async def test_an_address_stays_the_same_for_a_while(store: Store, key: str) -> None:
    for download in (False, True):
        first, second = [await store.storage.url(key, download=download) for _ in range(2)]
        assert first == second


async def test_a_storage_that_works_passes_its_check(store: Store) -> None:
    await store.storage.check()


async def test_a_stored_video_can_be_saved_to_a_file(
    store: Store, key: str, tmp_path: Path
) -> None:
    await put_video(store.storage, key, write_file(tmp_path, b"a video"))
    target = tmp_path / "saved.mp4"
    target.write_bytes(b"what was there before")
    await store.storage.save(key, target)
    assert target.read_bytes() == b"a video"
    with pytest.raises(StorageUnavailable):
        await store.storage.save(f"{key}-gone.mp4", target)
