"""What goes wrong with the video: at its host, in the decoder, in the store."""

from collections.abc import Awaitable, Callable

import pytest

from app.settings import Settings
from app.telemetry.seam import T
from tests.jobs.test_refresh import kind, queued
from tests.support.clock import pass_time
from tests.support.ledger import CHARGED, HELD, RELEASED
from tests.support.service import Running, running
from tests.support.stand_ins.fal import FalStandIn
from tests.support.stand_ins.fal_faults import NO_VIDEO, Answer, Drop, Fault, Truncate
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
    job_id, request_id = await queued(run, fal)
    fal.complete(request_id, output={"video": {"url": url}})
    job = await run.finished(job_id)
    assert (job["status"], job["error"]["code"]) == ("failed", "video_rejected")
    assert fal.contacted_hosts == []
    assert fal.count("media") == 0
    assert await run.money() == RELEASED


async def test_redirect_off_the_list_is_not_followed(run: Running, fal: FalStandIn) -> None:
    job_id, request_id = await queued(run, fal)
    fal.complete(request_id, small_video())
    fal.faults.add("media", Answer(302, "", {"Location": "https://evil.example/x.mp4"}))
    job = await run.finished(job_id)
    assert job["error"]["code"] == "video_rejected"
    assert fal.contacted_hosts == []


@pytest.mark.parametrize(
    "fault", [Truncate(), NO_VIDEO, Answer(500), Answer(403), Answer(200, b""), Drop()], ids=kind
)
async def test_video_that_cannot_be_had_is_fetched_again(
    run: Running, fal: FalStandIn, fault: Fault
) -> None:
    job_id, request_id = await queued(run, fal)
    fal.complete(request_id, small_video())
    fal.faults.add("media", fault)
    await run.status(job_id)
    await run.wait_for_background()
    assert (await run.status(job_id))["status"] == "processing"
    await pass_time(run, 30)
    assert (await run.finished(job_id))["status"] == "completed"
    assert fal.count("media") == 2
    assert await run.money() == CHARGED


async def test_video_that_never_comes_fails_after_five_attempts(
    run: Running, fal: FalStandIn
) -> None:
    job_id, request_id = await queued(run, fal)
    fal.complete(request_id, small_video())
    fal.faults.add("media", NO_VIDEO, times=None)
    await run.status(job_id)
    await run.wait_for_background()
    for minute in range(1, 8):
        await pass_time(run, minute * 80)
    job = await run.finished(job_id)
    assert (job["status"], job["error"]["code"]) == ("failed", "video_unavailable")
    assert fal.count("media") == 5
    assert await run.money() == RELEASED


async def test_video_that_no_decoder_can_read_fails(run: Running, fal: FalStandIn) -> None:
    job_id, request_id = await queued(run, fal)
    fal.complete(request_id, b"\0\0\0\x18ftypmp42" + bytes(2000))
    await run.status(job_id)
    await run.wait_for_background()
    for minute in range(1, 8):
        await pass_time(run, minute * 80)
    assert (await run.finished(job_id))["error"]["code"] == "video_unavailable"


async def test_video_larger_than_allowed_is_not_stored(settings: Settings, fal: FalStandIn) -> None:
    small = settings.model_copy(update={"max_video_bytes": 500})
    async with running(small, fal) as run:
        job_id, request_id = await queued(run, fal)
        fal.complete(request_id, small_video())
        await run.status(job_id)
        await run.wait_for_background()
        for minute in range(1, 8):
            await pass_time(run, minute * 80)
        assert (await run.finished(job_id))["error"]["code"] == "video_unavailable"
        assert "500" in (await run.status(job_id))["error"]["message"]


class Outage:
    """A seam under which calls of one name fail until it is over."""

    def __init__(self, name: str, error: Exception) -> None:
        self.name = name
        self.error = error
        self.over = False
        self.failed = 0

    async def __call__(self, name: str, call: Callable[[], Awaitable[T]], /) -> T:
        if name == self.name and not self.over:
            self.failed += 1
            raise self.error
        return await call()


@pytest.mark.parametrize("call", ["storage.put", "media.download"])
async def test_disk_that_is_full_for_an_hour_loses_nothing(
    settings: Settings, fal: FalStandIn, call: str
) -> None:
    outage = Outage(call, OSError(28, "No space left on device"))
    async with running(settings, fal, seam=outage) as run:
        job_id, request_id = await queued(run, fal)
        fal.complete(request_id, small_video())
        await run.status(job_id)
        await run.wait_for_background()
        for minute in range(1, 60, 5):
            await pass_time(run, minute * 60)
        assert outage.failed >= 10
        assert (await run.status(job_id))["status"] == "processing"
        assert await run.money() == HELD
        outage.over = True
        await pass_time(run, 3700)
        assert (await run.finished(job_id))["status"] == "completed"
        assert await run.money() == CHARGED


async def test_foreign_object_under_the_key_is_left_alone(run: Running, fal: FalStandIn) -> None:
    job_id, request_id = await queued(run, fal)
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
