"""Submit and status over HTTP: limits, fal's refusals, and the answer's values."""

from datetime import datetime, timedelta

import pytest

from app.settings import Settings
from tests.support.refusals import assert_problem
from tests.support.service import Running, running
from tests.support.stand_ins.fal import FalStandIn
from tests.support.stand_ins.fal_faults import Answer
from tests.support.stand_ins.videos import small_video


@pytest.mark.parametrize("query", [{}, {"jobId": ""}, {"jobId": "x" * 201}, {"jobId": "a\nb"}])
async def test_status_without_a_valid_job_id_is_refused(
    run: Running, query: dict[str, str]
) -> None:
    assert_problem(await run.get("/api/templates/video/status", **query), 400, "invalid_query")


async def test_times_of_a_job_are_rfc3339_in_utc(run: Running) -> None:
    job = await run.status(await run.submitted())
    for name in ("createdAt", "updatedAt"):
        assert job[name].endswith("Z")
        assert datetime.fromisoformat(job[name]).utcoffset() == timedelta(0)


async def test_users_with_similar_names_have_separate_folders(
    run: Running, fal: FalStandIn
) -> None:
    keys = []
    for user in ("../ada", "..%2Fada", "ada", "Ada"):
        job_id = await run.submitted(user=user)
        fal.complete(fal.newest, small_video())
        keys.append((await run.finished(job_id, user=user))["key"])
    folders = {key.split("/")[1] for key in keys}
    assert len(folders) == 4
    assert all(key.startswith("users/") and ".." not in key.split("/") for key in keys)


async def test_submit_without_enough_credits_is_refused_before_fal_is_asked(
    settings: Settings, fal: FalStandIn
) -> None:
    poor = settings.model_copy(update={"credits_signup_grant": 15})
    async with running(poor, fal) as run:
        await run.submitted()
        assert_problem(await run.submit(), 402, "insufficient_credits")
        assert fal.count("submit") == 1
        assert await run.money() == (15, 10, ["grant", "hold"])


async def test_submit_beyond_the_limit_of_unfinished_jobs_is_refused_until_one_ends(
    settings: Settings, fal: FalStandIn
) -> None:
    async with running(settings.model_copy(update={"max_jobs_in_flight": 2}), fal) as run:
        job_id, request_id = await run.submitted(), fal.newest
        await run.submitted()
        refused = await run.submit()
        assert_problem(refused, 429, "too_many_jobs")
        assert int(refused.headers["retry-after"]) > 0
        fal.complete(request_id, small_video())
        await run.finished(job_id)
        await run.submitted()


async def test_submit_beyond_the_rate_limit_is_refused_for_that_user_only(
    settings: Settings, fal: FalStandIn
) -> None:
    async with running(settings.model_copy(update={"submits_per_minute": 2}), fal) as run:
        for _ in range(2):
            await run.submitted()
        refused = await run.submit()
        assert_problem(refused, 429, "rate_limited")
        assert 1 <= int(refused.headers["retry-after"]) <= 30
        await run.submitted(user="bob")


@pytest.mark.parametrize(
    ("call", "answer", "code", "retry_after"),
    [
        ("submit", Answer(422, {"detail": [{"msg": "bad prompt"}]}), "fal_rejected", None),
        (
            "submit",
            Answer(429, {"detail": "slow down"}, {"Retry-After": "7"}),
            "fal_unavailable",
            "7",
        ),
        ("submit", Answer(500, {"detail": "oops"}), "fal_unavailable", None),
        ("submit", Answer(404, {"detail": "no such application"}), "fal_unavailable", None),
        ("submit", Answer(409, {"detail": "conflict"}), "fal_unavailable", None),
        ("submit", Answer(403, {"detail": "locked"}), "fal_unavailable", None),
    ],
)
async def test_submit_that_fal_refuses_fails_the_job_and_releases_its_hold(
    run: Running, fal: FalStandIn, call: str, answer: Answer, code: str, retry_after: str | None
) -> None:
    fal.faults.add(call, answer)
    refused = await run.submit()
    body = assert_problem(refused, 502, code)
    assert refused.headers.get("retry-after") == retry_after
    assert fal.count("submit") == 1
    assert await run.money() == (100, 0, ["grant", "hold", "release"])
    job = await run.status(body["jobId"])
    assert (job["status"], job["error"]["code"]) == ("failed", code)
    assert job["error"]["message"] == body["detail"]


async def test_failed_upload_submits_nothing_and_releases_the_hold(
    run: Running, fal: FalStandIn
) -> None:
    for call in ("token", "upload", "initiate", "put"):
        fal.faults.add(call, Answer(503, {"detail": "closed"}), times=None)
    assert_problem(await run.submit(), 502, "fal_unavailable")
    assert fal.count("submit") == 0
    assert await run.money() == (100, 0, ["grant", "hold", "release"])
