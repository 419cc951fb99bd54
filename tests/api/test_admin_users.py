"""The back office sees a user's account, and suspends the user."""

import asyncio
from typing import Any
from urllib.parse import quote

import pytest

from app.domain.admin_action import AdminAction
from app.settings import Settings
from tests.support.job_functions import LIMITS, job_arguments
from tests.support.refusals import assert_problem
from tests.support.service import Running, png, running
from tests.support.stand_ins.fal import FalStandIn
from tests.support.stand_ins.videos import small_video

NONE = {"pending": 0, "processing": 0, "completed": 0, "failed": 0, "cancelled": 0}
SUSPENDED, NOT_SUSPENDED = True, False
NAMES = [
    "a/b",
    "/",
    "a/../b",
    "ada?x=1#y",
    "Ünï cödé",
    "100%25",
    "%2F",
    "ada@example.com",
    "🎬",
    "a b",
]


async def seen(run: Running, user: str) -> dict[str, Any]:
    answer = await run.administer("GET", f"users/{quote(user, safe='')}")
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


async def suspend(run: Running, user: str, *, suspended: bool = True) -> dict[str, Any]:
    answer = await run.administer(
        "PATCH", f"users/{quote(user, safe='')}", {"suspended": suspended}
    )
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


async def test_an_account_is_shown_with_its_jobs_by_status(run: Running, fal: FalStandIn) -> None:
    done = await run.submitted()
    fal.complete(fal.newest, small_video())
    await run.finished(done)
    failed = await run.submitted()
    fal.fail(fal.newest)
    await run.finished(failed)
    await run.submitted()
    await run.submitted(user="bob")
    assert await seen(run, "ada") == {
        "user": "ada",
        "balance": 90,
        "held": 10,
        "available": 80,
        "suspended": False,
        "jobs": NONE | {"pending": 1, "completed": 1, "failed": 1},
        "videos": 1,
    }


async def test_a_user_who_was_never_seen_has_nothing_and_gets_no_account(run: Running) -> None:
    assert await seen(run, "nobody") == {
        "user": "nobody",
        "balance": 0,
        "held": 0,
        "available": 0,
        "suspended": False,
        "jobs": NONE,
        "videos": 0,
    }
    assert await run.rows("SELECT * FROM credit_account") == []


@pytest.mark.parametrize("user", NAMES)
async def test_a_user_may_have_any_characters(run: Running, user: str) -> None:
    await run.submitted(user=user)
    account = await seen(run, user)
    assert (account["user"], account["held"]) == (user, 10)
    assert (await suspend(run, user))["suspended"] is True
    assert_problem(await run.submit(user=user), 403, "forbidden")
    (job,) = (await run.administer("GET", f"jobs?user={quote(user, safe='')}")).json()["jobs"]
    assert job["user"] == user


@pytest.mark.parametrize("user", ["", "x" * 129])
async def test_no_user_has_such_a_name(run: Running, user: str) -> None:
    for method, body in ("GET", None), ("PATCH", {"suspended": True}):
        assert_problem(await run.administer(method, f"users/{user}", body), 404, "not_found")


async def test_a_suspended_user_cannot_submit_and_keeps_all_else(
    run: Running, fal: FalStandIn
) -> None:
    done = await run.submitted()
    fal.complete(fal.newest, small_video())
    await run.finished(done)
    under_way = await run.submitted()
    before = await seen(run, "ada")
    assert await suspend(run, "ada") == before | {"suspended": True}
    assert_problem(await run.submit(), 403, "forbidden")
    assert (await run.status(done))["status"] == "completed"
    assert len((await run.library())["videos"]) == 1
    assert (await run.cancel(under_way)).status_code == 202
    assert (await run.submit(user="bob")).status_code == 202
    assert (await suspend(run, "ada", suspended=False))["suspended"] is False
    assert (await run.submit()).status_code == 202


async def test_a_user_can_be_suspended_before_the_first_visit(run: Running) -> None:
    assert (await suspend(run, "eve"))["balance"] == 100
    assert_problem(await run.submit(user="eve"), 403, "forbidden")
    assert await run.money(user="eve") == (100, 0, ["grant"])


async def test_a_repeat_of_a_submit_from_before_answers_with_its_job(run: Running) -> None:
    once = {"Idempotency-Key": "the-click"}
    job_id = await run.submitted(headers=once)
    await suspend(run, "ada")
    again = await run.submit(headers=once)
    assert (again.status_code, again.json()["jobId"]) == (202, job_id)
    assert_problem(await run.submit(headers={"Idempotency-Key": "other"}), 403, "forbidden")


async def test_each_change_is_written_down_once(run: Running) -> None:
    for suspended in (True, True, False, False, True):
        await suspend(run, "ada", suspended=suspended)
    actions = await run.rows("SELECT * FROM admin_action ORDER BY id")
    assert [each["action"] for each in actions] == ["suspend", "unsuspend", "suspend"]
    assert {each["user"] for each in actions} == {"ada"}


async def test_of_many_who_suspend_a_user_one_is_written_down(run: Running) -> None:
    await asyncio.gather(*(suspend(run, "ada") for _ in range(5)))
    assert len(await run.rows("SELECT * FROM admin_action")) == 1


async def test_a_suspension_that_races_with_submits_leaves_no_later_job(run: Running) -> None:
    async def submit(number: int) -> int:
        return (await run.submit(image=png(64 + number))).status_code

    codes, _ = await asyncio.gather(
        asyncio.gather(*(submit(number) for number in range(4))), suspend(run, "ada")
    )
    assert set(codes) <= {202, 403}
    assert len(await run.rows("SELECT * FROM video_job")) == codes.count(202)
    assert_problem(await run.submit(), 403, "forbidden")


async def test_a_repeated_call_changes_nothing_after_another_change(run: Running) -> None:
    database = run.service.database
    first, second = (vars(AdminAction(key="12345678")) for _ in range(2))
    await database.call("credit::suspend", "ada", SUSPENDED, 100, first)
    await database.call("credit::suspend", "ada", NOT_SUSPENDED, 100, second)
    await database.call("credit::suspend", "ada", SUSPENDED, 100, first)
    assert (await seen(run, "ada"))["suspended"] is False


async def test_the_database_itself_refuses_a_suspended_user(run: Running) -> None:
    await suspend(run, "ada")
    answers = await run.service.database.run_script(
        "RETURN fn::video_job::open($job, $limits, NONE)", job=job_arguments("j"), limits=LIMITS
    )
    assert "suspended" in answers[0]["result"]
    assert await run.rows("SELECT * FROM video_job") == []


@pytest.mark.parametrize("body", [{}, {"suspended": "yes"}, {"suspended": None}, {"suspended": 1}])
async def test_a_wrong_body_changes_nothing(run: Running, body: dict[str, object]) -> None:
    problem = await run.administer("PATCH", "users/ada", body)
    assert_problem(problem, 422, "invalid_request")
    assert await run.rows("SELECT * FROM credit_account") == []


async def test_without_keys_there_is_no_back_office(settings: Settings, fal: FalStandIn) -> None:
    closed = settings.model_copy(update={"admin_api_keys": ()})
    async with running(closed, fal) as run:
        for path in ("users/ada", "jobs", "jobs/x"):
            assert_problem(await run.administer("GET", path), 404, "not_found")
