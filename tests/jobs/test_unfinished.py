"""The gauges of unfinished jobs: counted in every stage, at a bounded cost."""

import pytest
from prometheus_client import REGISTRY

from app.database import unfinished_jobs
from app.jobs import unfinished
from app.jobs.unfinished import UnfinishedGauges
from app.problems import DatabaseUnavailable
from app.settings import Settings
from tests.support.clock import set_clock_ahead
from tests.support.seams import FailingSeam
from tests.support.service import Running, running
from tests.support.stand_ins.fal import FalStandIn
from tests.support.stand_ins.fal_faults import NO_VIDEO, Drop
from tests.support.stand_ins.videos import small_video


async def measured(run: Running) -> dict[str, float]:
    await UnfinishedGauges(run.service.database).measure()
    found = {}
    for stage in ("submitting", "queued", "generating", "cancelling", "storing"):
        for short, name in (
            ("", "video_jobs_unfinished"),
            ("oldest ", "video_jobs_oldest_seconds"),
        ):
            found[short + stage] = REGISTRY.get_sample_value(name, {"stage": stage})
    for name in ("video_jobs_unconfirmed", "video_deliveries_waiting"):
        found[name] = REGISTRY.get_sample_value(name)
    return {name: value for name, value in found.items() if value}


async def test_each_unfinished_job_counts_in_its_stage_until_it_ends(
    run: Running, fal: FalStandIn
) -> None:
    assert await measured(run) == {}
    first = await run.submitted()
    fal.advance(fal.newest, "IN_PROGRESS")
    await run.status(first)
    request_id = fal.newest
    await run.submitted()
    await set_clock_ahead(run.service.database, 300)
    now = await measured(run)
    ages = [now.pop("oldest generating"), now.pop("oldest queued")]
    assert now == {"generating": 1, "queued": 1}
    assert all(300 <= age < 400 for age in ages)
    fal.complete(request_id, small_video())
    await run.finished(first)
    assert (await measured(run)).keys() == {"queued", "oldest queued"}


async def test_a_job_whose_answer_was_lost_counts_as_unconfirmed(
    public_settings: Settings, fal: FalStandIn
) -> None:
    async with running(public_settings, fal) as run:
        await run.submitted()
        fal.faults.add("submit", Drop(after_effect=True))
        await run.submitted()
        now = await measured(run)
        assert (now["submitting"], now["queued"], now["video_jobs_unconfirmed"]) == (1, 1, 1)


async def test_a_video_that_cannot_be_fetched_yet_counts_as_a_waiting_delivery(
    run: Running, fal: FalStandIn
) -> None:
    job_id = await run.submitted()
    fal.complete(fal.newest, small_video())
    fal.faults.add("media", NO_VIDEO)
    await run.status(job_id)
    await run.wait_for_background()
    assert (await measured(run))["video_deliveries_waiting"] == 1


async def test_at_most_a_bounded_number_of_rows_is_read(
    run: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(unfinished_jobs, "MOST", 2)
    for _ in range(3):
        await run.submitted()
    assert (await measured(run))["queued"] == 2


async def test_jobs_that_have_ended_are_not_read(run: Running) -> None:
    plan = await run.rows(f"{unfinished_jobs._UNFINISHED} EXPLAIN", most=5)
    assert "video_job_due" in str(plan)


async def test_the_loop_goes_on_while_the_database_is_away(
    settings: Settings, fal: FalStandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(unfinished, "INTERVAL", 0)
    away = FailingSeam(DatabaseUnavailable(), "db.query")
    async with running(settings, fal) as run:
        monkeypatch.setattr(run.service.database, "_seam", away)
        await UnfinishedGauges(run.service.database).run()
        assert away.failed
