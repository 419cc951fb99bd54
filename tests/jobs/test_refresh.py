"""What goes wrong at fal: what the user sees, what is booked."""

import asyncio
from dataclasses import replace
from typing import Any

import pytest

from app import times
from app.settings import Settings
from tests.support.clock import pass_time, set_clock_ahead
from tests.support.ledger import CHARGED, HELD, RELEASED
from tests.support.service import Running, running
from tests.support.stand_ins.fal import FalStandIn
from tests.support.stand_ins.fal_faults import NGINX_BAD_GATEWAY, Alter, Answer, Drop, Fault, Hang
from tests.support.stand_ins.videos import small_video


def kind(fault: Fault) -> str:
    """Name a case; a fault's repr would tell where it is in memory."""
    return type(fault).__name__


async def queued(run: Running, fal: FalStandIn) -> tuple[str, str]:
    """Submit, and return our id and fal's."""
    job_id = await run.submitted()
    return job_id, list(fal.requests)[-1]


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
    ids=kind,
)
async def test_odd_status_changes_nothing_and_is_asked_again(
    run: Running, fal: FalStandIn, fault: Fault
) -> None:
    job_id, request_id = await queued(run, fal)
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
async def test_fields_that_fal_leaves_out_are_not_missed(
    run: Running, fal: FalStandIn, field: str
) -> None:
    fal.faults.add("status", Alter(**{field: None}), times=None)
    fal.faults.add("submit", Alter(**{field: None}))
    job_id, request_id = await queued(run, fal)
    assert (await run.status(job_id))["stage"] == "queued"
    fal.advance(request_id, "IN_PROGRESS")
    assert (await run.status(job_id))["stage"] == "generating"
    fal.complete(request_id, small_video())
    assert (await run.finished(job_id))["status"] == "completed"


async def test_request_that_fal_has_forgotten_fails_after_ten_minutes_on_end(
    run: Running, fal: FalStandIn
) -> None:
    job_id, request_id = await queued(run, fal)
    del fal.requests[request_id]
    assert (await run.status(job_id))["status"] == "pending"
    await set_clock_ahead(run.service.database, 599)
    assert (await run.status(job_id))["status"] == "pending"
    await set_clock_ahead(run.service.database, 601)
    await run.status(job_id)
    job = await run.finished(job_id)
    assert (job["status"], job["error"]["code"]) == ("failed", "fal_unavailable")
    assert await run.money() == RELEASED


async def test_ten_minutes_of_404_begin_anew_once_fal_knows_the_request_again(
    run: Running, fal: FalStandIn
) -> None:
    job_id, request_id = await queued(run, fal)
    lost = fal.requests.pop(request_id)
    await run.status(job_id)
    fal.requests[request_id] = lost
    await run.status(job_id)
    del fal.requests[request_id]
    await set_clock_ahead(run.service.database, 601)
    assert (await run.status(job_id))["status"] == "pending"


async def test_fal_that_hangs_does_not_hold_up_the_answer(run: Running, fal: FalStandIn) -> None:
    job_id, _ = await queued(run, fal)
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
        (404, "gone", "gone"),
    ],
)
async def test_models_refusal_reaches_the_user_and_costs_nothing(
    run: Running, fal: FalStandIn, status: int, detail: Any, message: str
) -> None:
    job_id, request_id = await queued(run, fal)
    fal.fail(request_id, status, detail)
    job = await run.finished(job_id)
    assert job["status"] == "failed"
    assert job["error"] == {"code": "fal_rejected", "message": message}
    assert await run.money() == RELEASED
    assert fal.count("media") == 0
    assert (await run.library())["videos"] == []


@pytest.mark.parametrize("output", [{}, {"video": None}, {"images": []}, [], None])
async def test_completed_without_a_video_is_a_failure(
    run: Running, fal: FalStandIn, output: Any
) -> None:
    job_id, request_id = await queued(run, fal)
    fal.complete(request_id, output=output)
    job = await run.finished(job_id)
    assert (job["status"], job["error"]["code"]) == ("failed", "fal_rejected")
    assert await run.money() == RELEASED


@pytest.mark.parametrize(
    "fault", [Answer(500), Answer(429), NGINX_BAD_GATEWAY, Drop(), Answer(200, "{")], ids=kind
)
async def test_result_that_fails_for_a_while_is_asked_for_again(
    run: Running, fal: FalStandIn, fault: Fault
) -> None:
    job_id, request_id = await queued(run, fal)
    fal.complete(request_id, small_video())
    fal.faults.add("result", fault)
    await run.status(job_id)
    await run.wait_for_background()
    assert (await run.status(job_id))["stage"] == "storing"
    await pass_time(run, 30)
    assert (await run.finished(job_id))["status"] == "completed"
    assert await run.money() == CHARGED


