"""A job needs six transactions, from its submit to its video in the library."""

from collections.abc import AsyncIterator

import pytest

from app.jobs import snapshots
from app.settings import Settings
from tests.support.seams import RecordingSeam
from tests.support.service import Running, running
from tests.support.stand_ins.fal import FalStandIn
from tests.support.stand_ins.videos import small_video

WHOLE_LIFE = ["open", "submitting", "queued", "progress", "claim", "complete"]


@pytest.fixture
def seam() -> RecordingSeam:
    return RecordingSeam()


@pytest.fixture
async def run(
    settings: Settings,
    fal: FalStandIn,
    seam: RecordingSeam,
    monkeypatch: pytest.MonkeyPatch,
) -> AsyncIterator[Running]:
    """A service that fal can call back, in which every poll asks fal."""
    monkeypatch.setattr(snapshots, "FRESH", 0.0)
    reachable = settings.model_copy(update={"public_url": "http://service"})
    async with running(reachable, fal, seam=seam) as service:
        yield service


def transactions(seam: RecordingSeam) -> list[str]:
    """Name the functions that were called on jobs."""
    on_jobs = "db.video_job::"
    return [name.removeprefix(on_jobs) for name in seam.names if name.startswith(on_jobs)]


async def seen_running(run: Running, fal: FalStandIn) -> str:
    job_id = await run.submitted()
    fal.advance(fal.newest, "IN_PROGRESS")
    assert (await run.status(job_id))["status"] == "processing"
    return job_id


async def test_job_whose_end_a_webhook_tells_needs_six_transactions(
    run: Running, fal: FalStandIn, seam: RecordingSeam
) -> None:
    job_id = await seen_running(run, fal)
    fal.complete(fal.newest, small_video())
    assert (await fal.call_back(run.client, fal.newest)).status_code == 200
    await run.wait_for_background()
    assert (await run.status(job_id))["status"] == "completed"
    assert transactions(seam) == WHOLE_LIFE


async def test_job_whose_end_a_poll_sees_needs_six_transactions(
    run: Running, fal: FalStandIn, seam: RecordingSeam
) -> None:
    job_id = await seen_running(run, fal)
    fal.complete(fal.newest, small_video())
    assert (await run.finished(job_id))["status"] == "completed"
    assert transactions(seam) == WHOLE_LIFE
