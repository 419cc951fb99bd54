"""Every status object has the job's variables, whoever read the job last."""

from unittest import mock

import pytest

from app.jobs import snapshots
from app.problems import DatabaseUnavailable
from app.settings import Settings
from tests.support.clock import set_clock_ahead
from tests.support.event_streams import open_stream
from tests.support.seams import FailingSeam
from tests.support.service import Running, over_a_socket, running
from tests.support.stand_ins.fal import FalStandIn
from tests.support.stand_ins.videos import small_video

VARIABLES = {"duration": "5", "headline": "", "mood": "raw"}


async def test_poll_stream_and_cancel_show_the_variables_with_their_defaults(
    run: Running, fal: FalStandIn
) -> None:
    job_id = await run.submitted(variables={"mood": "raw"})
    async with over_a_socket(run) as address, open_stream(address) as stream:
        assert (await stream.event())["variables"] == VARIABLES
    assert (await run.status(job_id))["variables"] == VARIABLES
    fal.advance(fal.newest, "IN_PROGRESS")
    assert (await run.status(job_id))["variables"] == VARIABLES
    assert (await run.cancel(job_id)).json()["variables"] == VARIABLES
    fal.complete(fal.newest, small_video())
    assert (await run.finished(job_id))["variables"] == VARIABLES


async def test_a_sweep_takes_no_variables_from_a_job_that_is_polled(
    settings: Settings, fal: FalStandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The sweep reads jobs without their variables."""
    monkeypatch.setattr(snapshots, "FRESH", 3600.0)
    async with running(settings, fal) as run:
        job_id = await run.submitted(variables={"mood": "raw"})
        assert (await run.status(job_id))["variables"] == VARIABLES
        await set_clock_ahead(run.service.database, 60)
        with mock.patch.object(run.service.lifecycle, "process_due", done()):
            assert await run.service.sweep.once() == 1
        assert (await run.status(job_id))["variables"] == VARIABLES


async def test_a_poll_after_a_sweep_reads_the_job_rather_than_show_none(
    settings: Settings, fal: FalStandIn
) -> None:
    async with running(settings, fal) as run:
        job_id = await run.submitted()
    seam = FailingSeam(DatabaseUnavailable())
    async with running(settings, fal, seam=seam) as run:
        await set_clock_ahead(run.service.database, 60)
        with mock.patch.object(run.service.lifecycle, "process_due", done()):
            assert await run.service.sweep.once() == 1
        seam.name = "db.video_job::get"
        answer = await run.get("/api/templates/video/status", jobId=job_id)
        assert answer.status_code == 503


def done() -> mock.AsyncMock:
    """Return a step that leaves a due job as it is."""
    return mock.AsyncMock(return_value=None)
