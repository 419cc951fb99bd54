"""Steps of which only a half was carried out: each is finished, undone or repeated."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable
from pathlib import Path
from time import monotonic

import pytest

from app.jobs import fetched_videos, video_objects
from app.problems import DatabaseUnavailable
from app.settings import Settings
from app.telemetry.seam import T
from tests.support.clock import Clock, pass_time
from tests.support.ledger import CHARGED, HELD, RELEASED
from tests.support.process import PATIENCE
from tests.support.seams import FailingSeam
from tests.support.service import Running, running
from tests.support.stand_ins.fal import FalStandIn
from tests.support.stand_ins.fal_faults import Answer, Drop, Fault, Hang
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


async def deadline_passes(run: Running, _job_id: str) -> None:
    await pass_time(run, 25 * 3600)


async def another_process_ends_it(run: Running, job_id: str) -> None:
    await run.service.database.call("video_job::fail", job_id, None, "interrupted", "By hand.")
    await run.status(job_id)


async def until_empty(scratch: Path) -> None:
    async with asyncio.timeout(PATIENCE):
        while list(scratch.iterdir()):  # noqa: ASYNC110, ASYNC240 a thread deletes
            await asyncio.sleep(0.01)


@pytest.mark.usefixtures("every_poll_asks_fal")
@pytest.mark.parametrize("ends", [deadline_passes, another_process_ends_it])
async def test_kept_video_of_a_job_that_has_ended_is_deleted(
    settings: Settings, fal: FalStandIn, ends: Callable[[Running, str], Awaitable[None]]
) -> None:
    async with running(settings, fal, seam=StorageAway()) as run:
        job_id = await run.submitted()
        fal.complete(fal.newest, small_video())
        await run.status(job_id)
        await run.wait_for_background()
        scratch = run.service.lifecycle._delivery._scratch
        assert list(scratch.rglob("video.mp4"))
        # Only a job whose video is not being stored can expire.
        await run.rows("UPDATE video_job SET stage = 'queued', lease = NONE, due_at = time::now()")
        fal.advance(fal.newest, "IN_QUEUE")
        await ends(run, job_id)
        assert (await run.status(job_id))["status"] == "failed"
        await until_empty(scratch)


async def test_kept_video_that_nobody_takes_is_deleted_unless_the_database_was_away(
    settings: Settings, fal: FalStandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    away = FailingSeam(DatabaseUnavailable())
    async with running(settings, fal, seam=away) as run:
        job_id = await run.submitted()
        fal.complete(fal.newest, small_video())
        run.lose_storage()
        await run.status(job_id)
        await run.wait_for_background()
        scratch, fetched = run.service.lifecycle._delivery._scratch, run.service.sweep._fetched
        await run.service.database.call("video_job::fail", job_id, None, "interrupted", "By hand.")
        clock = Clock()
        clock.now = monotonic() + fetched_videos.UNTAKEN
        monkeypatch.setattr(fetched, "_now", clock)
        away.name = "db.video_job::take_due"
        await run.service.sweep.once()
        away.name = ""
        clock.now += fetched_videos.UNTAKEN - 1
        await run.service.sweep.once()
        assert list(scratch.rglob("video.mp4"))
        clock.now += 2
        await run.service.sweep.once()
        await until_empty(scratch)


class StorageAway:
    """A seam under which nothing can be stored until it is back."""

    def __init__(self) -> None:
        self.is_back = False
        self.counts: Counter[str] = Counter()

    async def __call__(self, name: str, call: Callable[[], Awaitable[T]], /) -> T:
        self.counts[name] += 1
        if name.startswith("storage.") and not self.is_back:
            raise OSError(28, "No space left on device")
        return await call()


async def test_video_is_fetched_once_however_long_the_storage_is_away(
    settings: Settings, fal: FalStandIn
) -> None:
    seam = StorageAway()
    async with running(settings, fal, seam=seam) as run:
        job_id = await run.submitted()
        fal.complete(fal.newest, small_video())
        await run.status(job_id)
        await run.wait_for_background()
        for minute in range(1, 11):
            await pass_time(run, minute * 60)
        seam.is_back = True
        await pass_time(run, 700)
        assert (await run.status(job_id))["status"] == "completed"
        assert fal.count("media") == 1
        assert await run.money() == CHARGED


async def test_no_more_videos_are_fetched_than_are_kept_while_the_storage_is_away(
    settings: Settings, fal: FalStandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fetched_videos, "MAX_KEPT", 1)
    monkeypatch.setattr(video_objects, "CHECK_AGAIN", 3600.0)
    seam = StorageAway()
    async with running(settings, fal, seam=seam) as run:
        jobs = {user: await run.submitted(user=user) for user in ("ada", "bob", "eve", "zoe")}
        for request_id in fal.requests:
            fal.complete(request_id, small_video())
        seam.counts.clear()  # the start checks the storage
        await run.status(jobs["ada"])
        await run.wait_for_background()
        assert seam.counts["storage.check"] == 0
        for minute in range(1, 11):
            await pass_time(run, minute * 60)
        assert fal.count("media") == 1
        assert fal.count("result") == 1
        assert seam.counts["storage.check"] == 1
        monkeypatch.setattr(video_objects, "CHECK_AGAIN", 0.0)
        seam.is_back = True
        await pass_time(run, 700)
        await pass_time(run, 800)
        for user, job_id in jobs.items():
            assert (await run.status(job_id, user=user))["status"] == "completed"
        assert fal.count("media") == 4


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


OUTAGES: list[Fault] = [Drop(), Answer(500), Answer(502), Answer(503), Answer(429), Answer(408)]


@pytest.mark.parametrize("fault", OUTAGES, ids=str)
async def test_video_whose_host_is_away_for_hours_is_delivered(
    run: Running, fal: FalStandIn, fault: Fault
) -> None:
    job_id = await run.submitted()
    fal.complete(fal.newest, small_video())
    fal.faults.add("media", fault, times=12)
    await run.status(job_id)
    await run.wait_for_background()
    for number in range(1, 12):
        await pass_time(run, number * 1800)
    assert await run.money() == HELD
    for number in range(12, 15):  # a try may have waited for the next half hour
        await pass_time(run, number * 1800)
    assert (await run.status(job_id))["status"] == "completed"
    assert fal.count("media") == 13


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
