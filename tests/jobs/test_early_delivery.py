"""A video is sent to R2 while fal still sends it: whatever ends that leaves no half of it."""

from __future__ import annotations

import asyncio
from collections import Counter
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

import pytest

from app import times
from app.storage.r2 import R2Storage
from app.storage.r2_multipart import PART_BYTES
from tests.support.clock import pass_retries, pass_time
from tests.support.job_rows import stored_row
from tests.support.ledger import CHARGED, HELD, RELEASED
from tests.support.process import PATIENCE
from tests.support.service import Running, running
from tests.support.stand_ins.fal_faults import Pause, Truncate
from tests.support.stand_ins.videos import padded, small_video

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

    from app.settings import Settings
    from tests.support.s3 import S3Server
    from tests.support.stand_ins.fal import FalStandIn

T = TypeVar("T")
VIDEO = padded(small_video(), 2 * PART_BYTES + 1000)
UNPLAYABLE = padded(b"\0\0\0\x18ftypmp42" + bytes(16), 2 * PART_BYTES + 1000)


class Sending:
    """A seam that counts calls; those to a storage that is ``away`` fail, and ``faulty`` ones."""

    def __init__(self, faulty: str = "") -> None:
        self.away = False
        self.faulty = faulty
        self.counts: Counter[str] = Counter()
        self.first_part = asyncio.Event()

    async def __call__(self, name: str, call: Callable[[], Awaitable[T]], /) -> T:
        self.counts[name] += 1
        if self.away and name.startswith("storage."):
            raise ConnectionResetError
        if name == self.faulty:
            raise ZeroDivisionError
        answer = await call()
        if name == "storage.part":
            self.first_part.set()
        return answer


@dataclass
class Delivering:
    """A delivery of which a part was sent, and whose video pauses in the middle."""

    run: Running
    job_id: str
    pause: Pause
    seam: Sending

    @property
    def storage(self) -> R2Storage:
        assert isinstance(self.run.service.storage, R2Storage)
        return self.run.service.storage

    async def stored(self) -> tuple[bool, int]:
        """Return whether the video can be seen, and the number of unfinished uploads."""
        key = (await stored_row(self.run, self.job_id))["video_key"]
        listed = await self.storage._client.list_multipart_uploads(Bucket="videos")
        found = await self.storage.find(key, read=False)
        return found is not None, len(listed.get("Uploads", []))


@pytest.fixture
def r2_settings(settings: Settings, own_s3: S3Server, monkeypatch: pytest.MonkeyPatch) -> Settings:
    # A busy server may take longer for the last parts and to abort an upload; what outlives that,
    # R2 deletes after days.
    monkeypatch.setattr(times, "PART_DRAIN", PATIENCE)
    monkeypatch.setattr(times, "UPLOAD_ABORT", PATIENCE)
    return own_s3.settings(settings).model_copy(update={"keep_start_images": False})


@pytest.fixture
async def delivering(
    r2_settings: Settings,
    fal: FalStandIn,
    every_poll_asks_fal: None,  # noqa: ARG001 it changes how the service runs
) -> AsyncIterator[Delivering]:
    async with paused_delivery(r2_settings, fal) as delivering:
        yield delivering
        assert await delivering.run.audit() == []


@asynccontextmanager
async def paused_delivery(
    settings: Settings, fal: FalStandIn, video: bytes = VIDEO
) -> AsyncIterator[Delivering]:
    seam, pause = Sending(), Pause(PART_BYTES + 1_000_000)
    async with running(settings, fal, seam=seam) as run:
        job_id = await run.submitted()
        fal.complete(fal.newest, video)
        fal.faults.add("media", pause)
        await run.status(job_id)
        await seam.first_part.wait()
        yield Delivering(run, job_id, pause, seam)


async def test_a_video_is_stored_while_it_arrives(delivering: Delivering, fal: FalStandIn) -> None:
    assert await delivering.stored() == (False, 1)
    delivering.pause.released.set()
    assert (await delivering.run.finished(delivering.job_id))["status"] == "completed"
    assert await delivering.stored() == (True, 0)
    assert delivering.seam.counts["storage.put"] == 1  # of the poster
    assert fal.count("media") == 1
    assert await delivering.run.money() == CHARGED


