"""fal refuses this service's key or account: no job ends for it before its deadline."""

from typing import Any

import pytest

from app.jobs import snapshots
from app.settings import Settings
from tests.support.clock import pass_time, set_clock_ahead
from tests.support.ledger import CHARGED, HELD, RELEASED
from tests.support.refusals import assert_problem
from tests.support.service import Running, running
from tests.support.stand_ins.fal import FalStandIn
from tests.support.stand_ins.fal_faults import Answer
from tests.support.stand_ins.videos import small_video

HOUR = 3600
LOCKED = Answer(403, {"detail": "User is locked. Reason: Exhausted balance"})
REFUSALS = [Answer(401, {"detail": "who are you?"}), Answer(402, {"detail": "pay"}), LOCKED]
NEUTRAL = (
    "The video service is not available at the moment. Nothing was charged; please try again later."
)


@pytest.mark.parametrize("refusal", REFUSALS, ids=lambda each: each.status)
@pytest.mark.parametrize("calls", ["upload initiate", "submit"])
async def test_submit_is_answered_in_neutral_words(
    run: Running, fal: FalStandIn, calls: str, refusal: Answer
) -> None:
    for call in calls.split():
        fal.faults.add(call, refusal)
    problem = assert_problem(await run.submit(), 502, "fal_unavailable")
    assert problem["detail"] == NEUTRAL
    job = await run.status(problem["jobId"])
    assert job["error"] == {"code": "fal_unavailable", "message": NEUTRAL}
    assert await run.money() == RELEASED


@pytest.mark.parametrize("refusal", REFUSALS, ids=lambda each: each.status)
@pytest.mark.parametrize("call", ["status", "result"])
async def test_job_waits_for_hours_and_is_delivered_when_fal_answers_again(
    run: Running, fal: FalStandIn, call: str, refusal: Answer
) -> None:
    job_id, request_id = await run.submitted(), fal.newest
    fal.complete(request_id, small_video())
    fal.faults.add(call, refusal, times=None)
    for hour in range(3):
        await pass_time(run, hour * HOUR)
        assert (await run.status(job_id))["status"] in {"pending", "processing"}
        await run.wait_for_background()
    assert await run.money() == HELD
    fal.faults.clear()
    await pass_time(run, 4 * HOUR)
    assert (await run.finished(job_id))["status"] == "completed"
    assert await run.money() == CHARGED


@pytest.mark.parametrize("call", ["status", "result"])
async def test_refusal_that_lasts_ends_the_job_at_its_deadline(
    run: Running, fal: FalStandIn, call: str
) -> None:
    job_id, request_id = await run.submitted(), fal.newest
    fal.complete(request_id, small_video())
    for each in (call, "cancel"):
        fal.faults.add(each, LOCKED, times=None)
    await run.status(job_id)
    await run.wait_for_background()
    await pass_time(run, 23 * HOUR)
    assert await run.money() == HELD
    await pass_time(run, 24 * HOUR + 60)
    job = await run.finished(job_id)
    assert job["status"] == "failed"
    assert job["error"]["code"] in {"deadline_exceeded", "fal_unavailable"}
    assert "locked" not in job["error"]["message"]
    assert await run.money() == RELEASED


async def test_cancel_waits_until_fal_takes_it(run: Running, fal: FalStandIn) -> None:
    job_id, _ = await run.submitted(), fal.newest
    fal.faults.add("cancel", LOCKED, times=None)
    assert (await run.cancel(job_id)).status_code == 202
    for hour in range(1, 3):
        await pass_time(run, hour * HOUR)
        assert (await run.status(job_id))["stage"] == "cancelling"
    fal.faults.clear()
    await pass_time(run, 4 * HOUR)
    assert (await run.status(job_id))["status"] == "cancelled"
    assert await run.money() == RELEASED


async def test_refusal_between_two_404_begins_the_ten_minutes_again(
    run: Running, fal: FalStandIn
) -> None:
    job_id, request_id = await run.submitted(), fal.newest
    fal.requests.pop(request_id)
    await run.status(job_id)
    await set_clock_ahead(run.service.database, HOUR)
    fal.faults.add("status", LOCKED)
    await run.status(job_id)
    await set_clock_ahead(run.service.database, HOUR + 60)
    assert (await run.status(job_id))["status"] == "pending"


async def test_operator_sees_what_a_job_waits_for(run: Running, fal: FalStandIn) -> None:
    job_id, _ = await run.submitted(), fal.newest
    fal.faults.add("status", LOCKED)
    await run.status(job_id)
    (trouble,) = await run.rows("SELECT VALUE trouble FROM video_job")
    assert (trouble["kind"], trouble["count"]) == ("operator_refused", 1)


async def test_callback_during_a_lock_is_asked_for_again(
    settings: Settings, fal: FalStandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(snapshots, "FRESH", 0.0)
    public: dict[str, Any] = {"public_url": "https://videos.example.com"}
    async with running(settings.model_copy(update=public), fal) as run:
        job_id, request_id = await run.submitted(), fal.newest
        fal.complete(request_id, small_video())
        fal.faults.add("status", LOCKED)
        assert (await fal.call_back(run.client, request_id)).status_code == 200
        await run.wait_for_background()
        await pass_time(run, 60)
        assert (await run.finished(job_id))["status"] == "completed"
