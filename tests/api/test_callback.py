"""fal's webhooks: early, late, repeated, or about another job."""

import asyncio
import json
from dataclasses import replace

import pytest

from app import times
from app.caching import key_set
from app.settings import Settings
from tests.support.clock import pass_time
from tests.support.job_rows import stored_row
from tests.support.ledger import CHARGED, HELD, RELEASED
from tests.support.service import Running, running
from tests.support.stand_ins.fal import FalStandIn
from tests.support.stand_ins.fal_faults import Alter, Answer, Drop, Fault, Hang
from tests.support.stand_ins.videos import small_video
from tests.support.submits import held_submit
from tests.support.webhooks import PUBLIC_URL, send_webhook, webhook_url


@pytest.fixture
def settings(settings: Settings) -> Settings:
    """Settings with which fal can call the webhook."""
    return settings.model_copy(update={"public_url": PUBLIC_URL})


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


@pytest.mark.parametrize("done", [True, False], ids=["done", "still running"])
async def test_webhook_before_the_answer_to_the_submit_belongs_to_the_same_job(
    run: Running, fal: FalStandIn, *, done: bool
) -> None:
    held = await held_submit(run, fal, "submit", after_effect=True)
    job_id, request_id = held.job_id, fal.newest
    assert fal.requests[request_id].webhook_url == webhook_url(job_id)
    if done:
        fal.complete(request_id, small_video())
    assert (await fal.call_back(run.client, request_id)).status_code == 200
    await run.wait_for_background()
    answer = await held.released()
    assert (answer.status_code, answer.json()["jobId"]) == (202, job_id)
    if not done:
        assert (await stored_row(run, job_id))["stage"] == "queued"
        assert await run.money() == HELD
        fal.complete(request_id, small_video())
        await run.finished(job_id)
    assert (await stored_row(run, job_id))["status"] == "completed"
    assert [fal.count(call) for call in ("submit", "result", "media")] == [1, 1, 1]
    assert await run.money() == CHARGED


async def test_answer_to_the_submit_replaces_the_request_that_a_webhook_named(
    run: Running, fal: FalStandIn
) -> None:
    held = await held_submit(run, fal, "submit", after_effect=True)
    job_id, request_id, other = held.job_id, fal.newest, "another-clients-request"
    fal.requests[other] = replace(fal.requests[request_id], request_id=other)
    assert (await send_webhook(run, job_id, fal.callback(other))).status_code == 200
    await run.wait_for_background()
    assert (await stored_row(run, job_id))["fal_request_id"] == other
    assert (await held.released()).status_code == 202
    assert (await stored_row(run, job_id))["fal_request_id"] == request_id
    fal.complete(request_id, small_video())
    assert (await fal.call_back(run.client, request_id)).status_code == 200
    await run.wait_for_background()
    assert (await stored_row(run, job_id))["status"] == "completed"
    assert await run.money() == CHARGED


async def test_webhook_of_another_job_changes_nothing(run: Running, fal: FalStandIn) -> None:
    job_id, request_id = await run.submitted(), fal.newest
    other_id, other = await run.submitted(), fal.newest
    fal.complete(request_id, small_video())
    fal.complete(other, small_video())
    await run.wait_for_background()  # the start images are stored
    before = [await stored_row(run, each) for each in (job_id, other_id)]
    fal.calls.clear()
    for wrong_id in (other_id, "no-such-job", "x" * 200):
        answer = await send_webhook(run, wrong_id, fal.callback(request_id))
        assert (answer.status_code, answer.json()) == (200, {"status": "heard"})
    for invalid_id in ("", "x" * 201, "a%0Ab", "%F0%9F%8E%AC"):
        assert (await send_webhook(run, invalid_id, fal.callback(request_id))).status_code == 400
    await run.wait_for_background()
    assert [await stored_row(run, each) for each in (job_id, other_id)] == before
    assert fal.calls == []
    assert await run.money() == (100, 20, ["grant", "hold", "hold"])


