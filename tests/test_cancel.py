"""Cancelling: fal has the last word, and whoever wins, the ledger has one entry of one kind."""

import asyncio
from collections import Counter
from pathlib import Path
from typing import Any

import httpx
import pytest

from app import lifecycle, watch
from app.settings import Settings
from tests.clock import later, set_ahead
from tests.ledger import FREE, HELD, PAID
from tests.service import Running, running, settings_for
from tests.stand_ins.fal import FalStandIn
from tests.stand_ins.fal_faults import Answer, Drop, Fault, Hang
from tests.stand_ins.videos import small_video
from tests.tokens import bearer

CANCEL = "/api/templates/video/cancel"


async def cancel(run: Running, job_id: str, *, user: str = "ada") -> httpx.Response:
    return await run.client.post(CANCEL, params={"jobId": job_id}, headers=bearer(user))


async def cancelled(run: Running, job_id: str) -> dict[str, Any]:
    """Cancel what must be accepted, and return the job as it was answered."""
    answer = await cancel(run, job_id)
    assert answer.status_code == 202, answer.text
    return dict(answer.json())


def refusal(answer: httpx.Response) -> tuple[int, str]:
    assert answer.headers["content-type"] == "application/problem+json"
    return answer.status_code, answer.json()["code"]


async def queued(run: Running, fal: FalStandIn) -> tuple[str, str]:
    """Submit, and return our id and fal's."""
    job_id = await run.submitted()
    return job_id, list(fal.requests)[-1]


async def generating(run: Running, fal: FalStandIn) -> tuple[str, str]:
    """Submit, and let fal begin."""
    job_id, request_id = await queued(run, fal)
    fal.advance(request_id, "IN_PROGRESS")
    await run.status(job_id)
    return job_id, request_id


async def test_job_in_fals_queue_is_cancelled(run: Running, fal: FalStandIn) -> None:
    job_id, request_id = await queued(run, fal)
    answer = await cancelled(run, job_id)
    assert (answer["status"], answer["stage"]) == ("cancelled", "done")
    assert answer == await run.status(job_id)
    assert "error" not in answer
    assert fal.count("cancel", request_id) == 1
    assert request_id not in fal.requests
    assert await run.money() == FREE
    assert await run.audit() == []


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
    assert await run.money() == FREE
    assert await run.audit() == []


async def test_running_job_that_fal_finishes_all_the_same_is_completed_and_charged(
    run: Running, fal: FalStandIn
) -> None:
    job_id, request_id = await generating(run, fal)
    await cancelled(run, job_id)
    fal.complete(request_id, small_video())
    assert (await run.finished(job_id))["status"] == "completed"
    assert await run.money() == PAID
    assert await run.audit() == []


async def test_running_job_whose_model_fails_after_the_cancel_tells_the_reason(
    run: Running, fal: FalStandIn
) -> None:
    job_id, request_id = await generating(run, fal)
    await cancelled(run, job_id)
    fal.fail(request_id, 422, "blocked")
    assert (await run.finished(job_id))["error"]["message"] == "blocked"
    assert await run.money() == FREE


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
    assert refusal(await cancel(run, job_id)) == (409, "job_finished")
    hang.released.set()
    assert (await run.finished(job_id))["status"] == "completed"
    assert fal.count("cancel") == 0
    assert await run.money() == PAID


async def test_job_that_has_ended_cannot_be_cancelled(run: Running, fal: FalStandIn) -> None:
    (completed, request_id), (failed, refused) = [await queued(run, fal) for _ in range(2)]
    fal.complete(request_id, small_video())
    fal.fail(refused)
    dropped, _ = await queued(run, fal)
    await cancelled(run, dropped)
    for job_id, status in ((completed, "completed"), (failed, "failed"), (dropped, "cancelled")):
        job = await run.finished(job_id)
        assert job["status"] == status
        assert refusal(await cancel(run, job_id)) == (409, "job_finished")
        assert await run.status(job_id) == job
    assert fal.count("cancel") == 1
    ended = ["charge", "release", "release"]
    balance, held, kinds = await run.money()
    assert (balance, held, sorted(kinds)) == (90, 0, ["charge", "grant", *["hold"] * 3, *ended[1:]])
    assert await run.audit() == []


