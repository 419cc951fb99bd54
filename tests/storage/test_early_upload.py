"""A file is sent to R2 while it arrives, and can be seen only when its upload is finished."""

from __future__ import annotations

import asyncio
import hashlib
from typing import TYPE_CHECKING

import pytest

from app import times
from app.storage.arriving_file import ArrivingFile
from app.storage.r2_multipart import PART_BYTES, PARTS_IN_FLIGHT, PartBody
from tests.support.early_uploads import (
    CONTENT,
    DIGEST,
    OWNER,
    Calls,
    Growing,
    store,
    unfinished_uploads,
)
from tests.support.s3 import write_file

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from pathlib import Path

    from app.storage.r2 import R2Storage
    from app.telemetry.seam import T
    from tests.support.s3 import S3Server


@pytest.mark.parametrize("announced", [True, False])
async def test_parts_are_sent_before_the_file_has_arrived_and_none_can_be_seen(
    s3: S3Server, key: str, tmp_path: Path, *, announced: bool
) -> None:
    calls = Calls()
    async with s3.open(seam=calls) as storage:
        file = Growing(tmp_path, announced=announced)
        async with storage.upload(key, file, owner=OWNER) as finish:
            file.arrive(PART_BYTES + 1)
            await calls.until("storage.part", 1)
            assert await storage.find(key, read=False) is None
            file.end()
            await calls.until("storage.part", 3)
            assert await storage.find(key, read=False) is None
            await finish(sha256=DIGEST)
        found = await storage.find(key, read=True)
        assert found is not None
        assert (found.size, found.sha256, found.owner) == (len(CONTENT), DIGEST, OWNER)
        assert await unfinished_uploads(storage) == 0
    assert calls.counts["storage.put"] == 0


async def test_a_part_is_sent_while_its_own_bytes_arrive(
    s3: S3Server, key: str, tmp_path: Path
) -> None:
    begun = asyncio.Event()

    async def note(name: str, call: Callable[[], Awaitable[T]], /) -> T:
        if name == "storage.part":
            begun.set()
        return await call()

    async with s3.open(seam=note) as storage:
        file = Growing(tmp_path)
        async with storage.upload(key, file, owner=OWNER) as finish:
            file.arrive(1)
            await begun.wait()
            for size in range(100_000, len(CONTENT), 1_000_000):
                file.arrive(size)
                await asyncio.sleep(0)
            file.end()
            await finish(sha256=DIGEST)
        found = await storage.find(key, read=True)
        assert found is not None
        assert found.sha256 == DIGEST


async def test_a_file_of_one_part_is_stored_with_one_call(
    s3: S3Server, key: str, tmp_path: Path
) -> None:
    calls = Calls()
    async with s3.open(seam=calls) as storage:
        file = Growing(tmp_path, b"a small video")
        await store(storage, key, file)
        found = await storage.find(key, read=False)
    assert found is not None
    assert found.sha256 == hashlib.sha256(b"a small video").hexdigest()
    assert calls.counts == {"storage.put": 1, "storage.head": 1}


async def test_an_upload_that_is_not_finished_leaves_nothing_behind(
    s3: S3Server, key: str, tmp_path: Path
) -> None:
    calls = Calls()
    async with s3.open(seam=calls) as storage:
        async with storage.upload(key, file := Growing(tmp_path), owner=OWNER):
            file.end()
            await calls.until("storage.part", 3)
            assert await unfinished_uploads(storage) == 1
        assert await storage.find(key, read=False) is None
        assert await unfinished_uploads(storage) == 0


async def test_a_part_whose_bytes_stop_arriving_does_not_delay_the_abort(
    s3: S3Server, key: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(times, "PART_DRAIN", 3600.0)
    calls = Calls()

    async def upload(storage: R2Storage) -> None:
        file = Growing(tmp_path)
        async with storage.upload(key, file, owner=OWNER):
            file.arrive(PART_BYTES + 1000)
            await asyncio.Event().wait()

    async with s3.open(seam=calls) as storage:
        uploading = asyncio.create_task(upload(storage))
        await calls.until("storage.part", 1)
        uploading.cancel()
        with pytest.raises(asyncio.CancelledError):
            await uploading
        assert await storage.find(key, read=False) is None
        assert await unfinished_uploads(storage) == 0


async def test_a_part_does_not_outlive_an_upload_that_is_cancelled_while_its_parts_are_drained(
    s3: S3Server, key: str, tmp_path: Path
) -> None:
    sent, ended = asyncio.Event(), asyncio.Event()

    async def hang(name: str, call: Callable[[], Awaitable[T]], /) -> T:
        if name == "storage.part":
            sent.set()
            try:
                await asyncio.Event().wait()
            finally:
                ended.set()
        return await call()

    async def upload(storage: R2Storage, file: Growing) -> None:
        await storage._multipart.send(file, storage._at(key), {}, asyncio.Event().wait)

    async with s3.open(seam=hang) as storage:
        file = Growing(tmp_path)
        file.end()
        uploading = asyncio.create_task(upload(storage, file))
        await sent.wait()
        for _ in range(2):  # the second cancellation comes while the parts are drained
            uploading.cancel()
            await asyncio.sleep(0)
        await asyncio.gather(uploading, return_exceptions=True)
        assert ended.is_set()
        assert storage._multipart._in_flight._value == PARTS_IN_FLIGHT
        assert await unfinished_uploads(storage) == 0


async def test_a_part_can_be_sent_again(tmp_path: Path) -> None:
    path = write_file(tmp_path, CONTENT)
    with path.open("rb") as file:
        body = PartBody(ArrivingFile.whole(path, len(CONTENT)), file.fileno(), 1000, 2_000_000)
        for _ in range(2):
            body.seek(0)
            assert b"".join([piece async for piece in body]) == CONTENT[1000:2_001_000]


async def test_a_file_that_was_shortened_meanwhile_is_not_sent(tmp_path: Path) -> None:
    path = write_file(tmp_path, b"short")
    with path.open("rb") as file, pytest.raises(OSError, match="shortened"):
        await ArrivingFile.whole(path, 100).read(file.fileno(), 50, 10)
