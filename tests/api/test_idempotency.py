"""A repeated Idempotency-Key returns the first job for as long as that job may exist."""

import asyncio
from collections import Counter

import httpx
import pytest

from app.settings import Settings
from tests.support.clock import set_clock_ahead
from tests.support.ledger import CHARGED, HELD, RELEASED
from tests.support.refusals import assert_no_effect, assert_problem
from tests.support.service import SUBMIT, Running, png, running, submission
from tests.support.stand_ins.fal import FalStandIn
from tests.support.stand_ins.fal_faults import Answer, Drop, Fault
from tests.support.stand_ins.videos import small_video
from tests.support.submits import held_submit
from tests.support.tokens import bearer

KEY = {"Idempotency-Key": "click-1"}
REPLAYED = "idempotent-replayed"
DAY = 24 * 3600


def assert_replays(answer: httpx.Response, first: httpx.Response) -> None:
    assert answer.status_code == 202, answer.text
    assert answer.headers[REPLAYED] == "true"
    assert answer.headers["location"] == first.headers["location"]
    assert answer.json() == first.json()


async def accepted(run: Running, *, user: str = "ada") -> str:
    """Submit with the key, expect a new job, and return its id."""
    answer = await run.submit(headers=KEY, user=user)
    assert answer.status_code == 202, answer.text
    assert REPLAYED not in answer.headers
    return str(answer.json()["jobId"])


async def test_same_key_and_content_return_the_first_job_at_every_stage(
    run: Running, fal: FalStandIn
) -> None:
    first = await run.submit(headers=KEY)
    assert REPLAYED not in first.headers
    assert_replays(await run.submit(headers=KEY), first)
    fal.advance(fal.newest, "IN_PROGRESS")
    await run.status(first.json()["jobId"])
    assert_replays(await run.submit(headers=KEY), first)
    fal.complete(fal.newest, small_video())
    await run.finished(first.json()["jobId"])
    assert_replays(await run.submit(headers=KEY), first)
    assert (fal.count("submit"), fal.count("upload")) == (1, 1)
    assert await run.money() == CHARGED


@pytest.mark.parametrize("call", ["upload", "submit"])
async def test_same_key_is_answered_while_fal_hangs_at_the_first_submit(
    run: Running, fal: FalStandIn, call: str
) -> None:
    held = await held_submit(run, fal, call, after_effect=True, headers=KEY)
    again = await run.submit(headers=KEY)
    assert not held.answer.done()
    assert_replays(again, await held.released())
    assert fal.count("submit") == 1
    assert await run.money() == HELD


async def test_fifty_concurrent_submits_with_one_key_create_one_job(
    run: Running, fal: FalStandIn
) -> None:
    answers = await asyncio.gather(*(run.submit(headers=KEY) for _ in range(50)))
    assert Counter(answer.status_code for answer in answers) == {202: 50}
    assert len({answer.json()["jobId"] for answer in answers}) == 1
    assert sum(REPLAYED in answer.headers for answer in answers) == 49
    assert (fal.count("submit"), fal.count("upload")) == (1, 1)
    assert await run.money() == HELD


async def test_same_key_with_other_content_is_refused(run: Running, fal: FalStandIn) -> None:
    await accepted(run)
    for other in (
        await run.submit(headers=KEY, image=png(colour="red")),
        await run.submit(headers=KEY, variables={"headline": "Friday"}),
        await run.submit(headers=KEY, template="poster-parallax"),
    ):
        assert (other.status_code, other.json()["code"]) == (422, "idempotency_mismatch")
        assert other.headers["content-type"] == "application/problem+json"
    assert (fal.count("submit"), fal.count("upload")) == (1, 1)
    assert await run.money() == HELD


async def test_same_key_of_another_user_creates_another_job(run: Running, fal: FalStandIn) -> None:
    assert await accepted(run) != await accepted(run, user="bob")
    assert fal.count("submit") == 2
    assert [await run.money(user=user) for user in ("ada", "bob")] == [HELD, HELD]


@pytest.mark.parametrize(
    ("calls", "fault"),
    [
        (["submit"], Answer(422, {"detail": "no"})),
        (["submit"], Answer(503, {"detail": "busy"})),
        (["token", "initiate"], Answer(503, {"detail": "busy"})),
    ],
)
async def test_key_can_be_used_again_after_fal_refused_the_job(
    run: Running, fal: FalStandIn, calls: list[str], fault: Fault
) -> None:
    for call in calls:
        fal.faults.add(call, fault)
    refused = await run.submit(headers=KEY)
    assert refused.status_code == 502
    job_id = await accepted(run)
    assert job_id != refused.json()["jobId"]
    assert (await run.submit(headers=KEY)).json()["jobId"] == job_id
    assert await run.money() == (100, 10, ["grant", "hold", "release", "hold"])