async def test_only_its_user_can_cancel_a_job(run: Running, fal: FalStandIn) -> None:
    job_id, _ = await queued(run, fal)
    before = await run.status(job_id)
    foreign, missing = await cancel(run, job_id, user="bob"), await cancel(run, "none", user="bob")
    assert foreign.json() == missing.json()
    assert refusal(foreign) == refusal(missing) == (404, "job_not_found")
    assert refusal(await run.client.post(CANCEL, headers=bearer())) == (400, "invalid_query")
    nobody = await run.client.post(CANCEL, params={"jobId": job_id})
    assert refusal(nobody) == (401, "unauthenticated")
    assert await run.status(job_id) == before
    assert fal.count("cancel") == 0
    assert await run.money() == HELD


async def only_job(run: Running) -> str:
    """Return the only job's id while its submit has not been answered."""
    (job_id,) = await run.rows("SELECT VALUE record::id(id) FROM video_job")
    return str(job_id)


async def test_cancel_while_the_canvas_is_uploading_submits_nothing(
    run: Running, fal: FalStandIn
) -> None:
    hang = Hang()
    fal.faults.add("upload", hang)
    submit = asyncio.create_task(run.submit())
    await hang.reached.wait()
    job_id = await only_job(run)
    assert (await cancelled(run, job_id))["stage"] == "cancelling"
    hang.released.set()
    assert (await submit).status_code == 202
    assert (await run.status(job_id))["status"] == "cancelled"
    assert (fal.count("submit"), fal.count("cancel")) == (0, 0)
    assert await run.money() == FREE
    assert await run.audit() == []


async def test_cancel_while_the_submit_is_under_way_reaches_fal_after_it(
    run: Running, fal: FalStandIn
) -> None:
    hang = Hang(after_effect=True)
    fal.faults.add("submit", hang)
    submit = asyncio.create_task(run.submit())
    await hang.reached.wait()
    (request_id,) = fal.requests
    job_id = await only_job(run)
    assert (await cancelled(run, job_id))["stage"] == "cancelling"
    assert fal.count("cancel") == 0
    hang.released.set()
    assert (await submit).status_code == 202
    await run.settled()
    assert fal.count("cancel", request_id) == 1
    assert (await run.status(job_id))["status"] == "cancelled"
    assert await run.money() == FREE
    assert await run.audit() == []


async def test_cancel_that_hangs_at_fal_is_answered_and_asked_again(
    run: Running, fal: FalStandIn
) -> None:
    job_id, request_id = await queued(run, fal)
    hang = Hang()
    fal.faults.add("cancel", hang)
    began = asyncio.get_running_loop().time()
    assert (await cancelled(run, job_id))["stage"] == "cancelling"
    assert asyncio.get_running_loop().time() - began < 5
    await set_ahead(run.service.database, 20)
    await run.service.sweep.once()
    assert fal.count("cancel", request_id) == 2
    assert (await run.status(job_id))["status"] == "cancelled"
    assert await run.money() == FREE
    hang.released.set()
    await run.settled()
    assert await run.audit() == []


@pytest.mark.parametrize(
    "fault", [Answer(500), Answer(429), Answer(403, {"detail": "no"}), Drop()], ids=repr
)
async def test_cancel_that_fal_cannot_carry_out_is_asked_again(
    run: Running, fal: FalStandIn, fault: Fault
) -> None:
    job_id, _ = await queued(run, fal)
    fal.faults.add("cancel", fault)
    assert (await cancelled(run, job_id))["stage"] == "cancelling"
    await run.settled()
    assert await run.money() == HELD
    await later(run, 20)
    assert fal.count("cancel") == 2
    assert (await run.status(job_id))["status"] == "cancelled"
    assert await run.money() == FREE
    assert await run.audit() == []


