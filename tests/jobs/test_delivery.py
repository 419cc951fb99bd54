"""Delivering a video: failures of fal, the video's host, the decoder, the storage and the disk."""

import asyncio

import pytest

from app.settings import Settings
from tests.support.clock import pass_retries, pass_time
from tests.support.job_functions import BASE, VIDEO
from tests.support.ledger import CHARGED, HELD, RELEASED
from tests.support.seams import FailingSeam
from tests.support.service import Running, running
from tests.support.stand_ins.fal import FalStandIn
from tests.support.stand_ins.fal_faults import (
    NGINX_BAD_GATEWAY,
    NO_VIDEO,
    Answer,
    Drop,
    Fault,
    Truncate,
)
from tests.support.stand_ins.videos import small_video


@pytest.mark.parametrize(
    "url",
    [
        "https://evil.example/video.mp4",
        "http://v3.fal.media/files/video.mp4",
        "https://fal.media.evil.example/video.mp4",
        "https://127.0.0.1/video.mp4",
        "https://user@v3.fal.media/video.mp4",
        "file:///etc/passwd",
        "not a url",
    ],
)
async def test_video_on_a_foreign_host_is_never_fetched(
    run: Running, fal: FalStandIn, url: str
) -> None:
    job_id, request_id = await run.submitted(), fal.newest
    fal.complete(request_id, output={"video": {"url": url}})
    job = await run.finished(job_id)
    assert (job["status"], job["error"]["code"]) == ("failed", "video_rejected")
    assert fal.contacted_hosts == []
    assert fal.count("media") == 0
    assert await run.money() == RELEASED


async def test_redirect_to_a_foreign_host_is_not_followed(run: Running, fal: FalStandIn) -> None:
    job_id, request_id = await run.submitted(), fal.newest
    fal.complete(request_id, small_video())
    fal.faults.add("media", Answer(302, "", {"Location": "https://evil.example/x.mp4"}))
    job = await run.finished(job_id)
    assert (job["status"], job["error"]["code"]) == ("failed", "video_rejected")
    assert fal.contacted_hosts == []
    assert fal.count("media") == 1
    assert await run.money() == RELEASED


@pytest.mark.parametrize(
    "fault", [Truncate(), NO_VIDEO, Answer(500), Answer(403), Answer(200, b""), Drop()]
)
async def test_failed_download_is_retried(run: Running, fal: FalStandIn, fault: Fault) -> None:
    job_id, request_id = await run.submitted(), fal.newest
    fal.complete(request_id, small_video())
    fal.faults.add("media", fault)
    await run.status(job_id)
    await run.wait_for_background()
    assert (await run.status(job_id))["status"] == "processing"
    await pass_time(run, 30)
    assert (await run.finished(job_id))["status"] == "completed"
    assert fal.count("media") == 2
    assert await run.money() == CHARGED


async def test_fifth_failed_download_fails_the_job(run: Running, fal: FalStandIn) -> None:
    job_id, request_id = await run.submitted(), fal.newest
    fal.complete(request_id, small_video())
    fal.faults.add("media", NO_VIDEO, times=None)
    await pass_retries(run, job_id, times=7)
    job = await run.finished(job_id)
    assert (job["status"], job["error"]["code"]) == ("failed", "video_unavailable")
    assert fal.count("media") == 5
    assert await run.money() == RELEASED


async def test_video_that_cannot_be_decoded_fails_the_job(run: Running, fal: FalStandIn) -> None:
    job_id, request_id = await run.submitted(), fal.newest
    fal.complete(request_id, b"\0\0\0\x18ftypmp42" + bytes(2000))
    await pass_retries(run, job_id, times=7)
    assert (await run.status(job_id))["error"]["code"] == "video_unavailable"
    assert await run.money() == RELEASED


async def test_video_above_the_size_limit_fails_the_job(
    settings: Settings, fal: FalStandIn
) -> None:
    small = settings.model_copy(update={"max_video_bytes": 500})
    async with running(small, fal) as run:
        job_id, request_id = await run.submitted(), fal.newest
        fal.complete(request_id, small_video())
        await pass_retries(run, job_id, times=7)
        error = (await run.status(job_id))["error"]
        assert error["code"] == "video_unavailable"
        assert "500" in error["message"]
        assert await run.money() == RELEASED
        assert await run.audit() == []


