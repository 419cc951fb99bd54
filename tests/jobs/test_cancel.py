"""A user cancels a job: it ends once fal agrees, and is charged only for a video."""

import asyncio
from collections import Counter
from pathlib import Path

import pytest

from tests.support.cancels import cancelled, generating, refusal
from tests.support.clock import pass_time, set_clock_ahead
from tests.support.ledger import CHARGED, HELD, RELEASED
from tests.support.service import Running, running, settings_for
from tests.support.stand_ins.fal import FalStandIn
from tests.support.stand_ins.fal_faults import Answer, Drop, Fault, Hang
from tests.support.stand_ins.videos import small_video
from tests.support.tokens import bearer


async def test_job_in_fals_queue_is_cancelled(run: Running, fal: FalStandIn) -> None:
    job_id, request_id = await run.submitted(), fal.newest
    await run.wait_for_background()
    answer = await cancelled(run, job_id)
    assert (answer["status"], answer["stage"]) == ("cancelled", "done")
    assert answer == await run.status(job_id)
    assert "error" not in answer
    assert fal.count("cancel", request_id) == 1
    assert request_id not in fal.requests
    assert await run.money() == RELEASED


async def test_running_job_is_cancelled_once_fal_ends_it(run: Running, fal: FalStandIn) -> None:
    job_id, request_id = await generating(run, fal)
    answer = await cancelled(run, job_id)
    assert (answer["status"], answer["stage"]) == ("processing", "cancelling")
    assert fal.requests[request_id].cancel_requested
    assert (await run.status(job_id))["stage"] == "cancelling"
    assert await run.money() == HELD
    fal.fail(request_id, 499, "Request was cancelled")
    job = await run.finished(job_id)
    assert (job["status"], "error" in job) == ("cancelled", False)
    assert await run.money() == RELEASED


async def test_cancel_of_a_job_that_started_since_the_last_poll_returns_cancelling(
    run: Running, fal: FalStandIn
) -> None:
    job_id = await run.submitted()
    fal.advance(fal.newest, "IN_PROGRESS")
    answer = await cancelled(run, job_id)
    assert (answer["status"], answer["stage"]) == ("processing", "cancelling")
    assert await run.money() == HELD


async def test_running_job_that_fal_finishes_after_the_cancel_is_completed_and_charged(
    run: Running, fal: FalStandIn
) -> None:
    job_id, request_id = await generating(run, fal)
    await cancelled(run, job_id)
    fal.complete(request_id, small_video())
    assert (await run.finished(job_id))["status"] == "completed"
    assert await run.money() == CHARGED


async def test_running_job_that_the_model_refuses_after_the_cancel_has_the_models_reason(
    run: Running, fal: FalStandIn
) -> None:
    job_id, request_id = await generating(run, fal)
    await cancelled(run, job_id)
    fal.fail(request_id, 422, "blocked")
    assert (await run.finished(job_id))["error"]["message"] == "blocked"
    assert await run.money() == RELEASED


async def test_job_whose_video_is_being_stored_cannot_be_cancelled(
    run: Running, fal: FalStandIn
) -> None:
    job_id, request_id = await generating(run, fal)
    fal.complete(request_id, small_video())
    hang = Hang()
    fal.faults.add("media", hang)
    await run.status(job_id)
    await hang.reached.wait()
    assert (await run.status(job_id))["stage"] == "storing"
    assert refusal(await run.cancel(job_id)) == (409, "job_finished")
    hang.released.set()
    assert (await run.finished(job_id))["status"] == "completed"
    assert fal.count("cancel") == 0
    assert await run.money() == CHARGED


async def test_job_that_has_ended_cannot_be_cancelled(run: Running, fal: FalStandIn) -> None:
    completed, request_id = await run.submitted(), fal.newest
    failed, refused = await run.submitted(), fal.newest
    fal.complete(request_id, small_video())
    fal.fail(refused)
    ended_early = await run.submitted()
    await cancelled(run, ended_early)
    for job_id, status in (
        (completed, "completed"),
        (failed, "failed"),
        (ended_early, "cancelled"),
    ):
        job = await run.finished(job_id)
        assert job["status"] == status
        assert refusal(await run.cancel(job_id)) == (409, "job_finished")
        assert await run.status(job_id) == job
    assert fal.count("cancel") == 1
    balance, held, kinds = await run.money()
    assert (balance, held) == (90, 0)
    assert Counter(kinds) == {"grant": 1, "hold": 3, "charge": 1, "release": 2}


