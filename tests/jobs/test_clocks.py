"""A database's clock that was a day ahead and has been set back delays nobody."""

import pytest

from app.database.deletion_store import DeletionStore
from app.database.erasure_store import ErasureStore
from app.database.unfinished_jobs import read_unfinished
from tests.support.clock import pass_time, set_clock_ahead
from tests.support.ledger import CHARGED, RELEASED
from tests.support.refusals import assert_problem
from tests.support.service import Running
from tests.support.stand_ins.fal import FalStandIn
from tests.support.stand_ins.videos import small_video

DAY = 24 * 3600


async def test_unwatched_job_is_delivered_although_it_was_due_tomorrow(
    run: Running, fal: FalStandIn
) -> None:
    await set_clock_ahead(run.service.database, DAY)
    job_id = await run.submitted()
    fal.complete(fal.newest, small_video())
    await pass_time(run, 0)
    assert (await run.status(job_id))["status"] == "completed"
    assert await run.money() == CHARGED


async def test_lease_of_tomorrow_does_not_block_a_delivery(run: Running, fal: FalStandIn) -> None:
    job_id = await run.submitted()
    day = (await run.status(job_id))["createdAt"][:10]
    base = f"users/ada/library/{day}-night-life-roller"
    await set_clock_ahead(run.service.database, DAY)
    await run.service.database.call("video_job::claim", job_id, "a dead process", 20, base)
    fal.complete(fal.newest, small_video())
    await pass_time(run, 0)
    assert (await run.status(job_id))["status"] == "completed"


async def test_retry_time_of_tomorrow_does_not_block_a_delivery(
    run: Running, fal: FalStandIn
) -> None:
    job_id = await run.submitted()
    fal.complete(fal.newest, small_video())
    folder, away = run.service.settings.storage_dir, run.lose_storage()
    await set_clock_ahead(run.service.database, DAY)
    await run.status(job_id)
    await run.wait_for_background()
    folder.unlink()
    away.rename(folder)
    await pass_time(run, 0)
    assert (await run.status(job_id))["status"] == "completed"


async def test_nobody_is_rate_limited_for_the_difference(run: Running) -> None:
    await set_clock_ahead(run.service.database, DAY)
    while (answer := await run.submit()).is_success:
        await run.cancel(answer.json()["jobId"])
    assert_problem(answer, 429, "rate_limited")
    await set_clock_ahead(run.service.database, 0)
    await run.submitted()


@pytest.mark.parametrize("hours", [25, 49])
async def test_deadline_of_tomorrow_counts_from_now(
    run: Running, fal: FalStandIn, hours: int
) -> None:
    await set_clock_ahead(run.service.database, hours * 3600)
    job_id = await run.submitted()
    await pass_time(run, 0)
    await pass_time(run, DAY - 300)
    assert (await run.status(job_id))["status"] == "pending"
    await pass_time(run, DAY + 60)
    assert (await run.status(job_id))["error"]["code"] == "deadline_exceeded"
    assert await run.money() == RELEASED
    assert fal.count("cancel") == 1


@pytest.mark.unaudited  # the deletion is of no video
async def test_what_began_tomorrow_has_no_age_yet(run: Running) -> None:
    database = run.service.database
    await set_clock_ahead(database, DAY)
    await run.submitted()
    await run.wait_for_background()  # keeps the start image, at this time too
    await run.rows("DEFINE FIELD OVERWRITE created_at ON video_job TYPE datetime")
    await run.rows("UPDATE video_job SET created_at = fn::clock::now()")
    await database.query(
        "CREATE deletion:gone SET user = 'ada', left = ['key'], left_since = fn::clock::now(), "
        "rounds = 0, attempts = 0, due_at = fn::clock::now()"
    )
    await database.query(
        "CREATE erasure:ada SET requested_at = fn::clock::now(), due_at = fn::clock::now()"
    )
    await set_clock_ahead(database, 0)
    assert [each.oldest for each in await read_unfinished(database)] == [0]
    assert await DeletionStore(database).waiting() == (1, 0.0)
    assert await ErasureStore(database).oldest() == 0.0