@pytest.mark.parametrize("call", ["storage.put", "media.download"])
async def test_delivery_completes_after_a_full_disk_of_one_hour(
    settings: Settings, fal: FalStandIn, call: str
) -> None:
    outage = FailingSeam(OSError(28, "No space left on device"), call)
    async with running(settings, fal, seam=outage) as run:
        job_id, request_id = await run.submitted(), fal.newest
        fal.complete(request_id, small_video())
        await run.status(job_id)
        await run.wait_for_background()
        for minute in range(1, 60, 5):
            await pass_time(run, minute * 60)
        assert outage.failed >= 10
        assert (await run.status(job_id))["status"] == "processing"
        assert await run.money() == HELD
        outage.name = ""
        await pass_time(run, 3700)
        assert (await run.finished(job_id))["status"] == "completed"
        assert await run.money() == CHARGED


async def test_foreign_object_under_the_key_is_kept_and_the_next_key_is_used(
    run: Running, fal: FalStandIn
) -> None:
    job_id, request_id = await run.submitted(), fal.newest
    created = (await run.status(job_id))["createdAt"][:10]
    base = run.service.settings.storage_dir / "users/ada/library"
    base.mkdir(parents=True)
    foreign = base / f"{created}-night-life-roller.mp4"
    foreign.write_bytes(b"somebody else's")
    fal.complete(request_id, small_video())
    job = await run.finished(job_id)
    assert job["key"].endswith("-night-life-roller-2.mp4")
    assert foreign.read_bytes() == b"somebody else's"
    assert await run.money() == CHARGED


async def test_fault_in_a_delivery_is_retried_until_the_deadline_ends_the_job(
    settings: Settings, fal: FalStandIn
) -> None:
    faulty = FailingSeam(ZeroDivisionError(), "media.download")
    async with running(settings, fal, seam=faulty) as run:
        job_id, request_id = await run.submitted(), fal.newest
        fal.complete(request_id, small_video())
        await run.status(job_id)
        await run.wait_for_background()
        for hour in range(1, 24):
            await pass_time(run, hour * 3600)
        assert (await run.status(job_id))["status"] == "processing"
        assert await run.money() == HELD
        await pass_time(run, 24 * 3600 + 60)
        assert (await run.status(job_id))["status"] == "failed"
        assert await run.money() == RELEASED


async def test_alternating_troubles_fail_the_job_in_the_end(run: Running, fal: FalStandIn) -> None:
    job_id, request_id = await run.submitted(), fal.newest
    fal.complete(request_id, small_video())
    fal.faults.add("media", Answer(404), times=None)
    await run.status(job_id)
    await run.wait_for_background()
    for minute in range(1, 16):
        fal.faults.add("result", Answer(503), times=minute % 2)
        await pass_time(run, minute * 80)
    assert (await run.status(job_id))["status"] == "failed"
    assert await run.money() == RELEASED


@pytest.mark.parametrize(
    "fault",
    [
        *map(Answer, [404, 405, 408, 409, 425, 429, 500]),
        NGINX_BAD_GATEWAY,
        Drop(),
        Answer(200, "{"),
    ],
)
async def test_failed_result_is_retried(run: Running, fal: FalStandIn, fault: Fault) -> None:
    job_id, request_id = await run.submitted(), fal.newest
    fal.complete(request_id, small_video())
    fal.faults.add("result", fault)
    await run.status(job_id)
    await run.wait_for_background()
    assert (await run.status(job_id))["stage"] == "storing"
    await pass_time(run, 30)
    assert (await run.finished(job_id))["status"] == "completed"
    assert await run.money() == CHARGED


@pytest.mark.parametrize("status", [404, 409, 503])
async def test_result_that_fails_for_ten_minutes_fails_the_job(
    run: Running, fal: FalStandIn, status: int
) -> None:
    job_id, request_id = await run.submitted(), fal.newest
    fal.complete(request_id, small_video())
    fal.faults.add("result", Answer(status, {"detail": "runner gone"}), times=None)
    await run.status(job_id)
    await run.wait_for_background()
    for seconds in (*range(100, 600, 100), 590):
        await pass_time(run, seconds)
        assert (await run.status(job_id))["status"] == "processing"
    await pass_time(run, 700)
    job = await run.finished(job_id)
    assert job["error"] == {"code": "fal_unavailable", "message": "runner gone"}
    assert await run.money() == RELEASED


@pytest.mark.unaudited  # no process stores the video
async def test_process_without_a_free_slot_sees_the_delivery_of_another_process(
    run: Running, fal: FalStandIn
) -> None:
    job_id = await run.submitted()
    run.service.lifecycle._delivery._places = asyncio.Semaphore(0)
    fal.complete(fal.newest, small_video())
    assert (await run.status(job_id))["status"] == "pending"
    asked = fal.count("status")
    call = run.service.database.call
    await call("video_job::claim", job_id, "another", 20, BASE)
    await call("video_job::complete", job_id, "another", VIDEO)
    assert (await run.status(job_id))["status"] == "completed"
    assert fal.count("status") == asked
    for delivery in run.service.background.tasks:
        delivery.cancel()
