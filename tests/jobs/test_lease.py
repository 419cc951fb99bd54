"""A delivery holds its job by a lease, and extends it for as long as it takes."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass

import pytest

from app import times
from app.errors import DatabaseUnavailable
from app.jobs import snapshots
from app.settings import Settings
from app.telemetry.seam import T
from tests.support.clock import pass_time, set_clock_ahead
from tests.support.ledger import CHARGED, HELD
from tests.support.service import Running, running
from tests.support.stand_ins.fal import FalStandIn
from tests.support.stand_ins.fal_faults import Hang
from tests.support.stand_ins.videos import small_video


class Extensions:
    """A seam that tells of each extension, and fails those that the test wants to fail."""

    def __init__(self) -> None:
        self.to_fail = 0
        self._one = asyncio.Event()

    async def __call__(self, name: str, call: Callable[[], Awaitable[T]], /) -> T:
        if name != "db.video_job::extend":
            return await call()
        if self.to_fail:
            self.to_fail -= 1
            raise DatabaseUnavailable
        answer = await call()
        self._one.set()
        return answer

    async def next(self) -> None:
        """Wait for an extension that begins from now on."""
        for _ in range(2):  # the first may be under way already
            self._one.clear()
            await self._one.wait()


@dataclass
class Downloading:
    """A delivery in the middle of its download."""

    run: Running
    job_id: str
    hang: Hang
    extensions: Extensions

    async def taken(self) -> bool:
        """Tell whether another process can have the job now."""
        claim = self.run.service.database.call(
            "video_job::claim", self.job_id, "another", 20, "users/ada/library/other"
        )
        return await claim is not None


@pytest.fixture
async def downloading(
    settings: Settings, fal: FalStandIn, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Downloading]:
    monkeypatch.setattr(times, "LEASE_RENEWAL", 0.01)
    monkeypatch.setattr(snapshots, "FRESH", 0.0)
    extensions, hang = Extensions(), Hang()
    fal.faults.add("media", hang)
    async with running(settings, fal, seam=extensions) as run:
        job_id = await run.submitted()
        fal.complete(fal.newest, small_video())
        await run.status(job_id)
        await hang.reached.wait()
        yield Downloading(run, job_id, hang, extensions)
        await run.wait_for_background()
        assert await run.audit() == []


async def test_delivery_that_takes_longer_than_its_lease_keeps_the_job(
    downloading: Downloading, fal: FalStandIn
) -> None:
    for seconds in (15, 30, 45):
        await set_clock_ahead(downloading.run.service.database, seconds)
        assert not await downloading.taken()
        await downloading.extensions.next()
    downloading.hang.released.set()
    assert (await downloading.run.finished(downloading.job_id))["status"] == "completed"
    assert (fal.count("result"), fal.count("media")) == (1, 1)
    assert await downloading.run.money() == CHARGED


async def test_delivery_whose_job_was_taken_over_stops_and_leaves_it_alone(
    downloading: Downloading, fal: FalStandIn
) -> None:
    run = downloading.run
    await run.rows("UPDATE video_job SET lease.holder = 'another'")
    await run.wait_for_background()  # though the download hangs
    assert (await run.status(downloading.job_id))["stage"] == "storing"
    assert await run.rows("SELECT VALUE lease.holder FROM video_job") == ["another"]
    assert await run.money() == HELD
    downloading.hang.released.set()
    await pass_time(run, 30)  # the other has died, and its lease has run out
    assert (await run.status(downloading.job_id))["status"] == "completed"
    assert fal.count("media") == 2
    assert await run.money() == CHARGED


async def test_database_that_is_away_for_a_moment_does_not_stop_a_delivery(
    downloading: Downloading, fal: FalStandIn
) -> None:
    downloading.extensions.to_fail = 3
    await downloading.extensions.next()
    downloading.hang.released.set()
    assert (await downloading.run.finished(downloading.job_id))["status"] == "completed"
    assert fal.count("media") == 1
    assert await downloading.run.money() == CHARGED


async def test_service_that_stops_hands_back_the_delivery_that_it_cannot_finish(
    settings: Settings, fal: FalStandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(times, "DRAIN", 0.05)
    hang = Hang()
    fal.faults.add("media", hang)
    async with running(settings, fal) as run:
        job_id = await run.submitted()
        fal.complete(fal.newest, small_video())
        await run.status(job_id)
        await hang.reached.wait()
    hang.released.set()
    async with running(settings, fal) as run:  # at once: there is no lease to wait for
        await run.service.sweep.once()
        await run.wait_for_background()
        assert (await run.status(job_id))["status"] == "completed"
        assert await run.money() == CHARGED
        assert await run.audit() == []