async def test_key_can_be_used_again_after_a_cancel_before_the_submit_to_fal(
    run: Running, fal: FalStandIn
) -> None:
    held = await held_submit(run, fal, "upload", headers=KEY)
    await run.cancel(held.job_id)
    await held.released()
    assert await accepted(run) != held.job_id
    assert fal.count("submit") == 1
    assert await run.money() == (100, 10, ["grant", "hold", "release", "hold"])


async def test_key_returns_a_job_that_failed_at_fal(run: Running, fal: FalStandIn) -> None:
    first = await run.submit(headers=KEY)
    fal.fail(fal.newest, 422, "blocked")
    assert (await run.finished(first.json()["jobId"]))["status"] == "failed"
    assert_replays(await run.submit(headers=KEY), first)
    assert fal.count("submit") == 1
    assert await run.money() == RELEASED


async def test_key_returns_a_job_whose_answer_from_fal_was_lost(
    public_settings: Settings, fal: FalStandIn
) -> None:
    fal.faults.add("submit", Drop(after_effect=True))
    async with running(public_settings, fal) as run:
        first = await run.submit(headers=KEY)
        assert_replays(await run.submit(headers=KEY), first)
        assert fal.count("submit") == 1
        assert await run.money() == HELD


@pytest.mark.parametrize("limit", ["max_jobs_in_flight", "submits_per_minute"])
async def test_replay_is_answered_when_a_limit_refuses_new_jobs(
    settings: Settings, fal: FalStandIn, limit: str
) -> None:
    async with running(settings.model_copy(update={limit: 1}), fal) as run:
        first = await run.submit(headers=KEY)
        refused = await run.submit(headers={"Idempotency-Key": "click-2"})
        assert refused.status_code == 429
        assert_replays(await run.submit(headers=KEY), first)
        assert await run.rows("SELECT VALUE record::id(id)[1] FROM idempotency") == ["click-1"]
        assert await run.money() == HELD


async def test_key_is_remembered_after_a_restart(settings: Settings, fal: FalStandIn) -> None:
    async with running(settings, fal) as run:
        first = await run.submit(headers=KEY)
    async with running(settings, fal) as run:
        assert_replays(await run.submit(headers=KEY), first)
        assert (await run.submit(headers=KEY, image=png(colour="red"))).status_code == 422
        assert fal.count("submit") == 1
        assert await run.money() == HELD


async def test_key_lasts_until_the_deadline_of_its_job(settings: Settings, fal: FalStandIn) -> None:
    long = settings.model_copy(update={"job_deadline_hours": 72})
    async with running(long, fal) as run:
        first = await run.submitted(headers=KEY)
        await set_clock_ahead(run.service.database, 70 * 3600)
        assert await run.submitted(headers=KEY) == first


async def test_key_of_a_finished_job_can_be_used_again_after_a_day(
    run: Running, fal: FalStandIn
) -> None:
    first = await run.submit(headers=KEY)
    fal.complete(fal.newest, small_video())
    await run.finished(first.json()["jobId"])
    await set_clock_ahead(run.service.database, DAY - 60)
    assert_replays(await run.submit(headers=KEY), first)
    await set_clock_ahead(run.service.database, DAY + 1)
    second = await run.submit(headers=KEY, image=png(colour="red"))
    assert REPLAYED not in second.headers
    assert second.json()["jobId"] != first.json()["jobId"]
    assert_replays(await run.submit(headers=KEY, image=png(colour="red")), second)
    assert fal.count("submit") == 2
    assert await run.money() == (90, 10, ["grant", "hold", "charge", "hold"])


@pytest.mark.parametrize("key", ["", "x" * 256, "two words", "\xfcber"])
async def test_invalid_key_is_refused_and_changes_nothing(
    run: Running, fal: FalStandIn, key: str
) -> None:
    headers = httpx.Headers(bearer(), encoding="latin-1")
    headers["Idempotency-Key"] = key
    answer = await run.client.post(SUBMIT, headers=headers, **submission(png()))
    assert_problem(answer, 400, "invalid_query")
    await assert_no_effect(run, fal)
