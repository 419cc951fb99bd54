"""A start image never outlives its deletion, whenever the process dies and whichever is first."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from app import times
from app.jobs import kept_start_images
from tests.support.clock import set_clock_ahead
from tests.support.crashes import Faults, Lives, without_waiting
from tests.support.database_failures import raising_sdk
from tests.support.deletions import SECOND_ROUND
from tests.support.kept_start_images import hold, lost, objects
from tests.support.seams import DEATHS
from tests.support.service import Running
from tests.support.stand_ins.fal import FalStandIn

STORING = {"db.video_job::get", "storage.put", "db.video_job::start_image_stored"}
"""The calls that store a start image."""

Order = Callable[[Running, pytest.MonkeyPatch], Awaitable[None]]


async def delete_job(run: Running) -> None:
    """Delete the unfinished job, if there is one, as an erasure does; its objects a first time."""
    for job in await run.rows("SELECT VALUE record::id(id) FROM video_job WHERE due_at != NONE"):
        await run.rows("RETURN fn::video_job::cancelled($job, NONE).id", job=job)
        await run.rows("RETURN fn::deletion::begin(fn::video_job::get($job)).id", job=job)
    await run.service.deletions.once()


@asynccontextmanager
async def waiting(run: Running) -> AsyncIterator[None]:
    """Let start images wait on disk while the body runs."""
    places = run.service.lifecycle._start_images._places
    for _ in range(kept_start_images.CONCURRENT):
        await places.acquire()
    try:
        yield
    finally:
        for _ in range(kept_start_images.CONCURRENT):
            places.release()


async def deleted_while_it_waits(run: Running, _monkeypatch: pytest.MonkeyPatch) -> None:
    """Both rounds of the deletion are over before the image is stored."""
    async with waiting(run):
        await run.submit()
        await delete_job(run)
        await set_clock_ahead(run.service.database, SECOND_ROUND)
        await run.service.deletions.once()
        await set_clock_ahead(run.service.database, 0)


async def deleted_while_it_is_stored(run: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    """The first round of the deletion is over before the storage has the image."""
    with monkeypatch.context() as patched:
        hold(run, patched, lambda: delete_job(run))
        await run.submit()
        await run.wait_for_background()


@pytest.fixture(autouse=True)
def _no_job_is_fresh(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let each image ask whether its job is deleted, as one that has waited for long."""
    monkeypatch.setattr(times, "START_IMAGE_FRESH", 0.0)


@pytest.mark.parametrize("order", [deleted_while_it_waits, deleted_while_it_is_stored])
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
async def test_a_death_at_any_call_leaves_no_object_of_a_deleted_job(
    migrated_folder: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    fal: FalStandIn,
    order: Order,
) -> None:
    without_waiting(monkeypatch)
    sdk = raising_sdk(monkeypatch)
    async with Lives.on_copy(migrated_folder, tmp_path, fal, sdk) as lives:

        async def play(faults: Faults) -> list[str]:
            calls = await lives.step(lambda run: order(run, monkeypatch), faults)
            await lives.step(delete_job)
            await lives.recover()
            run = await lives.begin()
            assert run is not None
            assert await run.audit() == [], faults
            assert objects(run) == [], faults
            return calls

        await play({})  # the next one finds the catalogue loaded
        calls = await play({})
        assert "storage.delete" in calls
        for number, name in enumerate(calls):
            if name in STORING:
                for death in DEATHS:
                    await play({number: death})


async def test_the_image_of_a_job_that_was_deleted_meanwhile_is_not_sent_to_the_storage(
    run: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent: list[None] = []

    async def note() -> None:
        sent.append(None)

    hold(run, monkeypatch, note)
    before = lost()
    await deleted_while_it_waits(run, monkeypatch)
    await run.wait_for_background()
    assert (sent, lost()) == ([], before)


async def test_a_storage_that_takes_too_long_costs_only_the_picture(
    run: Running, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(times, "START_IMAGE_PUT", 0.05)
    hold(run, monkeypatch, asyncio.Event().wait)
    before = lost()
    await run.submitted()
    await run.wait_for_background()
    assert lost() == before + 1
    assert "Its start image is not kept: The storage hangs." in caplog.text
    assert objects(run) == []
