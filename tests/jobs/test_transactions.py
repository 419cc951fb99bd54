"""A job needs seven transactions from its submit to its video in the library."""

from collections.abc import AsyncIterator

import pytest

from app.settings import Settings
from tests.support.seams import RecordingSeam
from tests.support.service import Running, running
from tests.support.stand_ins.fal import FalStandIn
from tests.support.stand_ins.videos import small_video

WHOLE_LIFE = [
    "open",
    "submitting",
    "queued",
    "start_image_stored",
    "progress",
    "claim",
    "complete",
]


@pytest.fixture
def seam() -> RecordingSeam:
    return RecordingSeam()


@pytest.fixture
async def run(
    public_settings: Settings,
    fal: FalStandIn,
    seam: RecordingSeam,
    every_poll_asks_fal: None,  # noqa: ARG001 it changes how the service runs
) -> AsyncIterator[Running]:
    """The service with a public URL and a seam that notes each call."""
    async with running(public_settings, fal, seam=seam) as service:
        yield service


def transactions(seam: RecordingSeam) -> list[str]:
    """Return the names of the job functions that were called."""
    on_jobs = "db.video_job::"
    return [name.removeprefix(on_jobs) for name in seam.names if name.startswith(on_jobs)]


async def seen_running(run: Running, fal: FalStandIn) -> str:
    """Submit, and poll the job while fal generates the video."""
    job_id = await run.submitted()
    await run.wait_for_background()
    fal.advance(fal.newest, "IN_PROGRESS")
    assert (await run.status(job_id))["status"] == "processing"
    return job_id


async def test_job_that_a_webhook_completes_needs_seven_transactions(
    run: Running, fal: FalStandIn, seam: RecordingSeam
) -> None:
    job_id = await seen_running(run, fal)
    fal.complete(fal.newest, small_video())
    assert (await fal.call_back(run.client, fal.newest)).status_code == 200
    await run.wait_for_background()
    assert (await run.status(job_id))["status"] == "completed"
    assert transactions(seam) == WHOLE_LIFE


async def test_job_that_a_poll_completes_needs_seven_transactions(
    run: Running, fal: FalStandIn, seam: RecordingSeam
) -> None:
    job_id = await seen_running(run, fal)
    fal.complete(fal.newest, small_video())
    assert (await run.finished(job_id))["status"] == "completed"
    assert transactions(seam) == WHOLE_LIFE
