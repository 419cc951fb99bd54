"""The loop that deletes objects: storages that are away, late objects, several processes."""

import asyncio
from dataclasses import replace
from unittest import mock

import pytest

from app import times
from app.database.deletion_store import DeletionStore
from app.errors import StorageUnavailable
from app.jobs.deletions import Deletions
from app.problems import DatabaseUnavailable
from app.telemetry.metrics import DELETION_AGE, DELETIONS, DELETIONS_WAITING
from tests.support.clock import set_clock_ahead
from tests.support.deletions import (
    SECOND_ROUND,
    carry_on,
    completed,
    delete,
    objects,
)
from tests.support.service import Running
from tests.support.stand_ins.fal import FalStandIn

AWAY = StorageUnavailable("R2 cannot be reached")


def failures() -> float:
    count: float = DELETIONS.labels("failed")._value.get()
    return count


async def test_objects_follow_when_the_storage_is_back(run: Running, fal: FalStandIn) -> None:
    job_id = await completed(run, fal)
    before = failures()
    with mock.patch.object(run.service.storage, "delete", side_effect=AWAY):
        await delete(run, job_id)
        assert (await run.library())["videos"] == []
        for hours in range(1, 4):
            await set_clock_ahead(run.service.database, hours * 3600)
            assert await run.service.deletions.once() == 1
            assert await run.service.deletions.once() == 0, "it is not tried again at once"
            assert await run.audit() == []
    assert failures() == before + 3
    assert DELETIONS_WAITING._value.get() == 1
    assert 3 * 3600 <= DELETION_AGE._value.get() < 4 * 3600
    await set_clock_ahead(run.service.database, 4 * 3600)
    await run.service.deletions.once()
    assert await objects(run, job_id) == []
    assert (DELETIONS_WAITING._value.get(), DELETION_AGE._value.get()) == (0, 0)


async def test_waits_between_two_attempts_grow_up_to_five_minutes(
    run: Running, fal: FalStandIn
) -> None:
    await delete(run, await completed(run, fal))
    waits = []
    with mock.patch.object(run.service.storage, "delete", side_effect=AWAY):
        for hours in range(1, 10):
            await set_clock_ahead(run.service.database, hours * 3600)
            assert await run.service.deletions.once() == 1
            waits += await run.rows(
                "SELECT VALUE duration::secs(due_at - fn::clock::now()) FROM deletion"
            )
    assert waits[0] <= 6
    assert 200 < waits[-1] <= 345


@pytest.mark.parametrize("error", [AWAY, PermissionError("locked")])
async def test_object_that_cannot_be_deleted_holds_up_no_other_and_is_recorded_as_left(
    run: Running, fal: FalStandIn, error: Exception
) -> None:
    job_id = await completed(run, fal)
    gone = run.service.storage.delete

    async def without_videos(key: str) -> None:
        if key.endswith(".mp4"):
            raise error
        await gone(key)

    await delete(run, job_id)
    with mock.patch.object(run.service.storage, "delete", without_videos):
        await run.service.deletions.once()
    (left,) = await run.rows("SELECT VALUE left FROM deletion")
    found = await objects(run, job_id)
    assert [run.service.settings.storage_dir / key for key in left] == found
    assert [path.suffix for path in found] == [".mp4"]
    await carry_on(run, 60)


