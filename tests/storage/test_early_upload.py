"""A file is sent to R2 while it arrives, and can be seen only when its upload is finished."""

from __future__ import annotations

import asyncio
import hashlib
import os
from collections import Counter
from typing import TYPE_CHECKING, TypeVar
from uuid import uuid4

import pytest

from app import times
from app.errors import ObjectTaken, StorageUnavailable
from app.storage import r2_calls
from app.storage.arriving_file import ArrivingFile
from app.storage.r2_multipart import PART_BYTES, PARTS_IN_FLIGHT, PartBody
from tests.support.s3 import put_video, write_file

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from pathlib import Path

    from app.storage.r2 import R2Storage
    from tests.support.s3 import S3Server

T = TypeVar("T")
CONTENT = os.urandom(2 * PART_BYTES + 12_345)
DIGEST = hashlib.sha256(CONTENT).hexdigest()
OWNER = "job-1"


class Calls:
    """A seam that counts the calls by name; those of one name fail, or lose their answer."""

    def __init__(self, failing: str = "", *, after_effect: bool = False) -> None:
        self.failing = failing
        self.after_effect = after_effect
        self.counts: Counter[str] = Counter()
        self._ended = asyncio.Condition()

    async def __call__(self, name: str, call: Callable[[], Awaitable[T]], /) -> T:
        if name == self.failing:
            if self.after_effect:
                await call()
            self.counts[f"failed {name}"] += 1
            raise ConnectionResetError
        answer = await call()
        async with self._ended:
            self.counts[name] += 1
            self._ended.notify_all()
        return answer

    async def until(self, name: str, count: int) -> None:
        async with self._ended:
            await self._ended.wait_for(lambda: self.counts[name] >= count)


class Growing(ArrivingFile):
    """A file that a test lets arrive."""

    def __init__(self, folder: Path, content: bytes = CONTENT, *, announced: bool = True) -> None:
        super().__init__(folder / f"{uuid4()}.mp4")
        self.content = content
        self._announced = len(content) if announced else None

    def arrive(self, size: int) -> None:
        self.path.write_bytes(self.content[:size])
        self.grow(size, self._announced)

    def end(self) -> None:
        self.path.write_bytes(self.content)
        self.grow(len(self.content), len(self.content))


@pytest.fixture
def key() -> str:
    return f"users/u/library/{uuid4()}.mp4"


async def unfinished_uploads(storage: R2Storage) -> int:
    listed = await storage._client.list_multipart_uploads(Bucket="videos")
    return len(listed.get("Uploads", []))


async def store(storage: R2Storage, key: str, file: Growing) -> None:
    async with storage.upload(key, file, owner=OWNER) as finish:
        file.end()
        await finish(sha256=hashlib.sha256(file.content).hexdigest())


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
