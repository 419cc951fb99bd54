"""The last part of a job: fal's result becomes a stored, charged and listed video."""

import asyncio
import hashlib
import logging
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path
from shutil import rmtree
from tempfile import mkdtemp
from uuid import uuid4

from app.database.job_store import JobStore
from app.domain.job import Job
from app.domain.video import StoredVideo
from app.errors import (
    FalCancelled,
    FalError,
    FalUnavailable,
    LeaseLost,
    ObjectTaken,
    ServiceError,
    StorageUnavailable,
    VideoError,
    VideoHostAway,
    VideoRejected,
    VideoUnavailable,
)
from app.fal.queue import Fal
from app.jobs.fetched_videos import FetchedVideo, FetchedVideos
from app.jobs.lease import extended_lease
from app.jobs.troubles import FAULT, trouble_of
from app.media.downloads import Download
from app.media.probing import VideoFacts, probe
from app.problems import DatabaseUnavailable
from app.storage.keys import poster_key, video_key_base
from app.storage.protocol import Storage
from app.telemetry import context
from app.telemetry.logs import without_query
from app.telemetry.metrics import DELIVERED_BYTES, DELIVERIES, DELIVERING
from app.templates.catalogue import Catalogue

log = logging.getLogger(__name__)

CONCURRENT_DELIVERIES = 24
"""Deliveries of one process; further ones wait without a lease."""
CONCURRENT_VIDEOS = 8
"""Videos on the disk and in transfer. Results of fal that hang leave these places to others."""

Fetch = Callable[[str, Path], Awaitable[Download]]
"""Downloads a URL to a path; raises VideoRejected or VideoUnavailable."""


