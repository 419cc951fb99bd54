"""A fetched video is kept while it cannot be stored, and a host that is away is waited for."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable
from pathlib import Path
from time import monotonic

import pytest

from app.jobs import fetched_videos, video_objects
from app.problems import DatabaseUnavailable
from app.settings import Settings
from app.telemetry.seam import T
from tests.support.clock import Clock, pass_time
from tests.support.ledger import CHARGED, HELD
from tests.support.process import PATIENCE
from tests.support.seams import FailingSeam
from tests.support.service import Running, running
from tests.support.stand_ins.fal import FalStandIn
from tests.support.stand_ins.fal_faults import Answer, Drop, Fault
from tests.support.stand_ins.videos import small_video


async def deadline_passes(run: Running, _job_id: str) -> None:
    await pass_time(run, 25 * 3600)


async def another_process_ends_it(run: Running, job_id: str) -> None:
    await run.service.database.call("video_job::fail", job_id, None, "interrupted", "By hand.")
    await run.status(job_id)


async def until_empty(scratch: Path) -> None:
    async with asyncio.timeout(PATIENCE):
        while list(scratch.iterdir()):  # noqa: ASYNC110, ASYNC240 a thread deletes
            await asyncio.sleep(0.01)


@pytest.mark.usefixtures("every_poll_asks_fal")
@pytest.mark.parametrize("ends", [deadline_passes, another_process_ends_it])
async def test_kept_video_of_a_job_that_has_ended_is_deleted(
    settings: Settings, fal: FalStandIn, ends: Callable[[Running, str], Awaitable[None]]
) -> None:
    async with running(settings, fal, seam=StorageAway()) as run:
        job_id = await run.submitted()
        fal.complete(fal.newest, small_video())
        await run.status(job_id)
        await run.wait_for_background()
        scratch = run.service.lifecycle._delivery._scratch
        assert list(scratch.rglob("video.mp4"))
        # Only a job whose video is not being stored can expire.
        await run.rows("UPDATE video_job SET stage = 'queued', lease = NONE, due_at = time::now()")
        fal.advance(fal.newest, "IN_QUEUE")
        await ends(run, job_id)
        assert (await run.status(job_id))["status"] == "failed"
        await until_empty(scratch)


async def test_kept_video_that_nobody_takes_is_deleted_unless_the_database_was_away(
    settings: Settings, fal: FalStandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    away = FailingSeam(DatabaseUnavailable())
    async with running(settings, fal, seam=away) as run:
        job_id = await run.submitted()
        fal.complete(fal.newest, small_video())
        run.lose_storage()
        await run.status(job_id)
        await run.wait_for_background()
        scratch, fetched = run.service.lifecycle._delivery._scratch, run.service.sweep._fetched
        await run.service.database.call("video_job::fail", job_id, None, "interrupted", "By hand.")
        clock = Clock()
        clock.now = monotonic() + fetched_videos.UNTAKEN
        monkeypatch.setattr(fetched, "_now", clock)
        away.name = "db.video_job::take_due"
        await run.service.sweep.once()
        away.name = ""
        clock.now += fetched_videos.UNTAKEN - 1
        await run.service.sweep.once()
        assert list(scratch.rglob("video.mp4"))
        clock.now += 2
        await run.service.sweep.once()
        await until_empty(scratch)


class StorageAway:
    """A seam under which nothing can be stored until it is back."""

    def __init__(self) -> None:
        self.is_back = False
        self.counts: Counter[str] = Counter()

    async def __call__(self, name: str, call: Callable[[], Awaitable[T]], /) -> T:
        self.counts[name] += 1
        if name.startswith("storage.") and not self.is_back:
            raise OSError(28, "No space left on device")
        return await call()


async def test_video_is_fetched_once_however_long_the_storage_is_away(
    settings: Settings, fal: FalStandIn
) -> None:
    seam = StorageAway()
    async with running(settings, fal, seam=seam) as run:
        job_id = await run.submitted()
        fal.complete(fal.newest, small_video())
        await run.status(job_id)
        await run.wait_for_background()
        for minute in range(1, 11):
            await pass_time(run, minute * 60)
        seam.is_back = True
        await pass_time(run, 700)
        assert (await run.status(job_id))["status"] == "completed"
        assert fal.count("media") == 1
        assert await run.money() == CHARGED


async def test_no_more_videos_are_fetched_than_are_kept_while_the_storage_is_away(
    settings: Settings, fal: FalStandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fetched_videos, "MAX_KEPT", 1)
    monkeypatch.setattr(video_objects, "CHECK_AGAIN", 3600.0)
    seam = StorageAway()
    async with running(settings, fal, seam=seam) as run:
        jobs = {user: await run.submitted(user=user) for user in ("ada", "bob", "eve", "zoe")}
        for request_id in fal.requests:
            fal.complete(request_id, small_video())
        seam.counts.clear()  # the start checks the storage
        await run.status(jobs["ada"])
        await run.wait_for_background()
        assert seam.counts["storage.check"] == 0
        for minute in range(1, 11):
            await pass_time(run, minute * 60)
        assert fal.count("media") == 1
        assert fal.count("result") == 1
        assert seam.counts["storage.check"] == 1
        monkeypatch.setattr(video_objects, "CHECK_AGAIN", 0.0)
        seam.is_back = True
        await pass_time(run, 700)
        await pass_time(run, 800)
        for user, job_id in jobs.items():
            assert (await run.status(job_id, user=user))["status"] == "completed"
        assert fal.count("media") == 4


OUTAGES: list[Fault] = [Drop(), Answer(500), Answer(502), Answer(503), Answer(429), Answer(408)]


@pytest.mark.parametrize("fault", OUTAGES, ids=str)
async def test_video_whose_host_is_away_for_hours_is_delivered(
    run: Running, fal: FalStandIn, fault: Fault
) -> None:
    job_id = await run.submitted()
    fal.complete(fal.newest, small_video())
    fal.faults.add("media", fault, times=12)
    await run.status(job_id)
    await run.wait_for_background()
    for number in range(1, 12):
        await pass_time(run, number * 1800)
    assert await run.money() == HELD
    for number in range(12, 15):  # a try may have waited for the next half hour
        await pass_time(run, number * 1800)
    assert (await run.status(job_id))["status"] == "completed"
    assert fal.count("media") == 13
