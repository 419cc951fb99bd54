"""Whatever fails while a start image is kept costs only the picture, and leaves none behind."""

import asyncio
import gc
import logging
from pathlib import Path
from threading import Event
from typing import Any

import pytest

from app.errors import StorageUnavailable
from app.jobs import kept_start_images
from app.problems import DatabaseUnavailable
from app.storage.local_files import LocalFiles
from tests.support.crashes import Lives, without_waiting
from tests.support.database_failures import raising_sdk
from tests.support.kept_start_images import hold, kept, lost, objects, row_of
from tests.support.memory import allocated
from tests.support.seams import CallFault
from tests.support.service import Running, png
from tests.support.stand_ins.fal import FalStandIn
from tests.support.stand_ins.videos import small_video

LOST = "Its start image is not kept"


async def test_a_storage_that_is_away_costs_only_the_picture_and_is_logged_once(
    run: Running, fal: FalStandIn, caplog: pytest.LogCaptureFixture
) -> None:
    before, away = lost(), run.lose_storage()
    jobs = [await run.submitted() for _ in range(3)]
    assert [await kept(run, job_id) for job_id in jobs] == [None] * 3
    logged = [record for record in caplog.records if LOST in record.message]
    assert [record.levelno for record in logged] == [logging.WARNING]
    assert lost() == before + 3
    run.service.settings.storage_dir.unlink()
    away.rename(run.service.settings.storage_dir)
    for request_id in fal.requests:
        fal.complete(request_id, small_video())
    for job_id in jobs:
        assert (await run.finished(job_id))["status"] == "completed"
    again = await run.submitted()
    assert await kept(run, again) == png()


async def test_while_no_address_can_be_signed_an_unfinished_job_is_shown_without_its_picture(
    run: Running,
) -> None:
    job_id = await run.submitted()
    assert await kept(run, job_id)
    run.service.settings.storage_dir.joinpath(".signing-key").unlink()
    away = run.lose_storage()
    assert "startImageUrl" not in await run.status(job_id)
    run.service.settings.storage_dir.unlink()
    away.rename(run.service.settings.storage_dir)


