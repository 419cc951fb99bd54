"""One slow part of fal holds up no other part, and no other job."""

import asyncio
from threading import Event

import pytest
from starlette.types import ASGIApp

from app import times
from app.fal import queue
from app.fal.lanes import LANES
from app.jobs.delivery import CONCURRENT_VIDEOS
from app.jobs.kept_start_images import CONCURRENT as CONCURRENT_IMAGES
from tests.support.process import PATIENCE
from tests.support.service import Running
from tests.support.stand_ins.fal import FalStandIn
from tests.support.stand_ins.fal_faults import Effect, Hang
from tests.support.stand_ins.videos import small_video

WATCHED_JOBS = 160
CROWD = ("eve", "mallory")
"""More requests of one user at once are refused."""


class Crowd(Hang):
    """Hangs, and sets ``full`` when ``size`` calls hang."""

    def __init__(self, size: int) -> None:
        super().__init__()
        self.size = size
        self.hanging = 0
        self.full = asyncio.Event()

    async def __call__(self, effect: Effect, connection: asyncio.Transport) -> ASGIApp:
        self.hanging += 1
        if self.hanging == self.size:
            self.full.set()
        return await super().__call__(effect, connection)


async def watched_jobs(run: Running) -> dict[str, str]:
    """Create jobs of both users that fal works on; returns the user of each id."""
    jobs = {f"request-{number}": CROWD[number % 2] for number in range(WATCHED_JOBS)}
    await run.rows(
        "FOR $job IN $jobs { CREATE type::record('video_job', $job[0]) SET user = $job[1], "
        "user_email = 'crowd@example.com', template_slug = 'night-life-roller', "
        "status = 'pending', fal_model = 'fal-ai/kling-video/v3/pro/image-to-video', "
        "fal_request_id = $job[0], stage = 'queued', due_at = time::now() + 1h }",
        jobs=list(jobs.items()),
    )
    return jobs


@pytest.mark.unaudited  # the crowd's jobs are rows without holds and events
async def test_status_that_hangs_for_many_jobs_holds_up_no_submit_and_no_delivery(
    run: Running, fal: FalStandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(queue, "STATUS_DEADLINE", 600.0)
    done, request_id = await run.submitted(), fal.newest
    fal.complete(request_id, small_video())
    job = await run.service.store.get(done)
    jobs = await watched_jobs(run)
    crowd = Crowd(LANES["fal.status"])
    fal.faults.add("status", crowd, times=None)

    await asyncio.gather(*(run.status(each, user=user) for each, user in jobs.items()))
    await crowd.full.wait()
    run.service.lifecycle.deliver(job)
    assert (await run.submit(user="bob")).status_code == 202
    await run.wait_for_background()
    assert (await run.status(done))["status"] == "completed"
    assert crowd.hanging == LANES["fal.status"]

    fal.faults.clear()
    crowd.released.set()
    monkeypatch.setattr(times, "FAL_WAIT", PATIENCE)  # nothing asks fal when the service stops
    await asyncio.gather(*(run.status(each, user=user) for each, user in jobs.items()))


async def test_cancels_that_hang_do_not_hold_up_the_sweep(
    run: Running, fal: FalStandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(queue, "CANCEL_DEADLINE", 600.0)
    job_id, _ = await run.submitted(), fal.newest
    hang = Hang()
    fal.faults.add("cancel", hang, times=None)
    await run.cancel(job_id)
    await run.rows("UPDATE video_job SET due_at = time::now() - 1s")
    async with asyncio.timeout(PATIENCE):
        assert await run.service.sweep.once() == 1
    hang.released.set()
    await run.wait_for_background()
    assert (await run.status(job_id))["status"] == "cancelled"


async def test_results_that_hang_do_not_hold_up_the_delivery_of_another_job(
    run: Running, fal: FalStandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(queue, "RESULT_DEADLINE", 600.0)
    crowd = Crowd(CONCURRENT_VIDEOS)
    fal.faults.add("result", crowd, times=crowd.size)

    async def completed_at_fal(user: str) -> str:
        job_id = await run.submitted(user=user)
        fal.complete(fal.newest, small_video())
        await run.status(job_id, user=user)
        return job_id

    for number in range(crowd.size):
        await completed_at_fal(f"user-{number}")
    await crowd.full.wait()
    job_id = await completed_at_fal("bob")
    async with asyncio.timeout(PATIENCE):
        while (await run.status(job_id, user="bob"))["status"] != "completed":  # noqa: ASYNC110 its events are the page's
            await asyncio.sleep(0.01)
    crowd.released.set()
    await run.wait_for_background()


@pytest.mark.usefixtures("run")
async def test_a_temporary_folder_that_hangs_leaves_threads_that_look_up_names() -> None:
    """A video in transfer holds up to three threads: one writes, two read parts for R2."""
    released = Event()
    for _ in range(3 * CONCURRENT_VIDEOS + 2 * CONCURRENT_IMAGES):
        asyncio.get_running_loop().run_in_executor(None, released.wait, 10)
    try:
        async with asyncio.timeout(5):
            assert await asyncio.get_running_loop().getaddrinfo("localhost", 80)
    finally:
        released.set()
