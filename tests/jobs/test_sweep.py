"""The sweep: due jobs are processed with no browser open, and none holds up the others."""

import asyncio
from unittest import mock

import pytest

from app import times
from app.database.due_jobs import DueJobs
from app.domain.job import DueJob
from app.jobs import snapshots, sweep
from app.jobs.fetched_videos import FetchedVideos
from app.jobs.lifecycle import Lifecycle
from app.jobs.sweep import Sweep
from app.problems import DatabaseUnavailable
from app.settings import Settings
from tests.support.clock import pass_time, set_clock_ahead
from tests.support.job_rows import job, stored_row
from tests.support.ledger import RELEASED
from tests.support.seams import FailingSeam
from tests.support.service import Running, running
from tests.support.stand_ins.fal import FalStandIn
from tests.support.stand_ins.videos import small_video


async def test_job_whose_processing_fails_does_not_hold_up_the_others(
    settings: Settings, fal: FalStandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(times, "SWEEP_INTERVAL", 0.02)
    async with running(settings, fal) as run:
        odd = await run.submitted()
        well, request_id = await run.submitted(), fal.newest
        fal.complete(request_id, small_video())
        process_due = run.service.lifecycle.process_due

        async def fails_for_one(due: DueJob) -> None:
            if due.job.id == odd:
                raise ZeroDivisionError
            await process_due(due)

        monkeypatch.setattr(run.service.lifecycle, "process_due", fails_for_one)
        await set_clock_ahead(run.service.database, 60)
        async with asyncio.timeout(20):
            while (await stored_row(run, well))["status"] != "completed":  # noqa: ASYNC110 no signal
                await asyncio.sleep(0.02)
        await run.wait_for_background()
        assert (await run.status(well))["status"] == "completed"


async def test_due_job_is_delivered_without_a_poll(run: Running, fal: FalStandIn) -> None:
    job_id, request_id = await run.submitted(), fal.newest
    fal.complete(request_id, small_video())
    await pass_time(run, 25)
    assert await run.rows("SELECT VALUE status FROM video_job") == ["completed"]
    assert fal.count("status") == 1
    assert (await run.status(job_id))["status"] == "completed"


async def test_expired_job_fails_and_is_cancelled_at_fal(run: Running, fal: FalStandIn) -> None:
    job_id = await run.submitted()
    await pass_time(run, 24 * 3600 + 60)
    job = await run.status(job_id)
    assert (job["status"], job["error"]["code"]) == ("failed", "deadline_exceeded")
    assert fal.count("cancel") == 1
    assert await run.money() == RELEASED


FAR = "d'+12000-01-01T00:00:00Z'"
UNREADABLE = [
    f"UPDATE type::record('video_job', $odd) SET {name} = {FAR} RETURN NONE"  # noqa: S608 no input
    for name in ("deadline_at", "created_at")
]


@pytest.mark.unaudited  # the audit cannot read the row
@pytest.mark.parametrize("statement", UNREADABLE, ids=["deadline", "creation"])
async def test_time_that_no_driver_can_read_does_not_hold_up_the_others(
    run: Running, fal: FalStandIn, statement: str
) -> None:
    odd = await run.submitted()
    well, request_id = await run.submitted(), fal.newest
    fal.complete(request_id, small_video())
    await run.rows("DEFINE FIELD OVERWRITE created_at ON video_job TYPE datetime")
    await run.rows(statement, odd=odd)
    await pass_time(run, 60)
    await pass_time(run, 120)
    rows = await run.rows("SELECT VALUE status FROM type::record('video_job', $well)", well=well)
    assert rows == ["completed"]


@pytest.mark.unaudited  # the audit reports the row
async def test_unreadable_row_is_logged_and_does_not_hold_up_the_others(
    run: Running, fal: FalStandIn, caplog: pytest.LogCaptureFixture
) -> None:
    odd, well = await run.submitted(), await run.submitted()
    fal.complete(fal.newest, small_video())
    # A later release may know more stages.
    await run.rows("DEFINE FIELD OVERWRITE stage ON video_job TYPE string")
    await run.rows("UPDATE type::record('video_job', $odd) SET stage = 'dreaming'", odd=odd)
    await pass_time(run, 25)
    assert (await stored_row(run, well))["status"] == "completed"
    assert f"{odd} cannot be read" in caplog.text.replace("⟨", "").replace("⟩", "")


@pytest.mark.parametrize(("watched_for", "asked"), [(3600.0, 0), (0.0, 1)])
async def test_sweep_does_not_refresh_a_job_that_is_polled(
    run: Running, fal: FalStandIn, monkeypatch: pytest.MonkeyPatch, watched_for: float, asked: int
) -> None:
    monkeypatch.setattr(snapshots, "WATCHED", watched_for)
    job_id = await run.submitted()
    await run.status(job_id)
    fal.calls.clear()
    await pass_time(run, 20)
    assert fal.count("status") == asked


@pytest.mark.parametrize(("due", "waits"), [(sweep.BATCH, False), (sweep.BATCH - 1, True)])
async def test_sweep_waits_unless_more_jobs_may_be_due(
    monkeypatch: pytest.MonkeyPatch, due: int, *, waits: bool
) -> None:
    monkeypatch.setattr(asyncio, "sleep", sleep := mock.AsyncMock())
    due_jobs = mock.create_autospec(DueJobs, instance=True)
    due_jobs.take_due.return_value = [DueJob(job=job(), expired=False, overdue_seconds=0.0)] * due
    lifecycle = mock.create_autospec(Lifecycle, instance=True)
    lifecycle.process_due.return_value = None
    await Sweep(due_jobs, lifecycle, FetchedVideos()).run()
    assert lifecycle.process_due.await_count == due
    assert sleep.await_count == waits
    for call in sleep.await_args_list:
        assert call.args[0] == pytest.approx(times.SWEEP_INTERVAL, rel=times.SWEEP_JITTER)


async def test_sweep_continues_when_the_database_is_back(
    settings: Settings,
    fal: FalStandIn,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(times, "SWEEP_INTERVAL", 3600.0)
    outage = FailingSeam(DatabaseUnavailable())
    async with running(settings, fal, seam=outage) as run:
        job_id, request_id = await run.submitted(), fal.newest
        fal.complete(request_id, small_video())
        await set_clock_ahead(run.service.database, 25)
        outage.name = "db.video_job::take_due"
        assert await run.service.sweep.once() == 0
        assert "The sweep waits for the database" in caplog.text
        outage.name = ""
        assert await run.service.sweep.once() == 1
        await run.wait_for_background()
        assert (await stored_row(run, job_id))["status"] == "completed"
