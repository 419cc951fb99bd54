"""fal's webhooks that are early, late, about another job, or not confirmed by fal."""

from dataclasses import replace

import pytest

from app import times
from app.caching import key_set
from tests.support.clock import pass_time
from tests.support.job_rows import stored_row
from tests.support.ledger import CHARGED, HELD
from tests.support.service import Running
from tests.support.stand_ins.fal import FalStandIn
from tests.support.stand_ins.fal_faults import Alter, Answer, Drop, Fault, Hang
from tests.support.stand_ins.videos import small_video
from tests.support.submits import held_submit
from tests.support.webhooks import send_webhook, settings, webhook_url

__all__ = ["settings"]


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