async def test_a_video_that_fails_its_checks_is_never_seen_and_its_parts_are_aborted(
    r2_settings: Settings, fal: FalStandIn
) -> None:
    async with paused_delivery(r2_settings, fal, UNPLAYABLE) as delivering:
        assert await delivering.stored() == (False, 1)
        delivering.pause.released.set()
        await delivering.run.wait_for_background()
        assert await delivering.stored() == (False, 0)
        assert await delivering.run.money() == HELD
        await pass_retries(delivering.run, delivering.job_id, times=7)
        assert await delivering.stored() == (False, 0)
        assert await delivering.run.money() == RELEASED
        assert await delivering.run.audit() == []


async def test_a_video_that_is_cut_short_is_never_seen_and_is_fetched_again(
    r2_settings: Settings, fal: FalStandIn
) -> None:
    seam = Sending()
    async with running(r2_settings, fal, seam=seam) as run:
        job_id = await run.submitted()
        fal.complete(fal.newest, VIDEO)
        fal.faults.add("media", Truncate(missing=1000))
        await run.status(job_id)
        await run.wait_for_background()
        delivering = Delivering(run, job_id, Pause(0), seam)
        assert seam.counts["storage.part"] > 0
        assert await delivering.stored() == (False, 0)
        await pass_time(run, 60)
        assert (await run.finished(job_id))["status"] == "completed"
        assert await delivering.stored() == (True, 0)
        assert await run.audit() == []


async def test_other_bytes_at_the_second_try_leave_one_object(
    r2_settings: Settings, fal: FalStandIn
) -> None:
    seam = Sending(faulty="db.video_job::complete")
    async with running(r2_settings, fal, seam=seam) as run:
        job_id = await run.submitted()
        fal.complete(fal.newest, VIDEO)
        await run.status(job_id)
        await run.wait_for_background()
        assert await Delivering(run, job_id, Pause(0), seam).stored() == (True, 0)
        fal.complete(fal.newest, padded(small_video(seed=9), len(VIDEO)))
        seam.faulty = ""
        await pass_time(run, 60)
        job = await run.finished(job_id)
        assert job["key"].endswith("-night-life-roller.mp4")
        assert await Delivering(run, job_id, Pause(0), seam).stored() == (True, 0)
        assert await run.audit() == []


async def test_a_storage_that_goes_away_in_the_middle_gets_the_video_without_another_download(
    delivering: Delivering, fal: FalStandIn
) -> None:
    delivering.seam.away = True
    delivering.pause.released.set()
    await delivering.run.wait_for_background()
    for minute in range(1, 4):
        await pass_time(delivering.run, minute * 60)
    assert await delivering.run.money() == HELD
    delivering.seam.away = False
    await pass_time(delivering.run, 600)
    assert (await delivering.run.finished(delivering.job_id))["status"] == "completed"
    assert (await delivering.stored())[0]
    assert fal.count("media") == 1
    assert await delivering.run.money() == CHARGED


async def test_a_delivery_that_loses_its_lease_in_the_middle_aborts_its_parts(
    r2_settings: Settings, fal: FalStandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(times, "LEASE_RENEWAL", 0.05)
    async with paused_delivery(r2_settings, fal) as delivering:
        run, job_id = delivering.run, delivering.job_id
        await run.rows("UPDATE video_job SET lease.holder = 'another'")
        await run.wait_for_background()
        assert await delivering.stored() == (False, 0)
        assert await run.money() == HELD
        await pass_time(run, 60)
        assert (await run.finished(job_id))["status"] == "completed"
        assert await delivering.stored() == (True, 0)
        assert fal.count("media") == 2
        assert await run.audit() == []


async def test_a_stop_in_the_middle_aborts_the_parts_in_time_and_the_next_process_delivers(
    r2_settings: Settings, own_s3: S3Server, fal: FalStandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(times, "DRAIN", 0.1)
    monkeypatch.setattr(times, "PART_DRAIN", 3600.0)  # a part that cannot arrive is not waited for
    async with asyncio.timeout(60), paused_delivery(r2_settings, fal) as delivering:
        key = (await stored_row(delivering.run, delivering.job_id))["video_key"]
    async with own_s3.open() as storage:
        assert await storage.find(key, read=False) is None
        listed = await storage._client.list_multipart_uploads(Bucket="videos")
        assert not listed.get("Uploads")
    async with running(r2_settings, fal) as run:
        await pass_time(run, 60)
        assert (await run.finished(delivering.job_id))["status"] == "completed"
        assert await run.money() == CHARGED
        assert await run.audit() == []
