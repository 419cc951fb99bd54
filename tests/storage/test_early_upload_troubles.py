"""A failure on the way of an upload is made up for at its end, and no bytes replace others."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from app.errors import ObjectTaken, StorageUnavailable
from app.storage import r2_calls
from app.storage.r2_multipart import PART_BYTES
from tests.support.early_uploads import (
    CONTENT,
    DIGEST,
    OWNER,
    Calls,
    Growing,
    store,
    unfinished_uploads,
)
from tests.support.s3 import put_video, write_file

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from pathlib import Path

    from app.telemetry.seam import T
    from tests.support.s3 import S3Server


@pytest.mark.parametrize(
    ("arrived", "reason", "is_up"),
    [
        (PART_BYTES - 1, "R2 waited too long for the video's bytes.", True),
        (PART_BYTES, "R2 cannot be reached (TimeoutError). Check R2_ENDPOINT_URL.", False),
    ],
)
async def test_a_file_that_arrives_slowly_is_not_taken_for_a_store_that_is_away(
    s3: S3Server,
    key: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    arrived: int,
    reason: str,
    *,
    is_up: bool,
) -> None:
    recorded: list[bool] = []
    monkeypatch.setattr(r2_calls, "record", lambda _storage, *, up: recorded.append(up))
    timed_out = asyncio.Event()

    async def time_out(name: str, call: Callable[[], Awaitable[T]], /) -> T:
        if name == "storage.part" and not timed_out.is_set():
            timed_out.set()
            raise TimeoutError
        return await call()

    async with s3.open(seam=time_out) as storage:
        file = Growing(tmp_path)
        async with storage.upload(key, file, owner=OWNER) as finish:
            file.arrive(arrived)
            await timed_out.wait()
            file.end()
            await finish(sha256=DIGEST)
        found = await storage.find(key, read=True)
    assert found is not None
    assert found.sha256 == DIGEST
    assert all(recorded) is is_up
    assert caplog.messages == [f"Not sent while it arrived, so sent again: {reason}"]


@pytest.mark.parametrize(
    ("failing", "after_effect"),
    [
        ("storage.create_multipart", False),  # R2 drops an upload whose name was lost
        ("storage.part", False),
        ("storage.part", True),
        ("storage.complete_multipart", False),
        ("storage.complete_multipart", True),
    ],
)
async def test_an_upload_that_fails_on_the_way_is_made_up_for_at_its_end(
    s3: S3Server, key: str, tmp_path: Path, failing: str, *, after_effect: bool
) -> None:
    calls = Calls(failing, after_effect=after_effect)
    async with s3.open(seam=calls) as storage:
        await store(storage, key, Growing(tmp_path))
        found = await storage.find(key, read=True)
        assert found is not None
        assert found.sha256 == DIGEST
        assert await unfinished_uploads(storage) == 0
    assert calls.counts[f"failed {failing}"] >= 1


async def test_an_upload_to_a_store_that_stays_away_is_unavailable(
    s3: S3Server, key: str, tmp_path: Path
) -> None:
    async def fail(_name: str, _call: Callable[[], Awaitable[T]], /) -> T:
        raise ConnectionResetError

    async with s3.open(seam=fail) as storage:
        with pytest.raises(StorageUnavailable):
            await store(storage, key, Growing(tmp_path))


async def test_the_same_bytes_in_the_same_parts_are_known_without_reading_them(
    s3: S3Server, key: str, tmp_path: Path
) -> None:
    calls = Calls()
    async with s3.open(seam=calls) as storage:
        await store(storage, key, Growing(tmp_path))
        await store(storage, key, Growing(tmp_path))
        assert await unfinished_uploads(storage) == 0
    assert (calls.counts["storage.get"], calls.counts["storage.put"]) == (0, 0)


@pytest.mark.parametrize("early_first", [True, False])
async def test_the_same_bytes_are_known_however_they_were_sent(
    s3: S3Server, key: str, tmp_path: Path, *, early_first: bool
) -> None:
    calls = Calls()
    whole = write_file(tmp_path, CONTENT)
    async with s3.open(seam=calls) as storage:
        if early_first:
            await store(storage, key, Growing(tmp_path))
            await put_video(storage, key, whole)
        else:
            await put_video(storage, key, whole)
            await store(storage, key, Growing(tmp_path))
    assert calls.counts["storage.get"] == early_first


async def test_other_bytes_stay_as_they_are(s3: S3Server, key: str, tmp_path: Path) -> None:
    async with s3.open() as storage:
        await store(storage, key, Growing(tmp_path))
        for other in (CONTENT[::-1], CONTENT + b"more"):
            with pytest.raises(ObjectTaken):
                await store(storage, key, Growing(tmp_path, other))
            with pytest.raises(ObjectTaken):
                await put_video(storage, key, write_file(tmp_path, other))
        found = await storage.find(key, read=True)
        assert found is not None
        assert found.sha256 == DIGEST
        assert await unfinished_uploads(storage) == 0
