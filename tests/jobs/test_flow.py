"""A job from submit to library, against fal's wire format on a socket and both storages."""

import asyncio
import hashlib
import logging
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from app.settings import Settings
from tests.support.process import PATIENCE
from tests.support.s3 import s3_server
from tests.support.service import Running, png, running, settings_for
from tests.support.stand_ins.fal import FalStandIn
from tests.support.stand_ins.videos import small_video


@pytest.fixture(params=["files", "r2"])
async def stored(
    request: pytest.FixtureRequest,
    settings: Settings,
    fal: FalStandIn,
    tmp_path: Path,
    every_poll_asks_fal: None,  # noqa: ARG001 it changes how the service runs
) -> AsyncIterator[Running]:
    """The service with each of the two storages."""
    if request.param == "files":
        async with running(settings, fal) as run:
            yield run
        return
    (tmp_path / "s3").mkdir()
    with s3_server(tmp_path / "s3") as server:
        async with running(server.settings(settings), fal) as run:
            yield run


async def fetch(run: Running, url: str) -> httpx.Response:
    """Fetch as a browser does: from the service, or from the host of a presigned URL."""
    if url.startswith("/"):
        return await run.client.get(url)
    async with httpx.AsyncClient(timeout=PATIENCE) as browser:
        return await browser.get(url)


async def test_canvas_becomes_a_stored_charged_and_listed_video(
    stored: Running, fal: FalStandIn, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    image, video = png(colour="teal"), small_video(seed=1)

    answer = await stored.submit(image=image, variables={"headline": "Hello"})
    assert answer.status_code == 202
    job_id = answer.json()["jobId"]
    assert answer.json() == {"jobId": job_id, "status": "pending", "credits": 10}
    assert answer.headers["location"] == f"video/status?jobId={job_id}"
    assert await stored.money() == (100, 10, ["grant", "hold"])

    ((request_id, job),) = fal.requests.items()
    assert job.model == "fal-ai/kling-video/v2.5-turbo/pro/image-to-video"
    assert fal.uploads[job.arguments["image_url"]] == image
    assert "Hello" in job.arguments["prompt"]
    assert job.arguments["duration"] == "5"

    fal.advance(request_id, "IN_QUEUE", queue_position=3)
    status = await stored.status(job_id)
    assert (status["status"], status["stage"]) == ("pending", "queued")
    assert status["queuePosition"] == 3
    assert status["falModel"] == job.model
    assert status["templateSlug"] == "night-life-roller"
    assert "url" not in status
    assert "error" not in status

    fal.advance(request_id, "IN_PROGRESS")
    status = await stored.status(job_id)
    assert (status["status"], status["stage"]) == ("processing", "generating")
    assert "queuePosition" not in status

    fal.complete(request_id, video)
    done = await stored.finished(job_id)
    day = done["createdAt"][:10]
    assert done["key"] == f"users/ada/library/{day}-night-life-roller.mp4"
    assert (done["status"], done["stage"], done["bytes"]) == ("completed", "done", len(video))
    assert (done["width"], done["height"]) == (64, 64)
    assert done["durationSeconds"] == pytest.approx(0.5, abs=0.1)
    assert done["codec"] == "h264"
    assert [each["codec"] for each in (await stored.library())["videos"]] == ["h264"]

    fetched = await fetch(stored, done["url"])
    assert hashlib.sha256(fetched.content).digest() == hashlib.sha256(video).digest()
    assert fetched.headers["content-type"] == "video/mp4"
    poster = await fetch(stored, done["posterUrl"])
    assert poster.content.startswith(b"\xff\xd8\xff")

    assert await stored.money() == (90, 0, ["grant", "hold", "charge"])
    (listed,) = (await stored.library())["videos"]
    assert listed["jobId"] == job_id
    assert listed["title"] == "Night life roller"
    assert {name: listed[name] for name in ("key", "bytes", "width", "height")} == {
        name: done[name] for name in ("key", "bytes", "width", "height")
    }

    media = f"https://v3.fal.media/files/{request_id}/output.mp4"
    lines = [record.getMessage() for record in caplog.records]
    expected = [
        "✓ Job saved to database",
        f"[VIDEO JOB] Queued job {job_id} for user ada",
        f"[VIDEO JOB {job_id}] Status: IN_PROGRESS",
        f"[VIDEO JOB {job_id}] Status: COMPLETED",
        f"[VIDEO JOB {job_id}] Completed, downloading from {media}",
        f"Stored library video metadata for {done['key']}",
    ]
    assert [line for line in lines if line in expected] == expected


async def test_fifty_concurrent_polls_of_a_completed_request_start_one_delivery(
    stored: Running, fal: FalStandIn
) -> None:
    job_id = await stored.submitted()
    (request_id,) = fal.requests
    fal.complete(request_id, small_video())
    await asyncio.gather(*(stored.status(job_id) for _ in range(50)))
    await stored.finished(job_id)
    await asyncio.gather(*(stored.status(job_id) for _ in range(50)))
    await stored.wait_for_background()
    assert fal.count("result") == 1
    assert fal.count("media") == 1
    assert await stored.money() == (90, 0, ["grant", "hold", "charge"])
    assert len((await stored.library())["videos"]) == 1
    assert await stored.rows("SELECT VALUE taken FROM storage_key") == [1]


async def test_further_videos_of_a_day_get_numbered_keys(stored: Running, fal: FalStandIn) -> None:
    keys = []
    for number in (1, 2, 3):
        job_id = await stored.submitted()
        fal.complete(fal.newest, small_video(seed=number))
        keys.append((await stored.finished(job_id))["key"].rpartition("roller")[2])
    assert keys == [".mp4", "-2.mp4", "-3.mp4"]
    newest_first = [video["key"] for video in (await stored.library())["videos"]]
    assert [key.rpartition("roller")[2] for key in newest_first] == keys[::-1]


@pytest.mark.parametrize("stored", ["r2"], indirect=True)
async def test_service_with_r2_serves_no_local_files(stored: Running) -> None:
    answer = await stored.client.get("/media/users/ada/library/video.mp4")
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


async def test_local_fal_and_local_files_render_the_users_canvas(
    store_url: str, tmp_path: Path
) -> None:
    async with running(settings_for(store_url, tmp_path / "storage"), None) as run:
        job_id = await run.submitted(image=png(320, 180), template="gentle-zoom")
        while (job := await run.status(job_id))["status"] not in {"completed", "failed"}:
            await run.wait_for_background()
        assert job["status"] == "completed", job
        assert job["width"] > job["height"]
        assert job["durationSeconds"] == pytest.approx(5, abs=0.2)
        video = await run.client.get(job["url"], headers={"Range": "bytes=0-99"})
        assert video.status_code == 206
        assert video.content[4:8] == b"ftyp"
        assert await run.money() == (94, 0, ["grant", "hold", "charge"])
