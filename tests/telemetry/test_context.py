"""Answers and log records carry the ids of their request and job."""

import asyncio
import json
import logging
import re

import httpx
import pytest

from app.api.service import Service
from app.telemetry import context
from app.telemetry.context import Context
from tests.support.clock import pass_time
from tests.support.deletions import erase
from tests.support.process import PATIENCE
from tests.support.service import SUBMIT, Running, over_a_socket, png, submission
from tests.support.stand_ins.fal import FalStandIn
from tests.support.stand_ins.fal_faults import Answer
from tests.support.stand_ins.videos import small_video
from tests.support.tokens import bearer
from tests.telemetry.test_logs import Output, output

__all__ = ["output"]

NEW = re.compile(r"[0-9a-f]{32}")


async def test_every_answer_carries_its_request_id(run: Running) -> None:
    for path in ("/healthz", "/api/credits", "/no-such-page", "/", "/assets/latest/none.js"):
        assert NEW.fullmatch((await run.client.get(path)).headers["x-request-id"])


async def test_the_answer_to_a_fault_carries_its_request_id(
    run: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(_service: Service) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr("app.api.service.Service.require_open", broken)
    answer = await run.client.get("/readyz", headers={"X-Request-ID": "mine"})
    assert answer.status_code == 500
    assert answer.headers["x-request-id"] == "mine"


async def test_the_traceback_of_a_fault_carries_the_id_of_its_request(
    output: Output, run: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(_service: Service) -> None:
        raise ZeroDivisionError

    async with (
        over_a_socket(run) as url,
        httpx.AsyncClient(base_url=url, timeout=PATIENCE) as client,
    ):
        large = submission(png() + bytes(10**6))  # uvicorn pauses while its body arrives
        await client.post(SUBMIT, **large, headers=bearer() | {"X-Request-ID": "the-click"})
        monkeypatch.setattr("app.api.service.Service.require_open", broken)
        answer = await client.get("/readyz", headers={"X-Request-ID": "the-fault"})
        assert answer.status_code == 500
    if output.form == "text":
        assert "[the-fault] Exception in ASGI application" in output.text
        return
    (fault,) = (each for each in output.records() if "in ASGI" in each["message"])
    assert fault["request_id"] == "the-fault"


async def test_an_erasure_does_not_go_on_as_part_of_a_job_that_it_cancelled(run: Running) -> None:
    for other in (run.submitted(), erase(run)):
        await asyncio.create_task(other)  # as another request, with a context of its own
    await run.service.erasures.once()
    assert context.job_id.get() is None


@pytest.mark.parametrize("given", ["", "x" * 65, "a b", "a\tb", "<script>", "é"])
async def test_an_unsafe_request_id_is_replaced(run: Running, given: str) -> None:
    answer = await run.client.get("/healthz", headers={b"X-Request-ID": given.encode()})
    assert NEW.fullmatch(answer.headers["x-request-id"])


async def test_every_record_about_a_job_carries_its_id_and_that_of_the_request_that_caused_it(
    output: Output, run: Running, fal: FalStandIn
) -> None:
    job_id = await run.submitted(headers={"X-Request-ID": "the-click"})
    fal.complete(fal.newest, small_video())
    await run.client.get(
        "/api/templates/video/status",
        params={"jobId": job_id},
        headers=bearer() | {"X-Request-ID": "the-poll"},
    )
    await run.wait_for_background()
    if output.form == "text":
        assert f"[the-click] [VIDEO JOB] Queued job {job_id} for user ada" in output.text
        return
    ours = [record for record in output.records() if record["logger"].startswith("app.")]
    records = {record["message"].partition(" from ")[0]: record for record in ours}
    for message, request in {
        "✓ Job saved to database": "the-click",
        f"[VIDEO JOB] Queued job {job_id} for user ada": "the-click",
        f"[VIDEO JOB {job_id}] Status: COMPLETED": "the-poll",
        f"[VIDEO JOB {job_id}] Completed, downloading": "the-poll",
    }.items():
        assert (records[message]["job_id"], records[message]["request_id"]) == (job_id, request)
    stored = next(record for record in ours if record["message"].startswith("Stored library"))
    assert (stored["job_id"], stored["request_id"]) == (job_id, "the-poll")


@pytest.mark.parametrize("output", ["json"], indirect=True)
async def test_records_of_the_sweep_carry_their_job_id(
    output: Output, run: Running, fal: FalStandIn
) -> None:
    jobs = {await run.submitted() for _ in range(3)}
    for request_id in fal.requests:
        fal.complete(request_id, small_video())
    await run.rows("UPDATE video_job SET due_at = time::now()")
    await run.service.sweep.once()
    await run.wait_for_background()
    swept = [record for record in output.records() if "Status: COMPLETED" in record["message"]]
    assert {record["job_id"] for record in swept} == jobs
    for record in swept:
        assert f"[VIDEO JOB {record['job_id']}]" in record["message"]
        assert record["request_id"] is None


@pytest.mark.parametrize("output", ["json"], indirect=True)
async def test_records_about_a_cancellation_and_an_expiry_carry_their_job_id(
    output: Output, run: Running, fal: FalStandIn
) -> None:
    cancelled, expired = await run.submitted(), await run.submitted()
    assert (await run.cancel(cancelled)).status_code == 202
    fal.faults.add("cancel", Answer(500))
    await pass_time(run, 25 * 3600)
    await pass_time(run, 26 * 3600)
    jobs = {record["message"]: record["job_id"] for record in output.records()}
    assert jobs[f"[VIDEO JOB {cancelled}] Cancel: cancelled"] == cancelled
    assert jobs[f"[VIDEO JOB {cancelled}] Cancelled"] == cancelled
    for about in ("Not cancelled at fal", "Failed, deadline_exceeded"):
        (line,) = (each for each in jobs if each.startswith(f"[VIDEO JOB {expired}] {about}"))
        assert jobs[line] == expired


def test_a_record_outside_of_a_request_carries_no_ids() -> None:
    record = logging.makeLogRecord({"msg": "hello"})
    assert Context().filter(record)
    assert json.dumps([record.request_id, record.job_id]) == "[null, null]"  # type: ignore[attr-defined]
