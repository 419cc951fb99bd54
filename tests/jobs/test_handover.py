"""Handing a job over to fal: lost answers, deadlines and shutdowns during upload and submit."""

import asyncio
import gc
from collections.abc import Awaitable, Callable

import pytest

from app import times
from app.domain.submission import Submission
from app.jobs import handover
from app.problems import DatabaseUnavailable
from app.settings import Settings
from app.telemetry.seam import Seam, T
from tests.support.clock import pass_time, set_clock_ahead
from tests.support.database_failures import FailingSdk, failing_sdk
from tests.support.job_rows import stored_row
from tests.support.ledger import HELD, RELEASED
from tests.support.refusals import assert_problem
from tests.support.service import Running, running
from tests.support.stand_ins.fal import FalStandIn
from tests.support.stand_ins.fal_faults import Drop, Hang
from tests.support.stand_ins.videos import small_video
from tests.support.submits import held_submit
from tests.support.webhooks import send_webhook


def away_once_fal_has_accepted(monkeypatch: pytest.MonkeyPatch) -> tuple[FailingSdk, Seam]:
    """Return a database that fails once fal has accepted a job, and the seam that tells it so."""
    sdk = failing_sdk(monkeypatch)

    async def seam(name: str, call: Callable[[], Awaitable[T]], /) -> T:
        answer = await call()
        if name == "fal.submit":
            sdk.failing = True
        return answer

    return sdk, seam


class NoDatabaseForJobs:
    """A seam whose calls for jobs fail. Each error is another one: it keeps its traceback alive."""

    away = True

    async def __call__(self, name: str, call: Callable[[], Awaitable[T]], /) -> T:
        if self.away and name.startswith("db.video_job::"):
            raise DatabaseUnavailable
        return await call()


def late_writes(run: Running) -> list[str]:
    """Return the names of the tasks that wait for the database."""
    names = [task.get_name() for task in run.service.background.tasks]
    return [name for name in names if name.startswith("write ")]


async def test_stopping_service_finishes_a_submit_in_progress_and_refuses_new_ones(
    settings: Settings, fal: FalStandIn
) -> None:
    async with running(settings, fal) as run:
        held = await held_submit(run, fal, "upload")
        run.service.stopping.set()
        assert (await held.released()).status_code == 202
        assert_problem(await run.submit(), 503, "shutting_down")


async def test_submit_with_a_lost_answer_is_not_repeated(run: Running, fal: FalStandIn) -> None:
    fal.faults.add("submit", Drop(after_effect=True))
    answer = await run.submit()
    assert answer.status_code == 202
    job = await run.status(answer.json()["jobId"])
    assert (job["status"], job["error"]["code"]) == ("failed", "submit_unconfirmed")
    assert fal.count("submit") == 1
    assert await run.money() == RELEASED


async def test_submit_stops_waiting_for_fal_after_its_timeout(
    settings: Settings, fal: FalStandIn
) -> None:
    hang = Hang(after_effect=True)
    fal.faults.add("submit", hang)
    quick = settings.model_copy(update={"submit_timeout": 1.0})
    async with running(quick, fal) as run:
        answer = await run.submit()
        assert answer.status_code == 202
        job = await run.status(answer.json()["jobId"])
        assert job["error"]["code"] == "submit_unconfirmed"
        hang.released.set()


async def test_job_that_was_failed_during_its_upload_is_not_submitted(
    run: Running, fal: FalStandIn
) -> None:
    held = await held_submit(run, fal, "upload")
    # The sweep of another process, whose clock was changed, or while this machine slept.
    await run.service.store.unanswered(held.job_id, webhook=False)
    assert (await held.released()).status_code == 202
    assert (await run.status(held.job_id))["error"]["code"] == "interrupted"
    assert fal.count("submit") == 0
    assert await run.money() == RELEASED


