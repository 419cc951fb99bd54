"""The objects of a job's video: the file that fal made, and its poster."""

import asyncio
import hashlib
import logging
from contextlib import AbstractAsyncContextManager
from functools import partial
from pathlib import PurePosixPath
from time import monotonic

from app.database.job_store import JobStore
from app.domain.job import Job
from app.errors import ObjectTaken, StorageUnavailable
from app.jobs.fetched_videos import FetchedVideo
from app.media.downloads import Download
from app.storage.arriving_file import ArrivingFile
from app.storage.keys import poster_key, video_key_base
from app.storage.protocol import Finish, Storage

log = logging.getLogger(__name__)

KEYS_AT_ONCE = 10
"""How many keys one delivery tries: a storage that takes none is asked again later."""
CHECK_AGAIN = 1.0
"""Seconds between two checks of the storage, however many deliveries ask."""


class VideoObjects:
    """Stores objects under the keys of claimed jobs, and never over others."""

    def __init__(self, store: JobStore, storage: Storage) -> None:
        self._store = store
        self._storage = storage
        self._checking: asyncio.Task[None] | None = None
        self._checked_at = 0.0

    async def check(self) -> None:
        """Return if the storage can be used; who asks within ``CHECK_AGAIN`` shares one check.

        Raises:
            StorageUnavailable: the message gives the reason.

        """
        age = monotonic() - self._checked_at
        if self._checking is None or (self._checking.done() and age >= CHECK_AGAIN):
            self._checked_at = monotonic()
            self._checking = asyncio.create_task(self._storage.check())
        await asyncio.shield(self._checking)  # others may wait for it

    async def put(
        self, job: Job, holder: str, fetched: FetchedVideo, finish: Finish
    ) -> tuple[Job, str]:
        """Store the video and its poster, under the job's key or under the next that is free.

        Return the job with its key, and the key of the poster.

        Raises:
            StorageUnavailable: not everything is stored.

        """
        for _ in range(KEYS_AT_ONCE):
            try:
                await finish(sha256=fetched.video.sha256)
            except ObjectTaken:
                job = await self._make_room(job, holder)
            else:
                if poster := await self._put_poster(job, fetched):
                    return job, poster
                await self._delete_own(job, holder)
                job = await self._next_key(job, holder)
            finish = self.from_disk(job, fetched.video)
        raise StorageUnavailable("The storage says that every key is taken.")

    async def _make_room(self, job: Job, holder: str) -> Job:
        """Delete what an earlier try stored under the job's key, or give the job its next key."""
        there = await self._storage.find(key_of(job), read=False)
        if there is None or there.owner != job.id:
            return await self._next_key(job, holder)
        await self._delete_own(job, holder)  # fal sent other bytes then
        return job

    async def _delete_own(self, job: Job, holder: str) -> None:
        """Delete objects of this job; no library row refers to them.

        Unless the worker that has the lease now has added one: then the lease is lost.
        """
        await self._store.extend(job.id, holder)
        await self.delete(job)

    async def _next_key(self, job: Job, holder: str) -> Job:
        key = key_of(job)
        name = PurePosixPath(key).name  # its folder names the user
        log.warning("[VIDEO JOB %s] %s is taken; using the next key", job.id, name)
        return await self._store.rekey(job.id, holder, taken=key, key_base=key_base_of(job))

    def from_disk(self, job: Job, video: Download) -> Finish:
        """Return what stores a video that has been fetched."""
        return partial(self._storage.put, key_of(job), video.path, owner=job.id)

    def arriving(self, job: Job, file: ArrivingFile) -> AbstractAsyncContextManager[Finish]:
        """Begin to store a video that is being fetched."""
        return self._storage.upload(key_of(job), file, owner=job.id)

    async def _put_poster(self, job: Job, fetched: FetchedVideo) -> str | None:
        """Store the poster and return its key; None if the storage takes nothing under it."""
        key, path = poster_key(key_of(job)), fetched.folder / "poster.jpg"
        poster = fetched.facts.poster
        await asyncio.to_thread(path.write_bytes, poster)
        digest = hashlib.sha256(poster).hexdigest()
        try:
            await self._storage.put(key, path, sha256=digest, owner=job.id)
        except ObjectTaken:
            # A poster that another encoder made at an earlier attempt serves as well.
            return key if await self._storage.find(key, read=False) else None
        return key

    async def delete(self, job: Job) -> None:
        """Delete the video and its poster."""
        await self._storage.delete(key_of(job))
        await self._storage.delete(poster_key(key_of(job)))


def key_of(job: Job) -> str:
    """Return the key of the job's video."""
    assert job.video_key is not None, "a claimed job has its key"
    return job.video_key


def key_base_of(job: Job) -> str:
    """Return what the key begins with, before a number and the kind."""
    return video_key_base(job.user, job.created_at.date(), job.template_slug)