async def test_only_its_user_can_cancel_a_job(run: Running, fal: FalStandIn) -> None:
    job_id = await run.submitted()
    await run.wait_for_background()
    before = await run.status(job_id)
    foreign, missing = await run.cancel(job_id, user="bob"), await run.cancel("none", user="bob")
    assert foreign.json() == missing.json()
    assert refusal(foreign) == refusal(missing) == (404, "job_not_found")
    path = "/api/templates/video/cancel"
    assert refusal(await run.client.post(path, headers=bearer())) == (400, "invalid_query")
    anonymous = await run.client.post(path, params={"jobId": job_id})
    assert refusal(anonymous) == (401, "unauthenticated")
    assert await run.status(job_id) == before
    assert fal.count("cancel") == 0
    assert await run.money() == HELD


async def test_cancel_that_hangs_at_fal_is_answered_in_time_and_repeated_by_the_sweep(
    run: Running, fal: FalStandIn
) -> None:
    job_id, request_id = await run.submitted(), fal.newest
    hang = Hang()
    fal.faults.add("cancel", hang)
    began = asyncio.get_running_loop().time()
    assert (await cancelled(run, job_id))["stage"] == "cancelling"
    assert asyncio.get_running_loop().time() - began < 5
    await set_clock_ahead(run.service.database, 20)
    await run.service.sweep.once()
    assert fal.count("cancel", request_id) == 2
    assert (await run.status(job_id))["status"] == "cancelled"
    assert await run.money() == RELEASED
    hang.released.set()
    await run.wait_for_background()


@pytest.mark.parametrize("fault", [Answer(500), Answer(429), Answer(403, {"detail": "no"}), Drop()])
async def test_cancel_that_fails_at_fal_is_repeated_by_the_sweep(
    run: Running, fal: FalStandIn, fault: Fault
) -> None:
    job_id = await run.submitted()
    fal.faults.add("cancel", fault)
    assert (await cancelled(run, job_id))["stage"] == "cancelling"
    await run.wait_for_background()
    assert await run.money() == HELD
    await pass_time(run, 20)
    assert fal.count("cancel") == 2
    assert (await run.status(job_id))["status"] == "cancelled"
    assert await run.money() == RELEASED


async def test_cancel_of_a_request_unknown_to_fal_ends_the_job_after_ten_minutes(
    run: Running, fal: FalStandIn
) -> None:
    job_id, request_id = await run.submitted(), fal.newest
    del fal.requests[request_id]
    assert (await cancelled(run, job_id))["stage"] == "cancelling"
    for seconds in range(100, 600, 100):
        await pass_time(run, seconds)
        assert (await run.status(job_id))["stage"] == "cancelling"
    await pass_time(run, 610)
    assert (await run.status(job_id))["status"] == "cancelled"
    assert await run.money() == RELEASED


async def test_cancel_of_a_finished_request_delivers_its_video(
    run: Running, fal: FalStandIn
) -> None:
    job_id, request_id = await generating(run, fal)
    fal.complete(request_id, small_video())
    await cancelled(run, job_id)
    await run.wait_for_background()
    assert await run.rows("SELECT VALUE status FROM video_job") == ["completed"]
    assert await run.money() == CHARGED


async def test_repeated_cancel_returns_the_same_job(run: Running, fal: FalStandIn) -> None:
    job_id, _ = await generating(run, fal)
    first = await cancelled(run, job_id)
    answers = await asyncio.gather(*(cancelled(run, job_id) for _ in range(5)))
    meanwhile = {"updatedAt": "", "startImageUrl": ""}
    assert [answer | meanwhile for answer in answers] == [first | meanwhile] * 5
    assert await run.money() == HELD


@pytest.mark.usefixtures("every_poll_asks_fal")
async def test_local_fal_cancels_a_waiting_and_a_rendering_job(
    store_url: str, tmp_path: Path
) -> None:
    async with running(settings_for(store_url, tmp_path / "storage"), None) as run:
        rendering, waiting = [await run.submitted() for _ in range(2)]
        for job_id in (waiting, rendering):
            await cancelled(run, job_id)
            assert (await run.finished(job_id))["status"] == "cancelled"
        balance, held, kinds = await run.money()
        assert (balance, held, kinds[3:]) == (100, 0, ["release", "release"])
        assert await run.audit() == []