async def test_submit_that_hangs_at_fal_is_acknowledged_when_the_service_stops(
    settings: Settings, fal: FalStandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(times, "SUBMIT_AT_STOP", 0.05)
    async with running(settings, fal) as run:
        held = await held_submit(run, fal, "submit", after_effect=True)
        run.service.stopping.set()
        answer = await held.answer
        assert (answer.status_code, answer.json()["jobId"]) == (202, held.job_id)
        held.hang.released.set()
        await asyncio.wait(run.service.background.tasks)
        assert (await run.status(held.job_id))["stage"] == "queued"


async def test_submit_without_an_answer_from_the_database_releases_its_hold(
    settings: Settings, fal: FalStandIn
) -> None:
    async def seam(name: str, call: Callable[[], Awaitable[T]], /) -> T:
        answer = await call()
        if name == "db.video_job::open":
            raise DatabaseUnavailable
        return answer

    async with running(settings, fal, seam=seam) as run:
        answer = await run.submit()
        assert (answer.status_code, answer.json()["code"]) == (503, "database_unavailable")
        await run.wait_for_background()
        assert await run.money() == RELEASED
        assert fal.calls == []
        assert await run.audit() == []


async def test_submits_during_an_outage_of_the_database_leave_no_image_in_memory(
    settings: Settings, fal: FalStandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(times, "LATE_WRITE", 0.1)
    seam = NoDatabaseForJobs()
    async with running(settings, fal, seam=seam) as run:
        assert_problem(await run.submit(user="carol"), 503, "database_unavailable")
        assert len(late_writes(run)) == 1
        gc.collect()
        submissions = [each for each in gc.get_objects() if isinstance(each, Submission)]
        assert [each for each in submissions if each.user == "carol"] == []
        seam.away = False


async def test_submits_during_an_outage_of_the_database_leave_a_bounded_number_of_tasks(
    settings: Settings, fal: FalStandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(handover, "ABANDONED", 2)
    monkeypatch.setattr(times, "LATE_WRITE", 0.1)
    seam = NoDatabaseForJobs()
    async with running(settings, fal, seam=seam) as run:
        for _ in range(2):
            seam.away = True
            for _ in range(3):
                assert_problem(await run.submit(), 503, "database_unavailable")
            assert len(late_writes(run)) == 2
            seam.away = False
            await run.wait_for_background()
            assert late_writes(run) == []


async def test_webhook_of_another_jobs_request_does_not_confirm_an_unanswered_submit(
    public_settings: Settings, fal: FalStandIn
) -> None:
    async with running(public_settings, fal) as run:
        other, request_id = await run.submitted(user="bob"), fal.newest
        fal.faults.add("submit", Drop())
        unanswered = await run.submitted()
        fal.complete(request_id, small_video())
        assert (await send_webhook(run, unanswered, fal.callback(request_id))).status_code == 200
        await run.wait_for_background()
        assert (await stored_row(run, unanswered)).get("fal_request_id") is None
        assert (await stored_row(run, unanswered))["stage"] == "submitting"
        assert (await run.finished(other, user="bob"))["status"] == "completed"
        assert await run.audit() == []


async def test_unanswered_submit_that_is_cancelled_ends_as_cancelled_at_its_deadline(
    public_settings: Settings, fal: FalStandIn
) -> None:
    fal.faults.add("submit", Drop())
    async with running(public_settings, fal) as run:
        job_id = await run.submitted()
        assert (await run.cancel(job_id)).status_code == 202
        await pass_time(run, 25 * 3600)
        assert (await run.status(job_id))["status"] == "cancelled"
        assert await run.money() == RELEASED
        assert await run.audit() == []


async def test_unanswered_submit_without_a_webhook_fails_at_its_deadline(
    public_settings: Settings, fal: FalStandIn
) -> None:
    fal.faults.add("submit", Drop(after_effect=True))
    async with running(public_settings, fal) as run:
        job_id = await run.submitted()
        await pass_time(run, 24 * 3600 - 60)
        assert await run.money() == HELD
        await pass_time(run, 24 * 3600 + 60)
        failed = await run.status(job_id)
        assert (failed["status"], failed["error"]["code"]) == ("failed", "deadline_exceeded")
        assert fal.count("submit") == 1
        assert await run.money() == RELEASED
        assert await run.audit() == []


async def test_sweep_leaves_a_submit_to_the_process_that_has_yet_to_record_its_outcome(
    settings: Settings, fal: FalStandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An outage may be longer than a submit may be silent; both go on at its end."""
    sdk, away = away_once_fal_has_accepted(monkeypatch)
    swept = asyncio.Event()

    async def seam(name: str, call: Callable[[], Awaitable[T]], /) -> T:
        if name == "db.video_job::queued" and not sdk.failing:
            await swept.wait()
        return await away(name, call)

    async with running(settings, fal, seam=seam) as run:
        job_id = await run.submitted()
        sdk.failing = False
        await set_clock_ahead(run.service.database, 130)
        await run.service.sweep.once()
        row = await stored_row(run, job_id)
        assert (row["status"], row.get("trouble")) == ("pending", None)
        swept.set()
        await run.wait_for_background()
        assert (await stored_row(run, job_id))["fal_request_id"] == fal.newest


async def test_database_that_fails_after_fal_accepted_a_job_loses_nothing(
    settings: Settings, fal: FalStandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    sdk, seam = away_once_fal_has_accepted(monkeypatch)
    async with running(settings, fal, seam=seam) as run:
        job_id = await run.submitted()
        assert_problem(await run.client.get("/readyz"), 503, "database_unavailable")
        assert any(task.get_name() == f"write {job_id}" for task in run.service.background.tasks)
        sdk.failing = False
        await run.wait_for_background()
        assert (await stored_row(run, job_id))["fal_request_id"] == fal.newest
        fal.complete(fal.newest, small_video())
        assert (await run.finished(job_id))["status"] == "completed"
        assert fal.count("submit") == 1
        assert await run.audit() == []
