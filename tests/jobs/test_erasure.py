"""Erasing users: what is emptied, what stays, and when it is finished."""

import asyncio
from typing import Any

import pytest

from app.domain.admin_action import AdminAction
from tests.support.deletions import carry_on, completed, delete, erase, objects, progress
from tests.support.job_rows import stored_row
from tests.support.refusals import assert_problem
from tests.support.service import Running
from tests.support.stand_ins.fal import FalStandIn
from tests.support.stand_ins.fal_faults import Hang
from tests.support.stand_ins.videos import small_video
from tests.support.tokens import ADMIN_KEY, admin_bearer, bearer

PERSONAL = "ada@example.test", "my secret party", "Blocked: my secret party"
TABLES = "video_job", "video_job_event", "library_video", "idempotency", "share", "admin_action"


async def everything(run: Running) -> str:
    return str([await run.rows(f"SELECT * FROM {table}") for table in TABLES])  # noqa: S608 constants


async def test_personal_data_is_gone_and_the_ledger_stays(run: Running, fal: FalStandIn) -> None:
    told: Any = {"variables": {"headline": "my secret party"}}
    done = await completed(run, fal, headers={"Idempotency-Key": "my-click"}, **told)
    await run.rows("CREATE share:token SET job = $job", job=done)
    await run.rows("UPDATE library_video SET share = 'token', title = 'my secret party'")
    deleted_before = await completed(run, fal, **told)
    await delete(run, deleted_before)
    failed = await run.submitted(**told)
    fal.fail(fal.newest, 422, "Blocked: my secret party")
    await run.finished(failed)
    (start_image,) = await objects(run, failed)
    await run.rows("UPDATE video_job SET user_email = 'ada@example.test'")
    before = await everything(run)
    assert [each for each in PERSONAL if each not in before] == []
    money = await run.money()

    assert (await erase(run))["left"] == 4
    assert await progress(run) == (False, 4)
    await carry_on(run, 1)
    assert await progress(run) == (True, 0)
    after = await everything(run)
    for each in (*PERSONAL, "my-click", "token"):
        assert each not in after
    for job_id in (done, deleted_before, failed):
        assert await objects(run, job_id) == []
        status = await run.status(job_id)
        assert status["variables"] == {}
        assert "deletedAt" in status
    assert not start_image.exists()
    assert (await run.status(failed))["error"]["message"] == "This text was erased."
    assert await run.money() == money
    assert (await run.library())["videos"] == []
    assert await run.audit() == []


async def test_data_of_other_users_stays(run: Running, fal: FalStandIn) -> None:
    hers = await completed(run, fal, user="eve", headers={"Idempotency-Key": "click"})
    before = await stored_row(run, hers)
    await completed(run, fal)
    await erase(run)
    await carry_on(run, 1)
    assert await stored_row(run, hers) == before
    assert len(await objects(run, hers)) == 3
    assert len(await run.rows("SELECT * FROM idempotency")) == 1


async def test_unfinished_jobs_are_cancelled_at_fal(run: Running, fal: FalStandIn) -> None:
    queued = await run.submitted()
    await erase(run)
    assert await progress(run) == (False, 1)
    await carry_on(run, 1)
    assert fal.count("cancel") == 1
    assert (await run.status(queued))["status"] == "cancelled"
    assert await progress(run) == (True, 0)
    assert (await run.money())[:2] == (100, 0)


async def test_job_that_finishes_all_the_same_is_charged_and_then_deleted(
    run: Running, fal: FalStandIn
) -> None:
    job_id = await run.submitted()
    fal.advance(fal.newest, "IN_PROGRESS")
    await run.status(job_id)
    await erase(run)
    await carry_on(run, 1)
    assert (await run.status(job_id))["stage"] == "cancelling"
    assert await progress(run) == (False, 1)
    fal.complete(fal.newest, small_video())
    await carry_on(run, 60, rounds=5)
    assert await progress(run) == (True, 0)
    assert (await run.status(job_id))["status"] == "completed"
    assert await run.money() == (90, 0, ["grant", "hold", "charge"])
    assert await objects(run, job_id) == []


async def test_job_that_is_being_stored_is_charged_and_then_deleted(
    run: Running, fal: FalStandIn
) -> None:
    job_id, download = await run.submitted(), Hang()
    fal.complete(fal.newest, small_video())
    fal.faults.add("media", download)
    await run.status(job_id)
    await download.reached.wait()
    await erase(run)
    await run.service.erasures.once()
    assert await progress(run) == (False, 1)
    download.released.set()
    await run.wait_for_background()
    await carry_on(run, 10)
    assert await progress(run) == (True, 0)
    assert (await run.money())[:2] == (90, 0)
    assert await objects(run, job_id) == []


async def test_a_user_without_anything_is_erased_at_once(run: Running) -> None:
    for user in ("nobody", "../linus", "émilie", "a/b c%d"):
        erasure = await erase(run, user)
        assert (erasure["left"], "finishedAt" in erasure) == (0, True)
        assert await progress(run, user) == (True, 0)
    assert await run.service.erasure_store.get("never asked for") is None


async def test_what_comes_after_the_request_stays_until_it_is_repeated(
    run: Running, fal: FalStandIn
) -> None:
    await completed(run, fal)
    await erase(run)
    later = await completed(run, fal, headers={"Idempotency-Key": "later"})
    await carry_on(run, 1)
    assert await progress(run) == (True, 0)
    assert (await run.library())["videos"][0]["jobId"] == later
    assert len(await run.rows("SELECT * FROM idempotency")) == 1
    assert (await erase(run))["left"] == 1
    assert await progress(run) == (False, 1)
    await carry_on(run, 100)
    assert await progress(run) == (True, 0)
    assert await objects(run, later) == []


async def test_repeated_call_is_one_action_and_does_not_begin_again(
    run: Running, fal: FalStandIn
) -> None:
    await completed(run, fal)
    action = AdminAction(key="12345678")
    store = run.service.erasure_store
    first, *others = await asyncio.gather(*(store.request("ada", action) for _ in range(5)))
    assert all(each == first for each in others)
    await carry_on(run, 1)
    assert (await store.request("ada", action)).finished_at is not None
    (written,) = await run.rows("SELECT * FROM admin_action")
    assert (written["action"], written["user"], written["key"]) == ("erase", "ada", "12345678")


async def test_many_jobs_are_erased_in_several_transactions(
    run: Running, fal: FalStandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.database.erasure_store.BATCH", 2)
    for _ in range(5):
        await completed(run, fal)
    await erase(run)
    await carry_on(run, 1)
    assert await progress(run) == (True, 0)
    assert await run.audit() == []


async def test_only_the_back_office_may_ask(run: Running) -> None:
    path = "/api/admin/users/ada"
    for headers in ({}, bearer("ada"), {"Authorization": f"Bearer {ADMIN_KEY}x"}):
        assert_problem(await run.client.delete(path, headers=headers), 401, "unauthenticated")
    assert_problem(
        await run.client.delete("/api/admin/users/", headers=admin_bearer()), 404, "not_found"
    )
    assert await run.rows("SELECT * FROM erasure") == []