async def test_a_storage_that_hangs_delays_no_answer_and_the_backlog_is_bounded(
    run: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    reached, released = 0, asyncio.Event()

    async def hang() -> None:
        nonlocal reached
        reached += 1
        await released.wait()

    hold(run, monkeypatch, hang)
    monkeypatch.setattr(run.service.lifecycle._start_images._backlog, "_per_owner", 3 * 1024 * 1024)
    before = lost()
    for user in ("ada", "bob"):
        async with asyncio.timeout(20):
            jobs = [await run.submitted(user=user) for _ in range(5)]
        assert "startImageUrl" not in await run.status(jobs[0], user=user)
    assert lost() == before + 4, "each user has room for three"
    assert reached == kept_start_images.CONCURRENT
    released.set()
    await run.wait_for_background()
    assert len(objects(run)) == 6
    assert list(run.service.lifecycle._start_images._scratch.iterdir()) == []


async def test_images_that_wait_for_the_storage_are_not_in_memory(
    run: Running, fal: FalStandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    released = asyncio.Event()
    hold(run, monkeypatch, released.wait)
    image = png() + bytes(3_000_000)
    await run.submitted(user="first", image=image)

    def held() -> int:
        fal.calls.clear()
        fal.uploads.clear()
        fal.media.clear()
        gc.collect()  # httpx's answers refer to themselves
        return allocated()

    before = held()
    try:
        for n in range(12):
            await run.submitted(user=f"user-{n % 4}", image=image)
        assert held() - before < len(image)
    finally:
        released.set()
    await run.wait_for_background()
    assert len(objects(run)) == 13


async def test_a_disk_that_hangs_delays_a_submit_briefly_and_holds_no_image_of_the_next(
    run: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    released, before = Event(), lost()
    waiting: list[kept_start_images._Waiting] = []
    write = kept_start_images._Waiting.write

    def slow(image: kept_start_images._Waiting) -> str | None:
        waiting.append(image)
        released.wait(30)
        return write(image)

    monkeypatch.setattr(kept_start_images, "WRITE_PATIENCE", 0.01)
    monkeypatch.setattr(kept_start_images._Waiting, "write", slow)
    jobs = [await run.submitted() for _ in range(4)]
    assert len(waiting) == kept_start_images.CONCURRENT_WRITES
    assert [image.data for image in waiting] == [None] * 2
    released.set()
    assert [await kept(run, job_id) for job_id in jobs] == [None] * 4
    assert lost() == before + 4


async def test_a_full_scratch_disk_costs_only_the_picture(
    run: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_image: object) -> str:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(kept_start_images._Waiting, "write", full)
    assert await kept(run, await run.submitted()) is None


async def cancel_and_delete(run: Running) -> None:
    """Cancel the only job and delete it, as an erasure does."""
    (job_id,) = await run.rows("SELECT VALUE record::id(id) FROM video_job")
    await run.cancel(job_id)
    assert (await run.status(job_id))["status"] == "cancelled"
    await run.rows("RETURN fn::deletion::begin(fn::video_job::get($job)).id", job=job_id)


async def test_an_image_stored_while_its_job_is_deleted_is_deleted_as_well(
    run: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    reached, released = asyncio.Event(), asyncio.Event()

    async def hang() -> None:
        reached.set()
        await released.wait()

    hold(run, monkeypatch, hang)
    job_id = await run.submitted()
    await reached.wait()
    await cancel_and_delete(run)
    released.set()
    assert await kept(run, job_id) is None
    assert objects(run) == []


async def test_the_record_is_repeated_while_the_database_is_away(
    run: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    record, failures = run.service.store.start_image_stored, [DatabaseUnavailable()] * 2

    async def failing(job_id: str) -> Any:
        if failures:
            raise failures.pop()
        return await record(job_id)

    monkeypatch.setattr(run.service.store, "start_image_stored", failing)
    assert await kept(run, await run.submitted()) == png()
    assert failures == []


@pytest.mark.parametrize(
    ("name", "fault", "is_shown"),
    [
        ("storage.put", CallFault.DIES_BEFORE, False),
        ("storage.put", CallFault.DIES_AFTER, False),
        ("storage.put", CallFault.LOSES_ANSWER, False),
        ("db.video_job::start_image_stored", CallFault.DIES_BEFORE, False),
        ("db.video_job::start_image_stored", CallFault.DIES_AFTER, True),
        ("db.video_job::start_image_stored", CallFault.LOSES_ANSWER, True),
    ],
)
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
async def test_a_fault_at_any_point_leaves_no_object_that_no_row_names(
    migrated_folder: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    fal: FalStandIn,
    name: str,
    fault: CallFault,
    is_shown: bool,  # noqa: FBT001 from the table
) -> None:
    without_waiting(monkeypatch)
    jobs: list[str] = []

    async def submit(run: Running) -> None:
        jobs.append(await run.submitted())

    sdk = raising_sdk(monkeypatch)
    async with Lives.on_copy(migrated_folder, tmp_path, fal, sdk) as lives:
        await lives.step(submit)  # the next one finds the catalogue loaded
        calls = await lives.step(submit)
        jobs.clear()
        await lives.step(submit, {calls.index(name): fault})
        run = await lives.begin()
        assert run is not None
        (job_id,) = jobs
        assert (await kept(run, job_id) is not None) is is_shown
        key, is_stored = await row_of(run, job_id)
        assert is_stored is is_shown
        assert key == f"users/ada/start/{job_id}.png"
        named = await run.rows("SELECT VALUE start_key FROM video_job")
        assert {str(path.relative_to(lives.settings.storage_dir)) for path in objects(run)} <= set(
            named
        )
        assert await run.audit() == []


async def test_an_object_that_cannot_be_deleted_is_left_to_the_deletion(
    run: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def delete(_files: LocalFiles, _key: str) -> None:
        raise StorageUnavailable("away")

    hold(run, monkeypatch, lambda: cancel_and_delete(run))
    with monkeypatch.context() as away:
        away.setattr(LocalFiles, "delete", delete)
        assert await kept(run, await run.submitted()) is None
        assert len(objects(run)) == 1
    await run.service.deletions.once()
    assert objects(run) == []
