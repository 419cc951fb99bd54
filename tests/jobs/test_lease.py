"""A delivery leases its job, and extends the lease until it is done."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from unittest import mock

import pytest

from app import times
from app.database.job_store import JobStore
from app.jobs.lease import extended_lease
from app.problems import DatabaseUnavailable
from app.settings import Settings
from app.telemetry.seam import T
from tests.support.clock import pass_time, set_clock_ahead
from tests.support.job_rows import job
from tests.support.ledger import CHARGED, HELD
from tests.support.process import PATIENCE
from tests.support.service import Running, running
from tests.support.stand_ins.fal import FalStandIn
from tests.support.stand_ins.fal_faults import Hang
from tests.support.stand_ins.videos import small_video


class Extensions:
    """A seam that signals each extension of a lease, and fails the next ``to_fail`` of them."""

    def __init__(self) -> None:
        self.to_fail = 0
        self.error: Exception = DatabaseUnavailable()
        self._one = asyncio.Event()

    async def __call__(self, name: str, call: Callable[[], Awaitable[T]], /) -> T:
        if name != "db.video_job::extend":
            return await call()
        if self.to_fail:
            self.to_fail -= 1
            raise self.error
        answer = await call()
        self._one.set()
        return answer

    async def next(self) -> None:
        """Wait for an extension that starts after this call."""
        for _ in range(2):  # the first may have started before
            self._one.clear()
            await self._one.wait()


@dataclass
class Downloading:
    """A delivery whose download hangs."""

    run: Running
    job_id: str
    hang: Hang
    extensions: Extensions

    async def can_be_claimed(self) -> bool:
        """Return whether another process can claim the job now."""
        claim = self.run.service.database.call(
            "video_job::claim", self.job_id, "another", 20, "users/ada/library/other"
        )
        return await claim is not None


@pytest.fixture
async def downloading(
    settings: Settings,
    fal: FalStandIn,
    every_poll_asks_fal: None,  # noqa: ARG001 it changes how the service runs
    monkeypatch: pytest.MonkeyPatch,
) -> AsyncIterator[Downloading]:
    monkeypatch.setattr(times, "LEASE_RENEWAL", 0.01)
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


async def test_delivery_that_outlasts_its_lease_keeps_the_job(
    downloading: Downloading, fal: FalStandIn
) -> None:
    for seconds in (15, 30, 45):
        await set_clock_ahead(downloading.run.service.database, seconds)
        assert not await downloading.can_be_claimed()
        await downloading.extensions.next()
    downloading.hang.released.set()
    assert (await downloading.run.finished(downloading.job_id))["status"] == "completed"
    assert (fal.count("result"), fal.count("media")) == (1, 1)
    assert await downloading.run.money() == CHARGED


async def test_delivery_that_loses_its_lease_stops_and_changes_nothing(
    downloading: Downloading, fal: FalStandIn
) -> None:
    run = downloading.run
    await run.rows("UPDATE video_job SET lease.holder = 'another'")
    await run.wait_for_background()  # the delivery has stopped although its download still hangs
    assert (await run.status(downloading.job_id))["stage"] == "storing"
    assert await run.rows("SELECT VALUE lease.holder FROM video_job") == ["another"]
    assert await run.money() == HELD
    downloading.hang.released.set()
    await pass_time(run, 30)  # the other holder has died, and its lease has expired
    assert (await run.status(downloading.job_id))["status"] == "completed"
    assert fal.count("media") == 2
    assert await run.money() == CHARGED


class SlowCompletion:
    """A seam that withholds the answer of a completion for twenty renewals of the lease."""

    async def __call__(self, name: str, call: Callable[[], Awaitable[T]], /) -> T:
        answer = await call()
        if name == "db.video_job::complete":
            await asyncio.sleep(20 * times.LEASE_RENEWAL)
        return answer


async def test_completion_that_is_answered_late_is_not_taken_for_a_lost_lease(
    settings: Settings,
    fal: FalStandIn,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr(times, "LEASE_RENEWAL", 0.01)
    async with running(settings, fal, seam=SlowCompletion()) as run:
        job_id = await run.submitted()
        fal.complete(fal.newest, small_video())
        assert (await run.finished(job_id))["status"] == "completed"
        assert await run.money() == CHARGED
        assert await run.audit() == []
    assert "Taken over" not in caplog.text


@pytest.mark.parametrize("error", [DatabaseUnavailable(), ValueError("unforeseen")], ids=repr)
async def test_delivery_continues_when_its_lease_is_briefly_not_extended(
    downloading: Downloading, fal: FalStandIn, error: Exception
) -> None:
    downloading.extensions.error = error
    downloading.extensions.to_fail = 3
    await downloading.extensions.next()
    downloading.hang.released.set()
    assert (await downloading.run.finished(downloading.job_id))["status"] == "completed"
    assert fal.count("media") == 1
    assert await downloading.run.money() == CHARGED


async def test_delivery_stops_before_its_lease_ends_when_extending_it_raises(
    downloading: Downloading,
    fal: FalStandIn,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    run = downloading.run
    monkeypatch.setattr(times, "LEASE", 0.02)
    downloading.extensions.error = ValueError("unforeseen")
    downloading.extensions.to_fail = 1_000_000
    await run.wait_for_background()  # the delivery has stopped although its download still hangs
    assert f"[VIDEO JOB {downloading.job_id}] Its lease is not extended" in caplog.messages
    assert await run.money() == HELD
    monkeypatch.undo()
    downloading.hang.released.set()
    await pass_time(run, 30)
    assert (await run.status(downloading.job_id))["status"] == "completed"
    assert fal.count("media") == 2
    assert await run.money() == CHARGED


async def test_stopping_service_releases_the_lease_of_an_unfinished_delivery(
    settings: Settings, fal: FalStandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(times, "DRAIN", 0.05)
    monkeypatch.setattr(times, "LEASE", 10 * PATIENCE)
    hang = Hang()
    fal.faults.add("media", hang)
    async with running(settings, fal) as run:
        job_id = await run.submitted()
        fal.complete(fal.newest, small_video())
        await run.status(job_id)
        await hang.reached.wait()
    hang.released.set()
    async with running(settings, fal) as run, asyncio.timeout(PATIENCE):
        # The service's own sweep delivers it.
        while (await run.status(job_id))["status"] != "completed":  # noqa: ASYNC110 no event for it
            await asyncio.sleep(0.01)
        assert await run.money() == CHARGED
        assert await run.audit() == []


async def test_timeout_of_the_delivery_itself_is_not_a_lost_lease() -> None:
    unused = mock.create_autospec(JobStore, instance=True)
    with pytest.raises(TimeoutError):
        async with extended_lease(unused, job(), "holder"):
            raise TimeoutError
    unused.extend.assert_not_called()
