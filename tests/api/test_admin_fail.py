"""The back office ends a job: once, for good, and without losing a video that is paid for."""

import asyncio

import pytest

from app.domain.admin_action import AdminAction
from app.jobs.lifecycle import ENDED_BY_SUPPORT
from app.problems import DatabaseUnavailable
from app.settings import Settings
from tests.support.database import connected, embedded
from tests.support.job_functions import RUNNING, Jobs
from tests.support.job_rows import stored_row
from tests.support.openapi import INTERFACE
from tests.support.refusals import assert_problem
from tests.support.service import Running, running
from tests.support.stand_ins.fal import FalStandIn
from tests.support.stand_ins.fal_faults import Answer, Hang
from tests.support.stand_ins.videos import small_video
from tests.support.submits import held_submit

FAR = "d'+12000-01-01T00:00:00Z'"
REASON = {"reason": "The user waits; ticket 4711."}


async def test_a_queued_job_fails_releases_its_hold_and_is_cancelled_at_fal(
    run: Running, fal: FalStandIn
) -> None:
    job_id = await run.submitted()
    answer = await run.administer("POST", f"jobs/{job_id}/fail", REASON)
    assert answer.status_code == 200
    assert answer.json()["error"] == {"code": "interrupted", "message": ENDED_BY_SUPPORT}
    assert answer.json()["user"] == "ada"
    assert await run.money() == (100, 0, ["grant", "hold", "release"])
    own = await run.status(job_id)
    assert (own["status"], own["error"]["message"]) == ("failed", ENDED_BY_SUPPORT)
    assert "ticket" not in str(own)
    await run.wait_for_background()
    assert [call.name for call in fal.calls if call.name == "cancel"] == ["cancel"]
    (action,) = await run.rows("SELECT * FROM admin_action")
    assert (action["action"], action["job"], action["user"]) == ("fail", job_id, "ada")
    assert action["reason"] == REASON["reason"]
    assert len(action["key"]) == 8


async def test_a_submit_whose_answer_was_lost_is_ended(
    public_settings: Settings, fal: FalStandIn
) -> None:
    async with running(public_settings, fal) as run:
        fal.faults.add("submit", Hang())
        submitting = asyncio.create_task(run.submit())
        while not await run.rows("SELECT * FROM video_job WHERE submitted_at != NONE"):  # noqa: ASYNC110 polled
            await asyncio.sleep(0.01)
        (job_id,) = await run.rows("SELECT VALUE record::id(id) FROM video_job")
        answer = await run.administer("POST", f"jobs/{job_id}/fail", REASON)
        assert (answer.status_code, answer.json()["requestId"]) == (200, None)
        submitting.cancel()
        assert await run.money() == (100, 0, ["grant", "hold", "release"])
        assert [call for call in fal.calls if call.name == "cancel"] == []


async def test_a_submit_that_fal_accepts_after_its_job_was_ended_is_cancelled_there(
    run: Running, fal: FalStandIn
) -> None:
    held = await held_submit(run, fal, "submit", after_effect=True)
    assert (await run.administer("POST", f"jobs/{held.job_id}/fail", REASON)).status_code == 200
    assert (await held.released()).status_code == 202
    await run.wait_for_background()
    assert fal.count("cancel") == 1
    assert (await run.status(held.job_id))["error"]["message"] == ENDED_BY_SUPPORT
    assert await run.money() == (100, 0, ["grant", "hold", "release"])


async def test_a_late_webhook_changes_nothing(public_settings: Settings, fal: FalStandIn) -> None:
    async with running(public_settings, fal) as run:
        job_id = await run.submitted()
        fal.faults.add("cancel", Answer(500))
        assert (await run.administer("POST", f"jobs/{job_id}/fail", REASON)).status_code == 200
        await run.wait_for_background()  # the start image is recorded
        ended = await stored_row(run, job_id)
        fal.complete(fal.newest, small_video())
        assert (await fal.call_back(run.client, fal.newest)).is_success
        await run.wait_for_background()
        assert await stored_row(run, job_id) == ended
        assert await run.money() == (100, 0, ["grant", "hold", "release"])
        assert await run.audit() == []


async def test_a_job_that_has_ended_is_left_alone(run: Running, fal: FalStandIn) -> None:
    job_id = await run.submitted()
    fal.complete(fal.newest, small_video())
    done = await run.finished(job_id)
    problem = await run.administer("POST", f"jobs/{job_id}/fail", REASON)
    assert_problem(problem, 409, "job_finished")
    assert (await run.status(job_id))["status"] == done["status"]
    assert await run.rows("SELECT * FROM admin_action") == []


async def test_a_video_that_is_being_stored_is_not_lost(run: Running, fal: FalStandIn) -> None:
    job_id = await run.submitted()
    hang = Hang()
    fal.faults.add("media", hang)
    fal.complete(fal.newest, small_video())
    await run.status(job_id)
    await hang.reached.wait()
    problem = await run.administer("POST", f"jobs/{job_id}/fail", REASON)
    assert "being stored" in assert_problem(problem, 409, "job_finished")["detail"]
    hang.released.set()
    assert (await run.finished(job_id))["status"] == "completed"