async def test_cancel_of_what_fal_does_not_know_ends_the_job(run: Running, fal: FalStandIn) -> None:
    job_id, request_id = await queued(run, fal)
    del fal.requests[request_id]
    assert (await cancelled(run, job_id))["status"] == "cancelled"
    assert await run.money() == FREE


async def test_cancel_that_comes_too_late_brings_the_video(run: Running, fal: FalStandIn) -> None:
    job_id, request_id = await generating(run, fal)
    fal.complete(request_id, small_video())
    await cancelled(run, job_id)
    await run.settled()
    assert await run.rows("SELECT VALUE status FROM video_job") == ["completed"]
    assert await run.money() == PAID
    assert await run.audit() == []


async def test_cancelling_twice_is_answered_alike(run: Running, fal: FalStandIn) -> None:
    job_id, _ = await generating(run, fal)
    first = await cancelled(run, job_id)
    answers = await asyncio.gather(*(cancelled(run, job_id) for _ in range(5)))
    assert [answer | {"updatedAt": ""} for answer in answers] == [first | {"updatedAt": ""}] * 5
    assert await run.money() == HELD


async def test_cancel_against_completion_has_one_winner(
    settings: Settings, fal: FalStandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watch, "FRESH", 0.0)
    video = small_video(seconds=0.1)

    async def race(number: int) -> str:
        user = f"user-{number}"
        job_id = await run.submitted(user=user)
        request_id = next(
            each for each, job in fal.requests.items() if job_id in str(job.webhook_url)
        )
        wish = asyncio.create_task(cancel(run, job_id, user=user))

        async def complete() -> None:
            await asyncio.wait({wish}, timeout=number % 10 / 100 if number % 10 < 9 else None)
            if request_id in fal.requests:  # else fal has dropped it
                fal.complete(request_id, video)
                await fal.call_back(run.client, request_id)

        await asyncio.gather(complete(), wish, run.status(job_id, user=user))
        return str((await run.finished(job_id, user=user))["status"])

    reachable = settings.model_copy(update={"public_url": "https://videos.example.com"})
    async with running(reachable, fal) as run:
        won: Counter[str] = Counter()
        for start in range(0, 50, 10):
            won.update(await asyncio.gather(*map(race, range(start, start + 10))))
        assert won.keys() == {"completed", "cancelled"}
        ends = "SELECT job, array::group(kind) AS kinds FROM credit_entry WHERE job GROUP BY job"
        ledger = Counter(tuple(sorted(each["kinds"])) for each in await run.rows(ends))
        kinds = {("charge", "hold"): "completed", ("hold", "release"): "cancelled"}
        assert {kinds[each]: number for each, number in ledger.items()} == won
        assert await run.audit() == []


@pytest.mark.parametrize("fault", [None, Answer(500), Hang()], ids=["taken", "refused", "hanging"])
async def test_job_is_cancelled_at_fal_once_its_deadline_is_over(
    run: Running, fal: FalStandIn, monkeypatch: pytest.MonkeyPatch, fault: Fault | None
) -> None:
    monkeypatch.setattr(lifecycle, "CANCEL_PATIENCE", 0.1)
    job_id, request_id = await generating(run, fal)
    if fault is not None:
        fal.faults.add("cancel", fault)
    await later(run, 24 * 3600 + 60)
    job = await run.status(job_id)
    assert (job["status"], job["error"]["code"]) == ("failed", "deadline_exceeded")
    assert fal.count("cancel", request_id) == 1
    assert refusal(await cancel(run, job_id)) == (409, "job_finished")
    assert await run.money() == FREE
    assert await run.audit() == []


async def test_local_fal_drops_what_waits_and_what_it_renders(
    store_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watch, "FRESH", 0.0)
    async with running(settings_for(store_url, tmp_path / "storage"), None) as run:
        rendering, waiting = [await run.submitted() for _ in range(2)]
        for job_id in (waiting, rendering):
            await cancelled(run, job_id)
            assert (await run.finished(job_id))["status"] == "cancelled"
        balance, held, kinds = await run.money()
        assert (balance, held, kinds[3:]) == (100, 0, ["release", "release"])
        assert await run.audit() == []
