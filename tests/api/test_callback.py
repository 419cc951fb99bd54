"""fal's callbacks: hints that may be late, early, doubled, forged or about another job."""

import asyncio
import json
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from app import times
from app.settings import Settings
from tests.jobs.test_refresh import kind
from tests.support.clock import pass_time
from tests.support.ledger import CHARGED, HELD, RELEASED
from tests.support.service import Running, running
from tests.support.stand_ins.fal import FalStandIn
from tests.support.stand_ins.fal_faults import Answer, Drop, Fault, Hang
from tests.support.stand_ins.videos import small_video

PUBLIC_URL = "https://videos.example.com"

Callback = tuple[dict[str, str], bytes]


@pytest.fixture
def settings(settings: Settings) -> Settings:
    """Settings of a service that fal can call back."""
    return settings.model_copy(update={"public_url": PUBLIC_URL})


def address(job_id: str) -> str:
    return f"{PUBLIC_URL}/api/webhooks/fal?jobId={job_id}"


async def post(run: Running, job_id: str, callback: Callback) -> httpx.Response:
    headers, body = callback
    return await run.client.post(address(job_id), content=body, headers=headers)


async def row(run: Running, job_id: str) -> Any:
    """Return the whole job, unseen by fal."""
    (found,) = await run.rows("SELECT * FROM type::record('video_job', $job)", job=job_id)
    return found


async def test_submit_tells_fal_where_to_call_back(run: Running, fal: FalStandIn) -> None:
    job_id, request_id = await run.submitted(), fal.newest
    assert fal.requests[request_id].webhook_url == address(job_id)
    assert fal.last("submit").query == {"fal_webhook": address(job_id)}


async def test_without_a_public_url_fal_is_not_asked_to_call_back(
    settings: Settings, fal: FalStandIn
) -> None:
    async with running(settings.model_copy(update={"public_url": None}), fal) as run:
        await run.submitted()
        assert await run.money() == HELD
    assert fal.last("submit").query == {}


async def test_webhook_alone_brings_the_video(run: Running, fal: FalStandIn) -> None:
    job_id, request_id = await run.submitted(), fal.newest
    fal.complete(request_id, small_video())
    answer = await fal.call_back(run.client, request_id)
    assert answer.status_code == 200
    await run.wait_for_background()
    assert (await row(run, job_id))["status"] == "completed"
    assert [fal.count(call) for call in ("jwks", "status", "result", "media")] == [1, 1, 1, 1]
    assert await run.money() == CHARGED


async def test_error_webhook_brings_the_models_reason(run: Running, fal: FalStandIn) -> None:
    job_id, request_id = await run.submitted(), fal.newest
    fal.fail(request_id, 422, [{"msg": "Blocked", "type": "content_policy_violation"}])
    await fal.call_back(run.client, request_id)
    await run.wait_for_background()
    failed = await row(run, job_id)
    assert (failed["status"], failed["error_code"]) == ("failed", "fal_rejected")
    assert failed["error"] == "Blocked (content_policy_violation)"
    assert await run.money() == RELEASED


async def test_output_that_fits_no_webhook_is_asked_of_the_queue(
    run: Running, fal: FalStandIn
) -> None:
    job_id, request_id = await run.submitted(), fal.newest
    fal.complete(request_id, small_video())
    callback = fal.callback(request_id, payload_error="The payload is too large.")
    assert json.loads(callback[1])["payload"] is None
    assert (await post(run, job_id, callback)).status_code == 200
    await run.wait_for_background()
    assert (await row(run, job_id))["status"] == "completed"
    assert await run.money() == CHARGED


async def test_twenty_callbacks_at_once_are_one_delivery(run: Running, fal: FalStandIn) -> None:
    job_id, request_id = await run.submitted(), fal.newest
    fal.complete(request_id, small_video())
    answers = await asyncio.gather(*(fal.call_back(run.client, request_id) for _ in range(20)))
    assert {answer.status_code for answer in answers} == {200}
    await run.wait_for_background()
    assert (await row(run, job_id))["status"] == "completed"
    assert [fal.count(call) for call in ("jwks", "result", "media")] == [1, 1, 1]
    assert await run.money() == CHARGED


