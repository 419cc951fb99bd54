"""Routes that need a token refuse requests without one; a caller sees only their own jobs."""

import pytest

from tests.support.refusals import assert_no_effect, assert_problem
from tests.support.service import SUBMIT, Running
from tests.support.stand_ins.fal import FalStandIn
from tests.support.stand_ins.videos import small_video


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", SUBMIT),
        ("GET", "/api/templates/video/status?jobId=x"),
        ("GET", "/api/library"),
        ("GET", "/api/credits"),
    ],
)
async def test_request_without_a_token_is_refused_and_changes_nothing(
    run: Running, fal: FalStandIn, method: str, path: str
) -> None:
    answer = await run.client.request(method, path)
    assert_problem(answer, 401, "unauthenticated")
    assert answer.headers["www-authenticate"] == "Bearer"
    await assert_no_effect(run, fal)


@pytest.mark.parametrize("path", ["/api/templates", "/healthz", "/readyz"])
async def test_public_route_needs_no_token(run: Running, path: str) -> None:
    assert (await run.client.get(path)).status_code == 200


async def test_user_sees_no_job_video_or_credits_of_another_user(
    run: Running, fal: FalStandIn
) -> None:
    job_id = await run.submitted(user="ada")
    fal.complete(fal.newest, small_video())
    await run.finished(job_id)
    foreign = await run.get("/api/templates/video/status", user="bob", jobId=job_id)
    missing = await run.get("/api/templates/video/status", user="bob", jobId="no-such-job")
    assert assert_problem(foreign, 404, "job_not_found") == assert_problem(
        missing, 404, "job_not_found"
    )
    assert (await run.library(user="bob")) == {"videos": [], "nextCursor": None}
    assert await run.money(user="bob") == (100, 0, ["grant"])
