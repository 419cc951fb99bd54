"""Refreshing a job: what each answer of fal's status and result means for it."""

import asyncio
from typing import Any

import pytest

from tests.support.clock import pass_time, set_clock_ahead
from tests.support.ledger import CHARGED, HELD, RELEASED
from tests.support.service import Running
from tests.support.stand_ins.fal import FalStandIn
from tests.support.stand_ins.fal_faults import NGINX_BAD_GATEWAY, Alter, Answer, Drop, Fault, Hang
from tests.support.stand_ins.videos import small_video


@pytest.mark.parametrize(
    "fault",
    [
        Answer(500),
        Answer(503, {"detail": "busy"}),
        Answer(429, {"detail": "slow"}, {"Retry-After": "1"}),
        NGINX_BAD_GATEWAY,
        Answer(200, "not json"),
        Answer(200, []),
        Alter(status="PAUSED"),
        Alter(status=None),
        Drop(),
        Answer(404, {"detail": "not found"}),
    ],
)
async def test_unusable_status_changes_nothing_and_the_job_is_refreshed_again(
    run: Running, fal: FalStandIn, fault: Fault
) -> None:
    job_id, request_id = await run.submitted(), fal.newest
    await run.wait_for_background()
    fal.advance(request_id, "IN_PROGRESS")
    before = await run.status(job_id)
    fal.faults.add("status", fault, times=3)
    for _ in range(3):
        during = await run.status(job_id)
        assert during | {"updatedAt": ""} == before | {"updatedAt": ""}
    assert await run.money() == HELD
    fal.complete(request_id, small_video())
    assert (await run.finished(job_id))["status"] == "completed"
    assert await run.money() == CHARGED


@pytest.mark.parametrize("field", ["logs", "queue_position", "metrics", "response_url"])
async def test_field_that_fal_leaves_out_does_not_stop_the_job(
    run: Running, fal: FalStandIn, field: str
) -> None:
    fal.faults.add("status", Alter(**{field: None}), times=None)
    fal.faults.add("submit", Alter(**{field: None}))
    job_id, request_id = await run.submitted(), fal.newest
    assert (await run.status(job_id))["stage"] == "queued"
    fal.advance(request_id, "IN_PROGRESS")
    assert (await run.status(job_id))["stage"] == "generating"
    fal.complete(request_id, small_video())
    assert (await run.finished(job_id))["status"] == "completed"


async def test_request_unknown_to_fal_for_ten_minutes_fails_the_job(
    run: Running, fal: FalStandIn
) -> None:
    job_id, request_id = await run.submitted(), fal.newest
    del fal.requests[request_id]
    assert (await run.status(job_id))["status"] == "pending"
    for seconds in (*range(100, 600, 100), 599):
        await set_clock_ahead(run.service.database, seconds)
        assert (await run.status(job_id))["status"] == "pending"
    await set_clock_ahead(run.service.database, 601)
    await run.status(job_id)
    job = await run.finished(job_id)
    assert (job["status"], job["error"]["code"]) == ("failed", "fal_unavailable")
    assert await run.money() == RELEASED


async def test_request_that_fal_knows_again_has_ten_more_minutes(
    run: Running, fal: FalStandIn
) -> None:
    job_id, request_id = await run.submitted(), fal.newest
    lost = fal.requests.pop(request_id)
    for seconds in range(0, 600, 100):
        await set_clock_ahead(run.service.database, seconds)
        await run.status(job_id)
    fal.requests[request_id] = lost
    await run.status(job_id)
    del fal.requests[request_id]
    await set_clock_ahead(run.service.database, 601)
    assert (await run.status(job_id))["status"] == "pending"


async def test_poll_is_answered_while_fal_hangs(run: Running, fal: FalStandIn) -> None:
    job_id = await run.submitted()
    hang = Hang()
    fal.faults.add("status", hang)
    began = asyncio.get_running_loop().time()
    job = await run.status(job_id)
    assert job["status"] == "pending"
    assert not hang.released.is_set()
    assert asyncio.get_running_loop().time() - began < 5  # fal's own deadline is 10 s
    hang.released.set()


@pytest.mark.parametrize(
    ("status", "detail", "message"),
    [
        (
            422,
            [{"msg": "Blocked by the content policy", "type": "content_policy_violation"}],
            "Blocked by the content policy (content_policy_violation)",
        ),
        (422, [{"msg": "a", "type": "b"}, {"msg": "c", "type": "d"}], "a (b); c (d)"),
        (400, "downstream service error", "downstream service error"),
        (410, "gone", "gone"),
        (413, {"message": "too large"}, "too large"),
        (415, {"msg": "no such kind", "type": "unsupported"}, "no such kind (unsupported)"),
    ],
)
async def test_models_refusal_is_the_jobs_error_and_costs_nothing(
    run: Running, fal: FalStandIn, status: int, detail: Any, message: str
) -> None:
    job_id, request_id = await run.submitted(), fal.newest
    fal.fail(request_id, status, detail)
    job = await run.finished(job_id)
    assert job["status"] == "failed"
    assert job["error"] == {"code": "fal_rejected", "message": message}
    assert await run.money() == RELEASED
    assert fal.count("media") == 0
    assert (await run.library())["videos"] == []


@pytest.mark.parametrize("output", [{}, {"video": None}, {"images": []}, [], None])
async def test_completed_request_without_a_video_fails_the_job(
    run: Running, fal: FalStandIn, output: Any
) -> None:
    job_id, request_id = await run.submitted(), fal.newest
    fal.complete(request_id, output=output)
    job = await run.finished(job_id)
    assert (job["status"], job["error"]["code"]) == ("failed", "fal_rejected")
    assert await run.money() == RELEASED


async def test_fal_is_never_asked_about_a_terminal_job(run: Running, fal: FalStandIn) -> None:
    job_id, request_id = await run.submitted(), fal.newest
    fal.complete(request_id, small_video())
    await run.finished(job_id)
    asked = fal.count("status")
    for _ in range(5):
        await run.status(job_id)
    await pass_time(run, 3600)
    assert fal.count("status") == asked
