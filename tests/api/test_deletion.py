"""Deleting a video over HTTP: what its user, other users and other processes see of it."""

import asyncio
from pathlib import Path

import pytest

from app import times
from app.jobs import snapshots
from app.storage.local_files import LocalFiles
from tests.support.clock import Clock
from tests.support.database import migrated, settings_of, surreal_server
from tests.support.deletions import completed, delete, objects
from tests.support.event_streams import open_stream
from tests.support.job_rows import stored_row
from tests.support.refusals import assert_problem
from tests.support.service import Running, over_a_socket, running, settings_for
from tests.support.stand_ins.fal import FalStandIn
from tests.support.stand_ins.videos import small_video

ADDRESSES = {"url", "downloadUrl", "posterUrl", "startImageUrl", "key"}


async def test_deleted_video_leaves_the_library_and_its_objects_follow(
    run: Running, fal: FalStandIn
) -> None:
    deleted, kept = await completed(run, fal), await completed(run, fal)
    before = await run.status(deleted)
    addresses = [before[name] for name in ("url", "posterUrl", "startImageUrl")]
    assert [(await run.client.get(each)).status_code for each in addresses] == [200] * 3
    answer = await delete(run, deleted)
    assert (answer.status_code, answer.content) == (204, b"")
    assert [video["jobId"] for video in (await run.library())["videos"]] == [kept]
    assert len(await objects(run, deleted)) == 3
    await run.service.deletions.once()
    assert await objects(run, deleted) == []
    assert [(await run.client.get(each)).status_code for each in addresses] == [404] * 3
    assert len(await objects(run, kept)) == 3


async def test_job_and_ledger_stay_without_addresses(run: Running, fal: FalStandIn) -> None:
    job_id = await completed(run, fal)
    before, money = await run.status(job_id), await run.money()
    await delete(run, job_id)
    after = await run.status(job_id)
    assert after.pop("deletedAt") > before["completedAt"]
    assert not ADDRESSES & after.keys()
    changed = {"updatedAt", *ADDRESSES}
    facts = {name: value for name, value in before.items() if name not in changed}
    assert {name: value for name, value in after.items() if name not in changed} == facts
    assert await run.money() == money


async def test_repeated_deletions_answer_alike_and_change_nothing(
    run: Running, fal: FalStandIn
) -> None:
    job_id = await completed(run, fal)
    answers = await asyncio.gather(*(delete(run, job_id) for _ in range(10)))
    assert {answer.status_code for answer in answers} == {204}
    once = await stored_row(run, job_id)
    assert (await delete(run, job_id)).status_code == 204
    assert await stored_row(run, job_id) == once
    assert len(await run.rows("SELECT * FROM deletion")) == 1


async def test_foreign_missing_and_unlisted_videos_are_not_found(
    run: Running, fal: FalStandIn
) -> None:
    job_id, unfinished = await completed(run, fal), await run.submitted()
    refused = [await delete(run, job_id, user="eve"), await delete(run, "no-such-job", user="eve")]
    refused += [await delete(run, each) for each in (unfinished, "%20", "x" * 300)]
    for answer in refused:
        assert_problem(answer, 404, "video_not_found")
    assert (await run.client.delete(f"/api/library/{job_id}")).status_code == 401
    assert len((await run.library())["videos"]) == 1


async def test_deletion_ends_the_share(run: Running, fal: FalStandIn) -> None:
    job_id = await completed(run, fal)
    await run.rows("CREATE share:token SET job = $job", job=job_id)
    await run.rows("UPDATE library_video SET share = 'token'")
    await delete(run, job_id)
    assert await run.rows("SELECT * FROM share") == []
    assert await run.rows("SELECT VALUE share FROM library_video") == [None]


async def test_open_stream_shows_the_deletion_of_a_job_that_it_has_shown(
    run: Running, fal: FalStandIn
) -> None:
    async with over_a_socket(run) as address, open_stream(address) as stream:
        job_id = await completed(run, fal)
        await stream.until(status="completed")
        await delete(run, job_id)
        event = await stream.event()
        assert "deletedAt" in event
        assert not ADDRESSES & event.keys()


async def test_other_process_shows_the_deletion_within_half_a_minute_without_asking_fal(
    tmp_path: Path, fal: FalStandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(snapshots, "FRESH", 0.0)
    monkeypatch.setattr(times, "SWEEP_INTERVAL", 3600.0)
    with surreal_server(tmp_path / "server") as server:
        async with migrated(server.address("video")):
            pass
        settings = settings_for(
            "", tmp_path / "storage", fal_key=FalStandIn.key, **settings_of(server.address("video"))
        )
        async with running(settings, fal) as one, running(settings, fal) as other:
            clock = Clock()
            monkeypatch.setattr(other.service.lifecycle._snapshots, "_clock", clock)
            job_id = await completed(one, fal)
            assert "url" in await other.status(job_id)
            asked = fal.count("status")
            await delete(one, job_id)
            clock.now += snapshots.FRESH_AT_END
            for _ in range(3):
                status = await other.status(job_id)
                assert "deletedAt" in status
                assert not ADDRESSES & status.keys()
            assert fal.count("status") == asked
            assert (await other.library())["videos"] == []


async def test_late_delivery_of_a_worker_that_lost_its_lease_deletes_what_it_stored(
    run: Running, fal: FalStandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It stores the same bytes once more, after another worker's video was deleted."""
    storage, late = run.service.storage, asyncio.Event()
    assert isinstance(storage, LocalFiles)
    put, reached = storage._put, asyncio.Event()

    async def slow_put(key: str, *given: object, **also: object) -> None:
        if key.endswith(".mp4") and not reached.is_set():
            reached.set()
            await late.wait()
        await put(key, *given, **also)  # type: ignore[arg-type]

    monkeypatch.setattr(storage, "_put", slow_put)
    job_id = await run.submitted()
    await run.wait_for_background()
    fal.complete(fal.newest, small_video())
    await run.status(job_id)
    await reached.wait()
    await run.rows("UPDATE video_job SET lease = NONE, due_at = time::now()")
    (zombie,) = run.service.background.tasks
    run.service.background._tasks.clear()
    await run.service.sweep.once()
    await run.finished(job_id)
    await delete(run, job_id)
    await run.service.deletions.once()
    assert await objects(run, job_id) == []
    late.set()
    await asyncio.wait({zombie})
    assert await objects(run, job_id) == []
