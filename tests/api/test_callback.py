"""A webhook of fal starts the delivery of its job, once, and the service asks fal for the rest."""

import asyncio
import json

import pytest

from app.settings import Settings
from tests.support.clock import pass_time
from tests.support.job_rows import stored_row
from tests.support.ledger import CHARGED, HELD, RELEASED
from tests.support.service import Running, running
from tests.support.stand_ins.fal import FalStandIn
from tests.support.stand_ins.fal_faults import Answer, Drop
from tests.support.stand_ins.videos import small_video
from tests.support.webhooks import send_webhook, settings, webhook_url

__all__ = ["settings"]


async def test_submit_gives_fal_the_webhook_url(run: Running, fal: FalStandIn) -> None:
    job_id, request_id = await run.submitted(), fal.newest
    assert fal.requests[request_id].webhook_url == webhook_url(job_id)
    assert fal.last("submit").query == {"fal_webhook": webhook_url(job_id)}


async def test_submit_without_a_public_url_gives_fal_no_webhook_url(
    settings: Settings, fal: FalStandIn
) -> None:
    async with running(settings.model_copy(update={"public_url": None}), fal) as run:
        await run.submitted()
        assert await run.money() == HELD
    assert fal.last("submit").query == {}


async def test_webhook_starts_the_delivery_without_a_poll(run: Running, fal: FalStandIn) -> None:
    job_id, request_id = await run.submitted(), fal.newest
    fal.complete(request_id, small_video())
    answer = await fal.call_back(run.client, request_id)
    assert answer.status_code == 200
    await run.wait_for_background()
    assert (await stored_row(run, job_id))["status"] == "completed"
    assert [fal.count(call) for call in ("jwks", "status", "result", "media")] == [1, 0, 0, 1]
    assert await run.money() == CHARGED


async def test_webhook_of_a_failed_request_records_the_models_reason(
    run: Running, fal: FalStandIn
) -> None:
    job_id, request_id = await run.submitted(), fal.newest
    fal.fail(request_id, 422, [{"msg": "Blocked", "type": "content_policy_violation"}])
    await fal.call_back(run.client, request_id)
    await run.wait_for_background()
    failed = await stored_row(run, job_id)
    assert (failed["status"], failed["error_code"]) == ("failed", "fal_rejected")
    assert failed["error"] == "Blocked (content_policy_violation)"
    assert await run.money() == RELEASED


async def test_webhook_without_a_payload_starts_the_delivery(run: Running, fal: FalStandIn) -> None:
    job_id, request_id = await run.submitted(), fal.newest
    fal.complete(request_id, small_video())
    webhook = fal.callback(request_id, payload_error="The payload is too large.")
    assert json.loads(webhook[1])["payload"] is None
    assert (await send_webhook(run, job_id, webhook)).status_code == 200
    await run.wait_for_background()
    assert (await stored_row(run, job_id))["status"] == "completed"
    assert await run.money() == CHARGED


@pytest.mark.parametrize(
    "payload",
    [
        None,
        {},
        [],
        "https://v3.fal.media/files/video.mp4",
        {"video": None},
        {"video": {"url": 7}},
        {"video": {"url": "https://evil.example/video.mp4"}},
        {"video": {"url": "http://127.0.0.1/video.mp4"}},
        {"status": "IN_PROGRESS"},
    ],
)
async def test_webhook_that_names_no_video_of_fals_hosts_makes_the_service_ask_fal(
    run: Running, fal: FalStandIn, payload: object
) -> None:
    job_id, request_id = await run.submitted(), fal.newest
    fal.complete(request_id, small_video())
    told = {"request_id": request_id, "status": "OK", "payload": payload}
    body = json.dumps(told).encode()
    answer = await send_webhook(run, job_id, (fal.webhooks.sign(request_id, body), body))
    assert answer.status_code == 200
    await run.wait_for_background()
    assert (await stored_row(run, job_id))["status"] == "completed"
    assert [fal.count(call) for call in ("status", "result", "media")] == [1, 1, 1]
    assert fal.contacted_hosts == []


async def test_webhook_with_a_video_and_an_error_makes_the_service_ask_fal(
    run: Running, fal: FalStandIn
) -> None:
    job_id, request_id = await run.submitted(), fal.newest
    fal.complete(request_id, small_video())
    told = json.loads(fal.callback(request_id)[1]) | {"status": "ERROR", "error": "no"}
    body = json.dumps(told).encode()
    await send_webhook(run, job_id, (fal.webhooks.sign(request_id, body), body))
    await run.wait_for_background()
    assert (await stored_row(run, job_id))["status"] == "completed"
    assert [fal.count(call) for call in ("status", "result")] == [1, 1]


async def test_next_try_asks_fal_where_the_video_is(run: Running, fal: FalStandIn) -> None:
    job_id, request_id = await run.submitted(), fal.newest
    fal.complete(request_id, small_video())
    fal.faults.add("media", Answer(404))
    await fal.call_back(run.client, request_id)
    await run.wait_for_background()
    assert [fal.count(call) for call in ("result", "media")] == [0, 1]
    await pass_time(run, 30)
    await run.wait_for_background()
    assert (await stored_row(run, job_id))["status"] == "completed"
    assert [fal.count(call) for call in ("result", "media")] == [1, 2]


async def test_video_of_a_request_that_the_webhook_made_known_is_asked_for(
    run: Running, fal: FalStandIn
) -> None:
    fal.faults.add("submit", Drop(after_effect=True))
    job_id, request_id = await run.submitted(), fal.newest
    fal.complete(request_id, small_video())
    await fal.call_back(run.client, request_id)
    await run.wait_for_background()
    assert (await stored_row(run, job_id))["status"] == "completed"
    assert fal.count("result") == 1


async def test_twenty_concurrent_webhooks_start_one_delivery(run: Running, fal: FalStandIn) -> None:
    job_id, request_id = await run.submitted(), fal.newest
    fal.complete(request_id, small_video())
    answers = await asyncio.gather(*(fal.call_back(run.client, request_id) for _ in range(20)))
    assert {answer.status_code for answer in answers} == {200}
    await run.wait_for_background()
    assert (await stored_row(run, job_id))["status"] == "completed"
    assert [fal.count(call) for call in ("jwks", "result", "media")] == [1, 0, 1]
    assert await run.money() == CHARGED


async def test_concurrent_webhooks_of_several_jobs_complete_each_job(
    run: Running, fal: FalStandIn
) -> None:
    jobs = [(await run.submitted(), fal.newest) for _ in range(3)]
    for _, request_id in jobs:
        fal.complete(request_id, small_video())
    await asyncio.gather(*(fal.call_back(run.client, request_id) for _, request_id in jobs))
    await run.wait_for_background()
    assert {(await stored_row(run, job_id))["status"] for job_id, _ in jobs} == {"completed"}
