"""The story's edges: lost answers, another's request, rows that make no sense, who is told when."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from app.domain.job import Stage
from app.errors import DatabaseUnavailable
from app.jobs import snapshots
from app.settings import Settings
from app.telemetry.seam import T
from tests.api.test_callback import PUBLIC_URL, post, row
from tests.jobs.test_cancel_races import only_job
from tests.support.clock import pass_time
from tests.support.ledger import RELEASED
from tests.support.service import Running, running
from tests.support.stand_ins.fal import FalStandIn
from tests.support.stand_ins.fal_faults import Answer, Drop, Fault, Hang
from tests.support.stand_ins.videos import small_video


async def test_unanswered_submit_does_not_adopt_another_jobs_request(
    settings: Settings, fal: FalStandIn
) -> None:
    reachable = settings.model_copy(update={"public_url": PUBLIC_URL})
    async with running(reachable, fal) as run:
        theirs, request_id = await run.submitted(user="bob"), fal.newest
        fal.faults.add("submit", Drop())
        ours = await run.submitted()
        fal.complete(request_id, small_video())
        assert (await post(run, ours, fal.callback(request_id))).status_code == 200
        await run.wait_for_background()
        assert (await row(run, ours)).get("fal_request_id") is None
        assert (await row(run, ours))["stage"] == "submitting"
        assert (await run.finished(theirs, user="bob"))["status"] == "completed"
        assert await run.audit() == []


async def test_submit_whose_hold_was_taken_without_an_answer_gives_it_back(
    settings: Settings, fal: FalStandIn
) -> None:
    lost: list[str] = []

    async def seam(name: str, call: Callable[[], Awaitable[T]], /) -> T:
        answer = await call()
        if name == "db.video_job::open" and not lost:
            lost.append(name)
            raise DatabaseUnavailable
        return answer

    async with running(settings, fal, seam=seam) as run:
        answer = await run.submit()
        assert (answer.status_code, answer.json()["code"]) == (503, "database_unavailable")
        await run.wait_for_background()
        assert await run.money() == RELEASED
        assert fal.calls == []
        assert await run.audit() == []


@pytest.mark.parametrize(
    ("fault", "cancels", "expected"),
    [
        (Drop(), False, "failed"),
        (Answer(422, {"detail": "no"}), False, "failed"),
        (None, True, "cancelled"),
        (None, False, "pending"),
    ],
    ids=["answer lost", "refused", "cancelled", "queued"],
)
async def test_what_a_request_has_brought_about_is_known_without_asking_anybody(
    settings: Settings,
    fal: FalStandIn,
    fault: Fault | None,
    expected: str,
    *,
    cancels: bool,
) -> None:
    if fault is not None:
        fal.faults.add("submit", fault)
    async with running(settings, fal) as run:
        job_id = (await run.submit()).json()["jobId"]
        if cancels:
            assert (await run.cancel(job_id)).status_code == 202
        known = run.service.lifecycle._snapshots.known(job_id)
        assert known is not None
        assert known.status == expected
        assert known.stage is not Stage.SUBMITTING


async def test_job_is_known_while_its_submit_is_still_under_way(
    run: Running, fal: FalStandIn
) -> None:
    hang = Hang()
    fal.faults.add("upload", hang)
    submit = asyncio.create_task(run.submit())
    await hang.reached.wait()
    job_id = await only_job(run)
    known = run.service.lifecycle._snapshots.known(job_id)
    assert known is not None
    assert known.stage is Stage.SUBMITTING
    hang.released.set()
    assert (await submit).json()["jobId"] == job_id


@pytest.mark.unaudited
async def test_row_that_makes_no_sense_does_not_hold_up_the_others(
    run: Running, fal: FalStandIn, caplog: pytest.LogCaptureFixture
) -> None:
    odd, well = await run.submitted(), await run.submitted()
    fal.complete(fal.newest, small_video())
    await run.rows("DEFINE FIELD OVERWRITE stage ON video_job TYPE string")  # a later version's
    await run.rows("UPDATE type::record('video_job', $odd) SET stage = 'dreaming'", odd=odd)
    await pass_time(run, 25)
    assert (await row(run, well))["status"] == "completed"
    assert f"{odd} cannot be read" in caplog.text.replace("⟨", "").replace("⟩", "")


@pytest.mark.parametrize(("watched_for", "asked"), [(3600.0, 0), (0.0, 1)])
async def test_sweep_leaves_to_its_pollers_what_they_keep_fresh(
    run: Running, fal: FalStandIn, monkeypatch: pytest.MonkeyPatch, watched_for: float, asked: int
) -> None:
    monkeypatch.setattr(snapshots, "WATCHED", watched_for)
    job_id = await run.submitted()
    await run.status(job_id)
    fal.calls.clear()
    await pass_time(run, 20)
    assert fal.count("status") == asked