async def test_storage_that_hangs_is_given_up_and_holds_up_no_other_object(
    run: Running, fal: FalStandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(times, "DELETION_PATIENCE", 0.05)
    hanging, other = await completed(run, fal), await completed(run, fal)
    (key,) = await run.rows(
        "SELECT VALUE video_key FROM type::record('video_job', $job)", job=hanging
    )
    gone = run.service.storage.delete

    async def hangs_for_one(given: str) -> None:
        if given == key:
            await asyncio.Event().wait()
        await gone(given)

    for job_id in (hanging, other):
        await delete(run, job_id)
    monkeypatch.setattr(run.service.storage, "delete", hangs_for_one)
    await run.service.deletions.once()
    assert [path.suffix for path in await objects(run, hanging)] == [".mp4"]
    assert await objects(run, other) == []


async def test_object_that_is_stored_after_the_deletion_is_deleted_some_minutes_later(
    run: Running, fal: FalStandIn
) -> None:
    """A worker that lost its lease was stopped while it stored the same video."""
    job_id = await completed(run, fal)
    contents = {path: path.read_bytes() for path in await objects(run, job_id)}
    assert {path.suffix for path in contents} == {".mp4", ".jpg", ".png"}
    await delete(run, job_id)
    await run.service.deletions.once()
    assert await objects(run, job_id) == []
    for path, content in contents.items():
        path.write_bytes(content)
    assert await run.service.deletions.once() == 0
    assert await run.audit() == [], "it will be deleted"
    await set_clock_ahead(run.service.database, SECOND_ROUND)
    assert await run.service.deletions.once() == 1
    assert not any(path.exists() for path in contents)
    assert await run.rows("SELECT VALUE due_at FROM deletion") == [None]


async def test_start_image_that_a_dead_process_stored_but_did_not_record_is_deleted(
    run: Running, fal: FalStandIn
) -> None:
    job_id = await completed(run, fal)
    await run.rows("UPDATE video_job SET start_stored = NONE")
    await run.rows("UPDATE library_video SET start_key = NONE")
    assert len(await objects(run, job_id)) == 3
    await delete(run, job_id)
    await run.service.deletions.once()
    assert await objects(run, job_id) == []


@pytest.mark.unaudited  # the clock is set back
async def test_due_time_of_a_clock_that_was_ahead_counts_as_passed(
    run: Running, fal: FalStandIn
) -> None:
    await set_clock_ahead(run.service.database, 24 * 3600)
    job_id = await completed(run, fal)
    await delete(run, job_id)
    await set_clock_ahead(run.service.database, 0)
    assert await run.service.deletions.once() == 1
    assert await objects(run, job_id) == []


async def test_each_deletion_is_given_to_one_process_and_recorded_once(
    run: Running, fal: FalStandIn
) -> None:
    for _ in range(3):
        await delete(run, await completed(run, fal))
    store = DeletionStore(run.service.database)
    taken = await asyncio.gather(*(store.take_due(10) for _ in range(5)))
    due = [each for some in taken for each in some]
    assert len({each.job_id for each in due}) == len(due) == 3
    for each in due:
        await store.done(each, [])
    before = await run.rows("SELECT * FROM deletion")
    for each in due:
        await store.done(each, each.keys)
        await store.done(replace(each, round=7), [])
    assert await run.rows("SELECT * FROM deletion") == before
    await run.rows("UPDATE deletion SET rounds = 0, due_at = time::now()")
    await run.service.deletions.once()


async def test_deletion_that_cannot_be_carried_out_holds_up_no_other(
    run: Running, fal: FalStandIn
) -> None:
    odd, well = await completed(run, fal), await completed(run, fal)
    (path, *_) = await objects(run, odd)
    gone = run.service.storage.delete

    async def fails_for_one(key: str) -> None:
        if path.name == key.rpartition("/")[2]:
            raise ZeroDivisionError
        await gone(key)

    for job_id in (odd, well):
        await delete(run, job_id)
    with mock.patch.object(run.service.storage, "delete", fails_for_one):
        await run.service.deletions.once()
    assert await objects(run, well) == []
    assert path in await objects(run, odd)
    await carry_on(run, 60)
    assert await objects(run, odd) == []


async def test_database_that_is_away_ends_no_loop(run: Running) -> None:
    class Away(DeletionStore):
        async def due(self, limit: int) -> list[str]:
            raise DatabaseUnavailable(str(limit))

    assert await Deletions(Away(run.service.database), run.service.storage).once() == 0


@pytest.mark.unaudited  # one of the two jobs is deleted by hand
async def test_video_that_two_jobs_of_the_replaced_stack_share_is_kept_for_the_other(
    run: Running, fal: FalStandIn
) -> None:
    job_id = await completed(run, fal)
    (video, poster, start_image) = await objects(run, job_id)
    await run.rows(
        "CREATE video_job:old SET user = 'ada', user_email = 'ada', template_slug = 's', "
        "fal_model = 'm', status = 'completed', video_key = type::record('video_job', $job)"
        ".video_key",
        job=job_id,
    )
    await delete(run, job_id)
    await run.service.deletions.once()
    assert (video.exists(), poster.exists(), start_image.exists()) == (True, True, False)
    await run.rows("UPDATE video_job:old SET deleted_at = time::now()")
    await run.rows("UPDATE deletion SET due_at = fn::clock::now()")
    await run.service.deletions.once()
    assert not video.exists()