class Delivery:
    """Delivers videos, each under a lease of its own."""

    def __init__(
        self,
        *,
        store: JobStore,
        fal: Fal,
        fetch: Fetch,
        storage: Storage,
        scratch: Path,
        catalogue: Catalogue,
        fetched: FetchedVideos,
    ) -> None:
        self._store = store
        self._fal = fal
        self._fetch = fetch
        self._storage = storage
        self._scratch = scratch
        self._catalogue = catalogue
        self._fetched = fetched
        self._places = asyncio.Semaphore(CONCURRENT_DELIVERIES)
        self._videos = asyncio.Semaphore(CONCURRENT_VIDEOS)

    async def run(self, job: Job) -> None:
        """Deliver the job unless another worker does; a failure is recorded on the job."""
        context.job_id.set(job.id)
        async with self._places:
            holder = str(uuid4())
            try:
                claimed = await self._store.claim(job.id, holder, _key_base(job))
                if claimed is None:
                    await self._store.get(job.id)  # it publishes what the other worker has done
                    return
                with DELIVERING.track_inprogress():
                    job = await self._deliver(claimed, holder)
                DELIVERIES.labels(job.status).inc()
            except LeaseLost:
                log.warning("[VIDEO JOB %s] Taken over by another worker", job.id)
            except DatabaseUnavailable:
                log.warning("[VIDEO JOB %s] The database is away; tried again later", job.id)

    async def _deliver(self, job: Job, holder: str) -> Job:
        """Deliver the job, or record in the database why that failed."""
        try:
            async with extended_lease(self._store, job, holder):
                return await self._fetch_and_store(job, holder)
        except (FalError, VideoError, StorageUnavailable) as error:
            return await self._record_failure(job, holder, error)
        except OSError as error:  # the disk under the scratch folder
            away = StorageUnavailable(f"The disk fails: {error.strerror or error}.")
            return await self._record_failure(job, holder, away)
        except (LeaseLost, DatabaseUnavailable):
            raise
        except Exception:  # any fault must end in a retry: the user's credits are on hold
            log.exception("[VIDEO JOB %s] A fault in its delivery", job.id)
            return await self._store.postpone(job.id, holder, FAULT)
        except asyncio.CancelledError:  # the service stops: the next process must not wait
            await self._store.release(job.id, holder)
            raise

    async def _record_failure(self, job: Job, holder: str, error: ServiceError) -> Job:
        match error:
            case FalCancelled():
                return await self._store.cancelled(job.id, holder)
            case FalUnavailable() | VideoHostAway() | VideoUnavailable() | StorageUnavailable():
                log.warning("[VIDEO JOB %s] Tried again later: %s", job.id, error)
                return await self._store.postpone(job.id, holder, trouble_of(error))
        code = "video_rejected" if isinstance(error, VideoRejected) else "fal_rejected"
        return await self._store.fail(job.id, holder, code, str(error))

    async def _fetch_and_store(self, job: Job, holder: str) -> Job:
        url = None if job.id in self._fetched else await self._result(job)
        async with self._videos:
            fetched = self._fetched.take(job.id)
            if fetched is None:
                fetched = await self._fetch_and_check(job, url or await self._result(job))
            return await self._store_fetched(job, holder, fetched)

    async def _result(self, job: Job) -> str:
        assert job.request_id is not None, "only a job that fal has accepted can be claimed"
        return await self._fal.result(job.fal_model, job.request_id)

    async def _fetch_and_check(self, job: Job, url: str) -> FetchedVideo:
        log.info("[VIDEO JOB %s] Completed, downloading from %s", job.id, without_query(url))
        folder = Path(mkdtemp(dir=self._scratch))
        try:
            video = await self._fetch(url, folder / "video.mp4")
            return FetchedVideo(folder=folder, video=video, facts=await probe(video.path))
        except BaseException:  # whatever ends the download, its files go
            rmtree(folder, ignore_errors=True)
            raise

    async def _store_fetched(self, job: Job, holder: str, fetched: FetchedVideo) -> Job:
        try:
            done = await self._store_and_complete(job, holder, fetched)
        except (StorageUnavailable, DatabaseUnavailable):
            self._fetched.keep(job.id, fetched)
            raise
        except BaseException:  # whatever ends the delivery, its files go
            fetched.discard()
            raise
        await asyncio.to_thread(fetched.discard)  # a large file takes long to delete
        DELIVERED_BYTES.inc(fetched.video.size)
        log.info("Stored library video metadata for %s", done.video_key)
        return done

    async def _store_and_complete(self, job: Job, holder: str, fetched: FetchedVideo) -> Job:
        job = await self._put_video(job, holder, fetched.video)
        poster = await self._put_poster(job, fetched.facts.poster, fetched.folder / "poster.jpg")
        stored = await self._stored(job, fetched.video, fetched.facts, poster)
        done = await self._store.complete(job.id, holder, stored)
        if done.deleted_at is not None:  # another worker had completed it, and its user deleted it
            assert job.video_key is not None, "a claimed job has its key"
            await self._storage.delete(job.video_key)
            await self._storage.delete(poster)
        return done

    async def _stored(
        self, job: Job, video: Download, facts: VideoFacts, poster: str
    ) -> StoredVideo:
        return StoredVideo(
            poster_key=poster,
            title=await self._catalogue.title(job.template_slug),
            bytes=video.size,
            sha256=video.sha256,
            duration_seconds=facts.duration_seconds,
            width=facts.width,
            height=facts.height,
            codec=facts.codec,
        )

    async def _put_video(self, job: Job, holder: str, video: Download) -> Job:
        """Store the bytes under the job's key, or under the next one if other bytes are there."""
        while True:
            assert job.video_key is not None, "a claimed job has its key"
            try:
                await self._storage.put(
                    job.video_key,
                    video.path,
                    sha256=video.sha256,
                    owner=job.id,
                )
            except ObjectTaken:
                there = await self._storage.find(job.video_key, read=False)
                if there is not None and there.owner == job.id:
                    # An earlier try stored what fal sent then; no library row refers to it.
                    await self._storage.delete(job.video_key)
                    await self._storage.delete(poster_key(job.video_key))
                    continue
                log.warning("[VIDEO JOB %s] %s is taken; using the next key", job.id, job.video_key)
                job = await self._store.rekey(
                    job.id, holder, taken=job.video_key, key_base=_key_base(job)
                )
            else:
                return job

    async def _put_poster(self, job: Job, poster: bytes, path: Path) -> str:
        assert job.video_key is not None, "a claimed job has its key"
        key = poster_key(job.video_key)
        await asyncio.to_thread(path.write_bytes, poster)
        # An earlier attempt may have stored a poster that another encoder made: it serves as well.
        with suppress(ObjectTaken):
            await self._storage.put(
                key,
                path,
                sha256=hashlib.sha256(poster).hexdigest(),
                owner=job.id,
            )
        return key


def _key_base(job: Job) -> str:
    return video_key_base(job.user, job.created_at.date(), job.template_slug)