async def test_webhook_of_a_finished_job_changes_nothing(run: Running, fal: FalStandIn) -> None:
    jobs = [(await run.submitted(), fal.newest) for _ in range(3)]
    completed, failed, cancelled = jobs
    fal.complete(completed[1], small_video())
    fal.fail(failed[1], 422, "no")
    fal.advance(cancelled[1], "IN_PROGRESS")
    assert (await run.cancel(cancelled[0])).status_code == 202
    fal.fail(cancelled[1], 499, "client_cancelled")
    for job_id, _ in jobs:
        await run.finished(job_id)
    before = [await stored_row(run, job_id) for job_id, _ in jobs]
    assert [each["status"] for each in before] == ["completed", "failed", "cancelled"]
    money = await run.money()
    fal.calls.clear()
    for job_id, request_id in jobs:
        fal.complete(request_id, small_video(seed=1))
        assert (await send_webhook(run, job_id, fal.callback(request_id))).status_code == 200
    await run.wait_for_background()
    assert [await stored_row(run, job_id) for job_id, _ in jobs] == before
    assert fal.calls == []
    assert await run.money() == money


async def test_webhook_before_fals_status_changes_nothing(run: Running, fal: FalStandIn) -> None:
    job_id, request_id = await run.submitted(), fal.newest
    fal.advance(request_id, "IN_PROGRESS")
    await run.status(job_id)
    await run.wait_for_background()  # the start image is stored
    before = await stored_row(run, job_id)
    assert (await fal.call_back(run.client, request_id)).status_code == 200
    await run.wait_for_background()
    assert await stored_row(run, job_id) == before
    assert fal.count("result") == 0
    assert await run.money() == HELD


async def test_webhook_completes_a_job_whose_answer_to_the_submit_was_lost(
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
    assert (await stored_row(run, job_id))["status"] == "completed"
    assert fal.count("submit") == 1
    assert await run.money() == CHARGED


@pytest.mark.parametrize(
    "fault", [Answer(404, {"detail": "not found"}), Answer(503), Drop(), Hang()]
)
async def test_webhook_that_fal_does_not_confirm_is_refused_so_that_fal_repeats_it(
    run: Running, fal: FalStandIn, monkeypatch: pytest.MonkeyPatch, fault: Fault
) -> None:
    fal.faults.add("submit", Drop(after_effect=True))
    job_id = await run.submitted()
    fal.complete(fal.newest, small_video())
    fal.faults.add("status", fault)
    with monkeypatch.context() as patch:
        patch.setattr(times, "FAL_WAIT", 0.5)
        refused = await fal.call_back(run.client, fal.newest)
    assert (refused.status_code, refused.json()["code"]) == (502, "fal_unavailable")
    assert (await fal.call_back(run.client, fal.newest)).status_code == 200
    assert (await run.finished(job_id))["status"] == "completed"


async def test_webhook_that_takes_too_long_is_refused_so_that_fal_repeats_it(
    run: Running, fal: FalStandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(times, "CALLBACK", 0.05)
    monkeypatch.setattr(key_set, "MIN_INTERVAL", 0.0)
    job_id, request_id = await run.submitted(), fal.newest
    fal.complete(request_id, small_video())
    fal.webhooks.rotate()
    hang = Hang()
    fal.faults.add("jwks", hang)
    assert (await fal.call_back(run.client, request_id)).status_code == 502
    hang.released.set()
    assert (await stored_row(run, job_id))["stage"] == "queued"
    assert await run.money() == HELD


async def test_webhook_of_an_unknown_request_does_not_change_the_job_of_its_url(
    run: Running, fal: FalStandIn
) -> None:
    fal.faults.add("submit", Alter(request_id=None))
    job_id = await run.submitted()
    own = fal.newest
    body = b'{"request_id": "foreign"}'
    answer = await send_webhook(run, job_id, (fal.webhooks.sign("foreign", body), body))
    assert answer.status_code == 502  # fal may not know its own request yet
    assert (await run.status(job_id))["status"] == "pending"
    fal.complete(own, small_video())
    assert (await fal.call_back(run.client, own)).status_code == 200
    assert (await run.finished(job_id))["status"] == "completed"
