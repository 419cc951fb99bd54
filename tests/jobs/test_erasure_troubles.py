"""Erasures meet outages, races and rows that cannot be changed, and go on until nothing is left."""

import asyncio
from pathlib import Path
from unittest import mock

import pytest

from app.errors import StorageUnavailable
from app.telemetry.metrics import ERASURE_AGE
from tests.support.clock import set_clock_ahead
from tests.support.deletions import carry_on, completed, erase, objects, progress
from tests.support.job_rows import stored_row
from tests.support.service import Running
from tests.support.stand_ins.fal import FalStandIn
from tests.support.stand_ins.fal_faults import Answer
from tests.support.stand_ins.videos import small_video


@pytest.mark.parametrize("status", ["completed", "failed", "cancelled"])
async def test_start_image_that_is_being_stored_meanwhile_is_deleted(
    run: Running, fal: FalStandIn, monkeypatch: pytest.MonkeyPatch, status: str
) -> None:
    stored: list[Path] = []
    released = asyncio.Event()
    put = run.service.storage.put

    async def late(key: str, source: Path, *, sha256: str, owner: str) -> None:
        if "/start/" in key:
            await released.wait()
            stored.append(run.service.settings.storage_dir / key)
        await put(key, source, sha256=sha256, owner=owner)

    monkeypatch.setattr(run.service.storage, "put", late)
    job_id = await run.submitted()
    match status:
        case "completed":
            fal.complete(fal.newest, small_video())
        case "failed":
            fal.fail(fal.newest)
        case _:
            await run.cancel(job_id)
    await run.status(job_id)
    for task in run.service.background.tasks:
        if task.get_name().startswith("deliver"):
            await asyncio.wait({task})
    await erase(run)
    await run.service.erasures.once()
    await run.service.deletions.once()
    row = await stored_row(run, job_id)
    assert (row["status"], bool(row["deleted_at"])) == (status, True)
    assert stored == []
    released.set()
    await run.wait_for_background()
    assert [path.exists() for path in stored] == [False]
    await carry_on(run, 1)
    assert (await stored_row(run, job_id)).get("start_stored") is None
    assert await progress(run) == (True, 0)


async def test_it_waits_for_a_storage_that_is_away(run: Running, fal: FalStandIn) -> None:
    job_id = await completed(run, fal)
    away = StorageUnavailable("R2 cannot be reached")
    with mock.patch.object(run.service.storage, "delete", side_effect=away):
        await erase(run)
        await carry_on(run, 3600)
        assert await progress(run) == (False, 1)
        assert ERASURE_AGE._value.get() >= 3600
        assert await run.audit() == []
    await carry_on(run, 2 * 3600)
    assert await progress(run) == (True, 0)
    assert await objects(run, job_id) == []


async def test_fal_that_is_away_holds_up_only_its_own_jobs(run: Running, fal: FalStandIn) -> None:
    done = await completed(run, fal)
    await run.submitted()
    fal.faults.add("cancel", Answer(500), times=2)
    await erase(run)
    await run.service.erasures.once()
    await run.service.deletions.once()
    assert await objects(run, done) == []
    assert await progress(run) == (False, 1)
    await carry_on(run, 120, rounds=5)
    assert await progress(run) == (True, 0)


async def test_job_that_cannot_be_erased_holds_up_no_other_user(
    run: Running, fal: FalStandIn
) -> None:
    await completed(run, fal)
    await completed(run, fal, user="eve")
    erase_jobs = run.service.store.erase

    async def fails_for_one(user: str, jobs: list[str]) -> int:
        if user == "ada":
            raise ZeroDivisionError
        return await erase_jobs(user, jobs)

    with mock.patch.object(run.service.store, "erase", fails_for_one):
        for user in ("ada", "eve"):
            await erase(run, user)
        await carry_on(run, 1)
        assert await progress(run, "eve") == (True, 0)
        assert await progress(run) == (False, 1)
    await carry_on(run, 200)
    assert await progress(run) == (True, 0)


@pytest.mark.unaudited  # the clock is set back
async def test_erasure_of_a_clock_that_was_ahead_goes_on(run: Running, fal: FalStandIn) -> None:
    await completed(run, fal)
    await set_clock_ahead(run.service.database, 24 * 3600)
    await erase(run)
    await run.service.erasures.once()
    await set_clock_ahead(run.service.database, 0)
    await run.service.deletions.once()
    await run.service.erasures.once()
    assert await progress(run) == (True, 0)


@pytest.mark.unaudited  # the audit cannot read the row
async def test_time_that_no_driver_can_read_does_not_hold_up_the_others(
    run: Running, fal: FalStandIn
) -> None:
    for user in ("ada", "eve"):
        await completed(run, fal, user=user)
        await erase(run, user)
    await run.rows("UPDATE erasure:ada SET requested_at = d'+12000-01-01T00:00:00Z' RETURN NONE")
    await carry_on(run, 1)
    await carry_on(run, 200)
    assert await progress(run, "eve") == await progress(run) == (True, 0)