async def test_callbacks_about_several_jobs_at_once_are_each_followed(
    run: Running, fal: FalStandIn
) -> None:
    jobs = [(await run.submitted(), fal.newest) for _ in range(3)]
    for _, request_id in jobs:
        fal.complete(request_id, small_video())
    await asyncio.gather(*(fal.call_back(run.client, request_id) for _, request_id in jobs))
    await run.wait_for_background()
    assert {(await row(run, job_id))["status"] for job_id, _ in jobs} == {"completed"}


@pytest.mark.parametrize("done", [True, False], ids=["done", "still running"])
async def test_callback_before_the_answer_to_the_submit_is_one_job(
    run: Running, fal: FalStandIn, *, done: bool
) -> None:
    hang = Hang(after_effect=True)
    fal.faults.add("submit", hang)
    submit = asyncio.create_task(run.submit())
    await hang.reached.wait()
    ((request_id, request),) = fal.requests.items()
    if done:
        fal.complete(request_id, small_video())
    assert (await fal.call_back(run.client, request_id)).status_code == 200
    await run.wait_for_background()
    hang.released.set()
    answer = await submit
    assert answer.status_code == 202
    job_id = answer.json()["jobId"]
    assert request.webhook_url == address(job_id)
    if not done:
        assert (await row(run, job_id))["stage"] == "queued"
        assert await run.money() == HELD
        fal.complete(request_id, small_video())
        await run.finished(job_id)
    assert (await row(run, job_id))["status"] == "completed"
    assert [fal.count(call) for call in ("submit", "result", "media")] == [1, 1, 1]
    assert await run.money() == CHARGED


async def test_answer_to_the_submit_outweighs_a_callback_about_another_request(
    run: Running, fal: FalStandIn
) -> None:
    hang = Hang(after_effect=True)
    fal.faults.add("submit", hang)
    submit = asyncio.create_task(run.submit())
    await hang.reached.wait()
    request_id, other = fal.newest, "another-client-s"
    fal.requests[other] = replace(fal.requests[request_id], request_id=other)
    (job_id,) = parse_qs(urlsplit(str(fal.requests[request_id].webhook_url)).query)["jobId"]
    assert (await post(run, job_id, fal.callback(other))).status_code == 200
    await run.wait_for_background()
    assert (await row(run, job_id))["fal_request_id"] == other
    hang.released.set()
    assert (await submit).status_code == 202
    assert (await row(run, job_id))["fal_request_id"] == request_id
    fal.complete(request_id, small_video())
    assert (await fal.call_back(run.client, request_id)).status_code == 200
    await run.wait_for_background()
    assert (await row(run, job_id))["status"] == "completed"
    assert await run.money() == CHARGED


async def test_callbacks_about_other_jobs_change_nothing(run: Running, fal: FalStandIn) -> None:
    job_id, request_id = await run.submitted(), fal.newest
    other_id, other = await run.submitted(), fal.newest
    fal.complete(request_id, small_video())
    fal.complete(other, small_video())
    before = [await row(run, each) for each in (job_id, other_id)]
    fal.calls.clear()
    for wrong in (other_id, "no-such-job", "x" * 200):
        answer = await post(run, wrong, fal.callback(request_id))
        assert (answer.status_code, answer.json()) == (200, {"status": "heard"})
    for none in ("", "x" * 201, "a%0Ab", "%F0%9F%8E%AC"):
        assert (await post(run, none, fal.callback(request_id))).status_code == 400
    await run.wait_for_background()
    assert [await row(run, each) for each in (job_id, other_id)] == before
    assert {call.name for call in fal.calls} == {"jwks"}
    assert await run.money() == (100, 20, ["grant", "hold", "hold"])