async def test_result_that_fails_for_ten_minutes_fails_the_job(
    run: Running, fal: FalStandIn
) -> None:
    job_id, request_id = await queued(run, fal)
    fal.complete(request_id, small_video())
    fal.faults.add("result", Answer(503, {"detail": "runner gone"}), times=None)
    await run.status(job_id)
    await run.wait_for_background()
    await pass_time(run, 590)
    assert (await run.status(job_id))["status"] == "processing"
    await pass_time(run, 700)
    job = await run.finished(job_id)
    assert job["error"] == {"code": "fal_unavailable", "message": "runner gone"}
    assert await run.money() == RELEASED


async def test_lost_answer_to_the_submit_is_no_second_submit(run: Running, fal: FalStandIn) -> None:
    fal.faults.add("submit", Drop(after_effect=True))
    answer = await run.submit()
    assert answer.status_code == 202
    job = await run.status(answer.json()["jobId"])
    assert (job["status"], job["error"]["code"]) == ("failed", "submit_unconfirmed")
    assert fal.count("submit") == 1
    assert await run.money() == RELEASED


async def test_submit_waits_for_fal_no_longer_than_its_timeout(
    settings: Settings, fal: FalStandIn
) -> None:
    hang = Hang(after_effect=True)
    fal.faults.add("submit", hang)
    quick = settings.model_copy(update={"submit_timeout": 1.0})
    async with running(quick, fal) as run:
        answer = await run.submit()
        assert answer.status_code == 202
        job = await run.status(answer.json()["jobId"])
        assert job["error"]["code"] == "submit_unconfirmed"
        hang.released.set()


async def test_jobs_are_delivered_with_no_browser_open(run: Running, fal: FalStandIn) -> None:
    job_id, request_id = await queued(run, fal)
    fal.complete(request_id, small_video())
    await pass_time(run, 25)
    assert await run.rows("SELECT VALUE status FROM video_job") == ["completed"]
    assert fal.count("status") == 1
    assert (await run.status(job_id))["status"] == "completed"


async def test_terminal_job_is_never_asked_about_again(run: Running, fal: FalStandIn) -> None:
    job_id, request_id = await queued(run, fal)
    fal.complete(request_id, small_video())
    await run.finished(job_id)
    asked = fal.count("status")
    for _ in range(5):
        await run.status(job_id)
    await pass_time(run, 3600)
    assert fal.count("status") == asked


async def test_job_that_is_not_done_by_its_deadline_fails_and_is_cancelled_at_fal(
    run: Running, fal: FalStandIn
) -> None:
    job_id, _ = await queued(run, fal)
    await pass_time(run, 24 * 3600 + 60)
    job = await run.status(job_id)
    assert (job["status"], job["error"]["code"]) == ("failed", "deadline_exceeded")
    assert fal.count("cancel") == 1
    assert await run.money() == RELEASED


async def test_job_of_the_replaced_stack_is_taken_up(run: Running, fal: FalStandIn) -> None:
    _, theirs = await queued(run, fal)
    request_id = "of-the-replaced-stack"
    fal.requests[request_id] = replace(fal.requests[theirs], request_id=request_id)
    await run.rows(
        f"CREATE video_job:`{request_id}` SET user = 'eve', user_email = 'eve@example.com', "
        "template_slug = 'night-life-roller', start_key = 'users/eve/start.png', "
        f"status = 'pending', fal_model = '{fal.requests[request_id].model}', "
        f"fal_request_id = '{request_id}', stage = 'queued', due_at = time::now()"
    )
    fal.complete(request_id, small_video())
    await pass_time(run, 5)
    job = await run.status(request_id, user="eve")
    assert (job["status"], job["credits"]) == ("completed", 0)
    (video,) = (await run.library(user="eve"))["videos"]
    assert video["jobId"] == request_id
    charges = await run.rows("SELECT kind, credits FROM credit_entry WHERE user = 'eve'")
    assert charges == [{"kind": "charge", "credits": 0}]


async def test_job_that_was_settled_during_its_upload_is_not_submitted(
    run: Running, fal: FalStandIn
) -> None:
    hang = Hang()
    fal.faults.add("upload", hang)
    submit = asyncio.create_task(run.submit())
    await hang.reached.wait()
    await pass_time(run, 130)  # a clock that leapt, or a machine that slept
    hang.released.set()
    job_id = (await submit).json()["jobId"]
    assert (await run.status(job_id))["error"]["code"] == "interrupted"
    assert fal.count("submit") == 0
    assert await run.money() == RELEASED


async def test_submit_that_is_with_fal_when_the_service_stops_is_acknowledged(
    settings: Settings, fal: FalStandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(times, "SUBMIT_AT_STOP", 0.05)
    hang = Hang(after_effect=True)
    fal.faults.add("submit", hang)
    async with running(settings, fal) as run:
        submit = asyncio.create_task(run.submit())
        await hang.reached.wait()
        run.service.stopping.set()
        answer = await submit
        assert answer.status_code == 202
        job_id = answer.json()["jobId"]
        hang.released.set()
        await asyncio.wait(run.service.background.tasks)
        assert (await run.status(job_id))["stage"] == "queued"