async def test_of_many_who_end_a_job_one_does_and_is_written_down(run: Running) -> None:
    job_id = await run.submitted()
    answers = await asyncio.gather(
        *(run.administer("POST", f"jobs/{job_id}/fail", REASON) for _ in range(5))
    )
    assert sorted(answer.status_code for answer in answers) == [200, 409, 409, 409, 409]
    assert len(await run.rows("SELECT * FROM admin_action")) == 1
    assert await run.money() == (100, 0, ["grant", "hold", "release"])


@pytest.mark.unaudited  # the damage is what it is about
@pytest.mark.parametrize(
    ("damage", "problem"),
    [
        ("stage = 'dreaming'", None),
        (f"deadline_at = {FAR}", None),
        ("user_email = NONE", "user_email"),
        (f"variables = {{ when: {FAR} }}", "the driver cannot read"),
    ],
)
async def test_a_job_that_cannot_be_read_is_ended_and_the_answer_says_so(
    run: Running, fal: FalStandIn, damage: str, problem: str | None
) -> None:
    job_id = await run.submitted()
    await run.wait_for_background()
    for field in ("stage", "user_email"):
        await run.rows(f"DEFINE FIELD OVERWRITE {field} ON video_job TYPE any")
    await run.rows(f"UPDATE video_job SET {damage} RETURN NONE")  # noqa: S608 a constant
    answer = await run.administer("POST", f"jobs/{job_id}/fail", REASON)
    assert answer.status_code == 200, answer.text
    INTERFACE.check(answer)
    if problem is None:
        assert answer.json()["error"]["code"] == "interrupted"
    else:
        assert answer.json().keys() == {"jobId", "problem"}
        assert problem in answer.json()["problem"]
    await run.wait_for_background()
    assert fal.count("cancel") == (problem is None)
    assert await run.money() == (100, 0, ["grant", "hold", "release"])
    again = await run.administer("POST", f"jobs/{job_id}/fail", REASON)
    assert_problem(again, 409, "job_finished")
    assert len(await run.rows("SELECT * FROM admin_action")) == 1


@pytest.mark.parametrize(
    ("body", "complaint"),
    [
        ({}, "reason: is missing"),
        ({"reason": ""}, "reason: must have 1 or more characters"),
        ({"reason": "x" * 501}, "reason: must have 500 or fewer characters"),
        ({"reason": 1}, "reason: must be text"),
        ({"reason": "r", "refund": True}, "refund: is not known here"),
    ],
)
async def test_a_wrong_body_ends_nothing(
    run: Running, body: dict[str, object], complaint: str
) -> None:
    job_id = await run.submitted()
    problem = await run.administer("POST", f"jobs/{job_id}/fail", body)
    assert complaint in assert_problem(problem, 422, "invalid_request")["detail"]
    assert (await run.status(job_id))["status"] == "pending"


async def test_an_unknown_job_is_a_404(run: Running) -> None:
    for job in "no-such-job", "x" * 201:
        problem = await run.administer("POST", f"jobs/{job}/fail", REASON)
        assert_problem(problem, 404, "job_not_found")


async def test_a_call_whose_answer_was_lost_answers_as_the_first_time(store_url: str) -> None:
    async with connected(embedded(store_url)) as database:
        jobs = Jobs(database)
        await jobs.queued("j")
        action = vars(AdminAction(key="12345678", reason="r"))
        first = await jobs("fail_by_hand", "j", "m", action)
        assert await jobs("fail_by_hand", "j", "m", action) == first
        assert (first["status"], first["ended_by"]) == ("failed", action["id"])
        assert jobs.changes == 2  # it was opened and it ended
        assert len(await jobs.all("admin_action")) == 1


@pytest.mark.parametrize("stage", ["submitting", "queued", "generating", "cancelling"])
async def test_a_job_can_be_ended_at_every_stage_before_storing(store_url: str, stage: str) -> None:
    async with connected(embedded(store_url)) as database:
        jobs = Jobs(database)
        await (jobs.open("j") if stage == "submitting" else jobs.queued("j"))
        if stage == "generating":
            await jobs("progress", "j", RUNNING, None)
        if stage == "cancelling":
            await jobs("ask_to_cancel", "j", "ada")
        row = await jobs("fail_by_hand", "j", "m", vars(AdminAction(key="12345678")))
        assert (row["status"], row["error_code"]) == ("failed", "interrupted")
        assert await jobs.account() == (100, 0, 0)


async def test_an_answer_that_the_database_loses_is_a_503(
    settings: Settings, fal: FalStandIn
) -> None:
    lost = False

    async def seam(name, call, /):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
        nonlocal lost
        result = await call()
        if name == "db.video_job::fail_by_hand" and not lost:
            lost = True
            raise DatabaseUnavailable
        return result

    async with running(settings, fal, seam=seam) as run:
        job_id = await run.submitted()
        answer = await run.administer("POST", f"jobs/{job_id}/fail", REASON)
        assert_problem(answer, 503, "database_unavailable")
        again = await run.administer("POST", f"jobs/{job_id}/fail", REASON)
        assert_problem(again, 409, "job_finished")
        assert await run.money() == (100, 0, ["grant", "hold", "release"])