async def test_callbacks_about_finished_jobs_change_nothing(run: Running, fal: FalStandIn) -> None:
    jobs = [(await run.submitted(), fal.newest) for _ in range(3)]
    completed, failed, cancelled = jobs
    fal.complete(completed[1], small_video())
    fal.fail(failed[1], 422, "no")
    fal.advance(cancelled[1], "IN_PROGRESS")
    assert (await run.cancel(cancelled[0])).status_code == 202
    fal.fail(cancelled[1], 499, "client_cancelled")
    for job_id, _ in jobs:
        await run.finished(job_id)
    before = [await row(run, job_id) for job_id, _ in jobs]
    assert [each["status"] for each in before] == ["completed", "failed", "cancelled"]
    money = await run.money()
    fal.calls.clear()
    for job_id, request_id in jobs:
        fal.complete(request_id, small_video(seed=1))
        assert (await post(run, job_id, fal.callback(request_id))).status_code == 200
    await run.wait_for_background()
    assert [await row(run, job_id) for job_id, _ in jobs] == before
    assert {call.name for call in fal.calls} == {"jwks"}
    assert await run.money() == money


async def test_callback_that_runs_ahead_of_fals_queue_changes_nothing(
    run: Running, fal: FalStandIn
) -> None:
    job_id, request_id = await run.submitted(), fal.newest
    fal.advance(request_id, "IN_PROGRESS")
    await run.status(job_id)
    before = await row(run, job_id)
    assert (await fal.call_back(run.client, request_id)).status_code == 200
    await run.wait_for_background()
    assert await row(run, job_id) == before
    assert fal.count("result") == 0
    assert await run.money() == HELD


async def test_callback_completes_a_job_whose_submit_went_unanswered(
    run: Running, fal: FalStandIn
) -> None:
    fal.faults.add("submit", Drop(after_effect=True))
    job_id, request_id = await run.submitted(), fal.newest
    assert (await run.status(job_id))["status"] == "pending"
    await pass_time(run, 3600)
    assert (await run.status(job_id))["stage"] == "submitting"
    assert await run.money() == HELD
    fal.complete(request_id, small_video())
    assert (await fal.call_back(run.client, request_id)).status_code == 200
    await run.wait_for_background()
    assert (await row(run, job_id))["status"] == "completed"
    assert fal.count("submit") == 1
    assert await run.money() == CHARGED


@pytest.mark.parametrize(
    "fault", [Answer(404, {"detail": "not found"}), Answer(503), Drop(), Hang()], ids=kind
)
async def test_callback_that_fal_does_not_confirm_yet_is_asked_for_again(
    run: Running, fal: FalStandIn, monkeypatch: pytest.MonkeyPatch, fault: Fault
) -> None:
    monkeypatch.setattr(times, "FAL_WAIT", 0.5)
    fal.faults.add("submit", Drop(after_effect=True))
    job_id = await run.submitted()
    fal.complete(fal.newest, small_video())
    fal.faults.add("status", fault)
    refused = await fal.call_back(run.client, fal.newest)
    assert (refused.status_code, refused.json()["code"]) == (502, "fal_unavailable")
    assert (await fal.call_back(run.client, fal.newest)).status_code == 200
    assert (await run.finished(job_id))["status"] == "completed"


async def test_callback_that_takes_too_long_to_look_at_is_asked_for_again(
    run: Running, fal: FalStandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(times, "CALLBACK", 0.05)
    job_id, request_id = await run.submitted(), fal.newest
    fal.complete(request_id, small_video())
    hang = Hang()
    fal.faults.add("jwks", hang)
    assert (await fal.call_back(run.client, request_id)).status_code == 502
    hang.released.set()
    assert (await row(run, job_id))["stage"] == "queued"
    assert await run.money() == HELD


async def test_unanswered_submit_that_its_user_has_cancelled_ends_so(
    run: Running, fal: FalStandIn
) -> None:
    fal.faults.add("submit", Drop())
    job_id = await run.submitted()
    assert (await run.cancel(job_id)).status_code == 202
    await pass_time(run, 25 * 3600)
    assert (await run.status(job_id))["status"] == "cancelled"
    assert await run.money() == RELEASED


async def test_unanswered_submit_that_nobody_calls_back_about_fails_at_its_deadline(
    run: Running, fal: FalStandIn
) -> None:
    fal.faults.add("submit", Drop(after_effect=True))
    job_id = await run.submitted()
    await pass_time(run, 24 * 3600 - 60)
    assert await run.money() == HELD
    await pass_time(run, 24 * 3600 + 60)
    failed = await run.status(job_id)
    assert (failed["status"], failed["error"]["code"]) == ("failed", "deadline_exceeded")
    assert fal.count("submit") == 1
    assert await run.money() == RELEASED
