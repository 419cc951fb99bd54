"""Steps of which only a half was carried out: each is finished, undone or repeated."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from app.problems import DatabaseUnavailable
from app.settings import Settings
from app.telemetry.seam import T
from tests.support.clock import pass_time
from tests.support.ledger import CHARGED, HELD, RELEASED
from tests.support.seams import FailingSeam
from tests.support.service import Running, running
from tests.support.stand_ins.fal import FalStandIn
from tests.support.stand_ins.fal_faults import Drop, Hang
from tests.support.stand_ins.videos import small_video


class LosesAnswers:
    """A seam that carries out calls of one name and loses the answers of the first few."""

    def __init__(self, name: str, *, times: int = 1) -> None:
        self.name = name
        self.left = times

    async def __call__(self, name: str, call: Callable[[], Awaitable[T]], /) -> T:
        answer = await call()
        if name == self.name and self.left > 0:
            self.left -= 1
            raise DatabaseUnavailable
        return answer


async def only_job(run: Running) -> str:
    [job_id] = await run.rows("SELECT VALUE record::id(id) FROM video_job")
    return str(job_id)


@pytest.mark.parametrize("times", [0, 1, 100])
async def test_job_cancelled_before_its_post_ends_cancelled_without_a_post(
    settings: Settings, fal: FalStandIn, times: int
) -> None:
    seam = LosesAnswers("db.video_job::cancelled", times=times)
    reachable = settings.model_copy(update={"public_url": "https://videos.example"})
    async with running(reachable, fal, seam=seam) as run:
        hang = Hang()
        fal.faults.add("upload", hang)
        submit = asyncio.create_task(run.submit())
        await hang.reached.wait()
        job_id = await only_job(run)
        assert (await run.cancel(job_id)).status_code == 202
        hang.released.set()
        assert (await submit).status_code == 202
        seam.left = 0
        await pass_time(run, 130)
        assert (await run.status(job_id))["status"] == "cancelled"
        assert fal.count("submit") == 0
        assert await run.money() == RELEASED


async def test_process_that_dies_before_the_post_leaves_a_cancelled_job_cancelled(
    run: Running,
) -> None:
    job_id = await run.submitted()
    await run.rows(
        "UPDATE type::record('video_job', $job) "
        "SET stage = 'cancelling', fal_request_id = NONE, submitted_at = NONE",
        job=job_id,
    )
    await pass_time(run, 130)
    assert (await run.status(job_id))["status"] == "cancelled"


async def test_lost_answer_to_the_creation_of_a_job_is_asked_for_again(
    settings: Settings, fal: FalStandIn
) -> None:
    async with running(settings, fal, seam=LosesAnswers("db.video_job::open")) as run:
        answer = await run.submit(headers={"Idempotency-Key": "click"})
        assert answer.status_code == 202
        repeated = await run.submit(headers={"Idempotency-Key": "click"})
        assert repeated.json()["jobId"] == answer.json()["jobId"]
        assert fal.count("submit") == 1
        assert await run.money() == HELD


class UndoesLate(LosesAnswers):
    """Loses both answers to an ``open``, which is undone after a repeat has looked at the job."""

    def __init__(self, looks: int) -> None:
        super().__init__("db.video_job::open", times=2)
        self.looks = looks
        self.looked = asyncio.Event()

    async def __call__(self, name: str, call: Callable[[], Awaitable[T]], /) -> T:
        if name == "db.video_job::fail":
            await self.looked.wait()
        answer = await super().__call__(name, call)
        if name == "db.video_job::get":
            self.looks -= 1
        if self.looks <= 0:
            self.looked.set()
        return answer


@pytest.mark.parametrize("looks", [1, 20])
async def test_repeat_of_a_submit_that_is_being_undone_creates_another_job(
    settings: Settings, fal: FalStandIn, looks: int
) -> None:
    async with running(settings, fal, seam=UndoesLate(looks)) as run:
        refused = await run.submit(headers={"Idempotency-Key": "click"})
        assert refused.status_code == 503
        undone = await only_job(run)
        repeated = await run.submit(headers={"Idempotency-Key": "click"})
        assert repeated.status_code == 202
        assert repeated.json()["jobId"] != undone
        assert (await run.status(undone))["status"] == "failed"
        fal.complete(fal.newest, small_video())
        assert (await run.finished(repeated.json()["jobId"]))["status"] == "completed"
        assert fal.count("submit") == 1
        assert await run.audit() == []


@pytest.mark.parametrize("cancels", [False, True])
async def test_expired_job_that_fal_has_finished_is_delivered(
    run: Running, fal: FalStandIn, *, cancels: bool
) -> None:
    job_id = await run.submitted()
    if cancels:
        fal.advance(fal.newest, "IN_PROGRESS")
        await run.cancel(job_id)
    fal.complete(fal.newest, small_video())
    await pass_time(run, 24 * 3600 + 60)
    assert (await run.status(job_id))["status"] == "completed"
    assert await run.money() == CHARGED


async def test_lost_answer_of_fal_is_acknowledged_although_the_database_is_unavailable(
    public_settings: Settings, fal: FalStandIn
) -> None:
    away = FailingSeam(DatabaseUnavailable(), "db.video_job::unconfirmed")
    fal.faults.add("submit", Drop(after_effect=True))
    async with running(public_settings, fal, seam=away) as run:
        answer = await run.submit()
        assert answer.status_code == 202
        away.name = "mended"
        await run.wait_for_background()
        fal.complete(fal.newest, small_video())
        await fal.call_back(run.client, fal.newest)
        assert (await run.finished(answer.json()["jobId"]))["status"] == "completed"
        assert fal.count("submit") == 1
        assert await run.money() == CHARGED


class FailsOnce:
    """A seam under which the first call of one name fails in an unforeseen way."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.failed = False

    async def __call__(self, name: str, call: Callable[[], Awaitable[T]], /) -> T:
        if name == self.name and not self.failed:
            self.failed = True
            raise ZeroDivisionError
        return await call()


async def test_other_bytes_at_the_second_try_leave_one_object(
    settings: Settings, fal: FalStandIn
) -> None:
    async with running(settings, fal, seam=FailsOnce("db.video_job::complete")) as run:
        job_id = await run.submitted()
        fal.complete(fal.newest, small_video())
        await run.status(job_id)
        await run.wait_for_background()
        fal.complete(fal.newest, small_video(seed=9))
        await pass_time(run, 60)
        job = await run.finished(job_id)
        assert job["key"].endswith("-night-life-roller.mp4")
        videos = list((run.service.settings.storage_dir / "users").rglob("*.mp4"))
        assert [video.read_bytes() for video in videos] == [small_video(seed=9)]


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (b"\x1aE\xdf\xa3" + bytes(100), "WebM"),
        (b"GIF89a" + bytes(100), "GIF"),
        (b"\x89PNG\r\n\x1a\n" + bytes(100), "PNG"),
        (b"RIFF\x10\0\0\0WEBP" + bytes(100), "WebP"),
    ],
)
async def test_file_of_another_kind_is_rejected_after_one_download(
    run: Running, fal: FalStandIn, content: bytes, kind: str
) -> None:
    job_id = await run.submitted()
    fal.complete(fal.newest, content)
    job = await run.finished(job_id)
    assert job["error"]["code"] == "video_rejected"
    assert kind in job["error"]["message"]
    assert fal.count("media") == 1
    assert await run.money() == RELEASED
