"""A job at its deadline is cancelled at fal and fails, unless fal has finished its video."""

import pytest

from app.jobs import cancellations
from app.settings import Settings
from tests.support.cancels import cancelled, generating, refusal
from tests.support.clock import pass_time
from tests.support.ledger import CHARGED, HELD, RELEASED
from tests.support.seams import FailingSeam
from tests.support.service import Running, running
from tests.support.stand_ins.fal import FalStandIn
from tests.support.stand_ins.fal_faults import Answer, Drop, Fault, Hang
from tests.support.stand_ins.videos import small_video

EXPIRED = 24 * 3600 + 60
"""Seconds after a submit: its deadline has passed."""


async def test_expired_job_fails_and_is_cancelled_at_fal(run: Running, fal: FalStandIn) -> None:
    job_id, request_id = await generating(run, fal)
    await pass_time(run, EXPIRED)
    job = await run.status(job_id)
    assert (job["status"], job["error"]["code"]) == ("failed", "deadline_exceeded")
    assert fal.count("cancel", request_id) == 1
    assert refusal(await run.cancel(job_id)) == (409, "job_finished")
    assert await run.money() == RELEASED


@pytest.mark.parametrize("is_finished", [False, True])
@pytest.mark.parametrize("fault", [Answer(500), Answer(429), Drop(), Hang()])
async def test_expired_job_whose_cancel_is_not_answered_is_cancelled_again(
    run: Running,
    fal: FalStandIn,
    monkeypatch: pytest.MonkeyPatch,
    fault: Fault,
    *,
    is_finished: bool,
) -> None:
    monkeypatch.setattr(cancellations, "CANCEL_PATIENCE", 0.5)
    job_id, request_id = await generating(run, fal)
    if is_finished:
        fal.complete(request_id, small_video())
    fal.faults.add("cancel", fault)
    await pass_time(run, EXPIRED)
    assert await run.rows("SELECT VALUE stage FROM video_job") == ["generating"]
    assert await run.money() == HELD
    await pass_time(run, EXPIRED + 60)
    job = await run.status(job_id)
    assert job["status"] == ("completed" if is_finished else "failed")
    assert is_finished or job["error"]["code"] == "deadline_exceeded"
    assert fal.count("cancel", request_id) == 2
    assert await run.money() == (CHARGED if is_finished else RELEASED)


@pytest.mark.parametrize("is_cancelling", [False, True])
async def test_expired_job_ends_after_ten_minutes_without_an_answer_to_its_cancel(
    run: Running, fal: FalStandIn, *, is_cancelling: bool
) -> None:
    job_id, _ = await generating(run, fal)
    fal.faults.add("cancel", Answer(503), times=None)
    if is_cancelling:
        await cancelled(run, job_id)
    for seconds in range(0, 600, 60):
        await pass_time(run, EXPIRED + seconds)
        job = await run.status(job_id)
        assert job["stage"] == ("cancelling" if is_cancelling else "generating")
    await pass_time(run, EXPIRED + 660)
    job = await run.status(job_id)
    assert job["status"] == ("cancelled" if is_cancelling else "failed")
    assert is_cancelling or job["error"]["code"] == "deadline_exceeded"
    assert await run.money() == RELEASED


async def test_expired_job_that_a_poll_finds_finished_is_delivered_at_once(
    run: Running, fal: FalStandIn
) -> None:
    job_id, request_id = await generating(run, fal)
    fal.faults.add("cancel", Answer(503), times=None)
    await pass_time(run, EXPIRED)
    fal.complete(request_id, small_video())
    assert (await run.finished(job_id))["status"] == "completed"


async def test_expired_job_of_which_fal_knows_nothing_more_ends_although_it_is_polled(
    run: Running, fal: FalStandIn
) -> None:
    job_id, request_id = await generating(run, fal)
    fal.faults.add("cancel", Answer(503), times=None)
    del fal.requests[request_id]
    for seconds in range(0, 720, 60):
        await pass_time(run, EXPIRED + seconds)
        await run.status(job_id)
    assert (await run.status(job_id))["status"] == "failed"
    assert await run.money() == RELEASED


async def test_expired_job_fails_although_its_cancel_raises_an_unforeseen_error(
    settings: Settings, fal: FalStandIn
) -> None:
    seam = FailingSeam(RuntimeError("unforeseen"), "fal.cancel")
    async with running(settings, fal, seam=seam) as run:
        job_id = await run.submitted()
        await pass_time(run, EXPIRED)
        assert (await run.status(job_id))["error"]["code"] == "deadline_exceeded"
        assert seam.failed == 1
        assert await run.money() == RELEASED
