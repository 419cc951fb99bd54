"""The last leg of a job: fal's result becomes a stored, charged and listed video."""

import asyncio
import hashlib
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from uuid import uuid4

from app import times
from app.database.job_store import JobStore
from app.domain.job import Job
from app.domain.terms import StoredVideo, Trouble
from app.errors import (
    DatabaseUnavailable,
    FalCancelled,
    FalError,
    FalUnavailable,
    LeaseLost,
    ObjectTaken,
    ServiceError,
    StorageUnavailable,
    VideoError,
    VideoRejected,
    VideoUnavailable,
)
from app.fal.queue import Fal
from app.jobs.snapshots import Watch
from app.media.downloads import Download, probe
from app.media.probing import VideoFacts
from app.storage.protocol import Storage, poster_key, video_key_base
from app.telemetry import context
from app.telemetry.logs import without_query
from app.telemetry.metrics import DELIVERED_BYTES, DELIVERIES, DELIVERING
from app.templates.catalogue import Catalogue

log = logging.getLogger(__name__)

AT_ONCE = 8
"""Deliveries of one process; further ones wait without holding a lease."""
TEN_MINUTES = 600

FAULT = Trouble(
    kind="fault",
    code="video_unavailable",
    message="The video could not be delivered. Nothing was charged.",
    count=5,
    seconds=TEN_MINUTES,
)

Fetch = Callable[[str, Path], Awaitable[Download]]
"""Downloads a URL to a path; raises VideoRejected or VideoUnavailable."""


