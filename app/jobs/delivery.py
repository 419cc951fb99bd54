"""The last part of a job: fal's result becomes a stored, charged and listed video."""

import asyncio
import logging
from pathlib import Path
from typing import Protocol
from uuid import uuid4

from app.database.job_store import JobStore
from app.domain.job import Job
from app.domain.video import StoredVideo
from app.errors import (
    FalCancelled,
    FalError,
    FalUnavailable,
    LeaseLost,
    ServiceError,
    StorageUnavailable,
    VideoError,
    VideoHostAway,
    VideoRejected,
    VideoUnavailable,
)
from app.fal.queue import Fal
from app.jobs.fetched_videos import FetchedVideo, FetchedVideos, delete
from app.jobs.lease import Lease, extended_lease
from app.jobs.troubles import FAULT, trouble_of
from app.jobs.video_objects import VideoObjects, key_base_of
from app.media.downloads import Download, Progress
from app.media.probing import VideoFacts, probe
from app.problems import DatabaseUnavailable
from app.storage.arriving_file import ArrivingFile
from app.storage.protocol import Finish, Storage
from app.telemetry import context
from app.telemetry.logs import without_query
from app.telemetry.metrics import DELIVERED_BYTES, DELIVERIES, DELIVERING
from app.telemetry.traces import delivery_span
from app.templates.catalogue import Catalogue

log = logging.getLogger(__name__)

CONCURRENT_DELIVERIES = 24
"""Deliveries of one process; further ones wait without a lease."""
CONCURRENT_VIDEOS = 8
"""Videos on the disk and in transfer. Results of fal that hang leave these places to others."""


class Fetch(Protocol):
    """Downloads a URL to a path; raises VideoError or StorageUnavailable."""

    async def __call__(self, url: str, path: Path, /, *, progress: Progress) -> Download: ...


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
        self._objects = VideoObjects(store, storage)
        self._scratch = scratch
        self._catalogue = catalogue
        self._fetched = fetched
        self._places = asyncio.Semaphore(CONCURRENT_DELIVERIES)
        self._videos = asyncio.Semaphore(CONCURRENT_VIDEOS)

    async def run(self, job: Job, url: str | None = None) -> None:
        """Deliver the job unless another worker does; a failure is recorded on the job.

        ``url`` is the video's, if fal has told it already.
        """
        context.job_id.set(job.id)
        with delivery_span(job.trace):
            await self._run(job, url)

    async def _run(self, job: Job, url: str | None) -> None:
        async with self._places:
            holder = str(uuid4())
            try:
                claimed = await self._store.claim(job.id, holder, key_base_of(job))
                if claimed is None:
                    await self._store.get(job.id)  # it publishes what the other worker has done
                    return
                with DELIVERING.track_inprogress():
                    job = await self._deliver(claimed, holder, url)
                DELIVERIES.labels(job.status).inc()
            except LeaseLost:
                log.warning("[VIDEO JOB %s] Taken over by another worker", job.id)
            except DatabaseUnavailable:
                log.warning("[VIDEO JOB %s] The database is away; tried again later", job.id)

    async def _deliver(self, job: Job, holder: str, url: str | None) -> Job:
        """Deliver the job, or record in the database why that failed."""
        try:
            async with extended_lease(self._store, job, holder) as lease:
                return await self._fetch_and_store(job, lease, url)
        except (FalError, VideoError, StorageUnavailable) as error:
            return await self._record_failure(job, holder, error)
        except OSError as error:  # the disk under the scratch folder
            away = StorageUnavailable(f"The disk fails: {error.strerror or error}.")
            return await self._record_failure(job, holder, away)
        except (LeaseLost, DatabaseUnavailable):
            raise
        except Exception:  # any fault must end in a retry: the user's credits are on hold
            log.exception("[VIDEO JOB %s] A fault in its delivery", job.id)
            now, _ = await self._store.postpone(job.id, holder, FAULT)
            return now
        except asyncio.CancelledError:  # the service stops: the next process must not wait
            await self._store.release(job.id, holder)
            raise

    async def _record_failure(self, job: Job, holder: str, error: ServiceError) -> Job:
        match error:
            case FalCancelled():
                return await self._store.cancelled(job.id, holder)
            case FalUnavailable() | VideoHostAway() | VideoUnavailable() | StorageUnavailable():
                log.warning("[VIDEO JOB %s] Tried again later: %s", job.id, error)
                now, _ = await self._store.postpone(job.id, holder, trouble_of(error))
                return now
        code = "video_rejected" if isinstance(error, VideoRejected) else "fal_rejected"
        return await self._store.fail(job.id, holder, code, str(error))

    async def _fetch_and_store(self, job: Job, lease: Lease, url: str | None) -> Job:
        if job.id not in self._fetched:
            if len(self._fetched):  # the storage may still be away
                await self._objects.check()
            url = url or await self._result(job)
        async with self._videos:
            fetched = self._fetched.take(job.id)
            if fetched is not None:
                return await self._store_fetched(
                    job, lease, fetched, self._objects.from_disk(job, fetched.video)
                )
            return await self._store_while_fetching(job, lease, url or await self._result(job))

    async def _result(self, job: Job) -> str:
        assert job.request_id is not None, "only a job that fal has accepted can be claimed"
        return await self._fal.result(job.fal_model, job.request_id)

    async def _store_while_fetching(self, job: Job, lease: Lease, url: str) -> Job:
        log.info("[VIDEO JOB %s] Completed, downloading from %s", job.id, without_query(url))
        file = ArrivingFile(self._scratch / lease.holder / "video.mp4")
        async with self._objects.arriving(job, file) as finish:
            fetched = await self._fetch_and_check(url, file)
            return await self._store_fetched(job, lease, fetched, finish)

    async def _fetch_and_check(self, url: str, file: ArrivingFile) -> FetchedVideo:
        folder = file.path.parent
        try:
            await asyncio.to_thread(folder.mkdir)
            video = await self._fetch(url, file.path, progress=file.grow)
            return FetchedVideo(folder=folder, video=video, facts=await probe(video.path))
        except BaseException:  # whatever ends the download, its files go
            await delete(folder)
            raise

    async def _store_fetched(
        self, job: Job, lease: Lease, fetched: FetchedVideo, finish: Finish
    ) -> Job:
        try:
            done = await self._store_and_complete(job, lease, fetched, finish)
        except (StorageUnavailable, DatabaseUnavailable):
            self._fetched.keep(job.id, fetched)
            raise
        except BaseException:  # whatever ends the delivery, its files go
            await fetched.discard()
            raise
        await fetched.discard()
        DELIVERED_BYTES.inc(fetched.video.size)
        log.info("Stored library video metadata for %s", done.video_key)
        return done

    async def _store_and_complete(
        self, job: Job, lease: Lease, fetched: FetchedVideo, finish: Finish
    ) -> Job:
        job, poster = await self._objects.put(job, lease.holder, fetched, finish)
        stored = await self._stored(job, fetched.video, fetched.facts, poster)
        lease.stop_extending()
        done = await self._store.complete(job.id, lease.holder, stored)
        if done.deleted_at is not None:  # another worker had completed it, and its user deleted it
            await self._objects.delete(job)
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