class Delivery:
    """Delivers one job at a time under a lease; several run beside each other."""

    def __init__(
        self,
        *,
        store: JobStore,
        fal: Fal,
        fetch: Fetch,
        storage: Storage,
        scratch: Path,
        catalogue: Catalogue,
        watch: Watch,
    ) -> None:
        self._store = store
        self._fal = fal
        self._fetch = fetch
        self._storage = storage
        self._scratch = scratch
        self._catalogue = catalogue
        self._watch = watch
        self._places = asyncio.Semaphore(AT_ONCE)

    async def run(self, job: Job) -> None:
        """Deliver the job unless somebody else does; what fails is settled or left to the sweep."""
        context.job_id.set(job.id)
        async with self._places:
            holder = str(uuid4())
            try:
                claimed = await self._store.claim(job.id, holder, _key_base(job))
                if claimed is None:  # somebody else knows more
                    self._watch.publish(await self._store.get(job.id))
                    return
                self._watch.publish(claimed)
                with DELIVERING.track_inprogress():
                    job = await self._deliver(claimed, holder)
                DELIVERIES.labels(job.status).inc()
                self._watch.publish(job)
            except LeaseLost:
                log.warning("[VIDEO JOB %s] Taken over by another worker", job.id)
            except DatabaseUnavailable:
                log.warning("[VIDEO JOB %s] The database is away; tried again later", job.id)

    async def _deliver(self, job: Job, holder: str) -> Job:
        """Deliver, or tell the database what came of it."""
        try:
            async with self._kept(job, holder):
                return await self._carry(job, holder)
        except (FalError, VideoError, StorageUnavailable) as error:
            return await self._settle(job, holder, error)
        except OSError as error:  # the disk under the temporary folder
            away = StorageUnavailable(f"The disk fails: {error.strerror or error}.")
            return await self._settle(job, holder, away)
        except (LeaseLost, DatabaseUnavailable):
            raise
        except Exception:  # whatever it is, it must not keep a user's credits on hold for ever
            log.exception("[VIDEO JOB %s] A fault in its delivery", job.id)
            return await self._store.postpone(job.id, holder, FAULT)
        except asyncio.CancelledError:  # the service stops: nobody shall wait for the lease
            await self._store.release(job.id, holder)
            raise

    async def _settle(self, job: Job, holder: str, error: ServiceError) -> Job:
        match error:
            case FalCancelled():
                return await self._store.cancelled(job.id, holder)
            case FalUnavailable():
                trouble = _fal_away(error)
            case VideoUnavailable():
                trouble = _video_away(error)
            case StorageUnavailable():
                trouble = _storage_away(error)
            case _:
                code = "video_rejected" if isinstance(error, VideoRejected) else "fal_rejected"
                return await self._store.fail(job.id, holder, code, str(error))
        log.warning("[VIDEO JOB %s] Tried again later: %s", job.id, error)
        return await self._store.postpone(job.id, holder, trouble)

    async def _carry(self, job: Job, holder: str) -> Job:
        assert job.request_id is not None, "only a job that fal has accepted can be claimed"
        url = await self._fal.result(job.fal_model, job.request_id)
        log.info("[VIDEO JOB %s] Completed, downloading from %s", job.id, without_query(url))
        with TemporaryDirectory(dir=self._scratch) as folder:
            video = await self._fetch(url, Path(folder) / "video.mp4")
            facts = await probe(video.path)
            job = await self._put_video(job, holder, video)
            stored_poster = await self._put_poster(job, facts.poster, Path(folder) / "poster.jpg")
        done = await self._store.complete(
            job.id, holder, self._stored(job, video, facts, stored_poster)
        )
        DELIVERED_BYTES.inc(video.size)
        log.info("Stored library video metadata for %s", done.video_key)
        return done

    def _stored(
        self, job: Job, video: Download, facts: VideoFacts, stored_poster: str
    ) -> StoredVideo:
        return StoredVideo(
            poster_key=stored_poster,
            title=self._catalogue.title(job.template_slug),
            bytes=video.size,
            sha256=video.sha256,
            duration_seconds=facts.duration_seconds,
            width=facts.width,
            height=facts.height,
        )

    async def _put_video(self, job: Job, holder: str, video: Download) -> Job:
        """Store the bytes under the job's key, or under its next where others already stand."""
        while True:
            assert job.video_key is not None, "a claimed job has its key"
            try:
                await self._storage.put(
                    job.video_key,
                    video.path,
                    content_type="video/mp4",
                    sha256=video.sha256,
                    download_name=Path(job.video_key).name,
                    owner=job.id,
                )
            except ObjectTaken:
                log.warning("[VIDEO JOB %s] %s is taken, numbered on", job.id, job.video_key)
                job = await self._store.rekey(
                    job.id, holder, taken=job.video_key, key_base=_key_base(job)
                )
            else:
                return job

    async def _put_poster(self, job: Job, poster: bytes, path: Path) -> str:
        assert job.video_key is not None, "a claimed job has its key"
        key = poster_key(job.video_key)
        await asyncio.to_thread(path.write_bytes, poster)
        # An earlier attempt may have left a poster that another encoder made: it serves as well.
        with suppress(ObjectTaken):
            await self._storage.put(
                key,
                path,
                content_type="image/jpeg",
                sha256=hashlib.sha256(poster).hexdigest(),
                download_name=Path(key).name,
                owner=job.id,
            )
        return key

    @asynccontextmanager
    async def _kept(self, job: Job, holder: str) -> AsyncIterator[None]:
        """Extend the lease while the body runs, and stop the body once the lease is lost."""
        try:
            async with asyncio.timeout(None) as scope:
                keeper = asyncio.create_task(self._keep(job, holder, scope))
                try:
                    yield
                finally:
                    keeper.cancel()
        except TimeoutError:
            if scope.expired():
                raise LeaseLost(job.id) from None
            raise

    async def _keep(self, job: Job, holder: str, scope: asyncio.Timeout) -> None:
        while True:
            await asyncio.sleep(times.LEASE_RENEWAL)
            try:
                await self._store.extend(job.id, holder)
            except LeaseLost:
                scope.reschedule(asyncio.get_running_loop().time())
                return
            except DatabaseUnavailable:
                continue


def _fal_away(error: FalUnavailable) -> Trouble:
    return Trouble(kind="result", code="fal_unavailable", message=str(error), seconds=TEN_MINUTES)


def _video_away(error: VideoUnavailable) -> Trouble:
    return Trouble(
        kind="video", code="video_unavailable", message=str(error), count=5, seconds=TEN_MINUTES
    )


def _storage_away(error: StorageUnavailable) -> Trouble:
    # Without an end: the video is paid for at fal, and the store comes back.
    return Trouble(kind="storage", code="video_unavailable", message=str(error))


def _key_base(job: Job) -> str:
    return video_key_base(job.user, job.created_at.date(), job.template_slug)
