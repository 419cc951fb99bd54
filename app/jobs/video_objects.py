"""The objects of a job's video: the file that fal made, and its poster."""

import asyncio
import hashlib
import logging
from contextlib import AbstractAsyncContextManager, suppress
from functools import partial
from pathlib import Path, PurePosixPath
from time import monotonic

from app.database.job_store import JobStore
from app.domain.job import Job
from app.errors import ObjectTaken
from app.media.downloads import Download
from app.storage.arriving_file import ArrivingFile
from app.storage.keys import poster_key, video_key_base
from app.storage.protocol import Finish, Storage

log = logging.getLogger(__name__)

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

    async def put(self, job: Job, holder: str, video: Download, finish: Finish) -> Job:
        """Store the bytes under the job's key, or under the next one if other bytes are there."""
        while True:
            key = key_of(job)
            try:
                await finish(sha256=video.sha256)
            except ObjectTaken:
                there = await self._storage.find(key, read=False)
                if there is not None and there.owner == job.id:
                    # An earlier try stored what fal sent then; no library row refers to it, unless
                    # the worker that has the lease now has added one.
                    await self._store.extend(job.id, holder)
                    await self.delete(job)
                else:
                    name = PurePosixPath(key).name  # its folder names the user
                    log.warning("[VIDEO JOB %s] %s is taken; using the next key", job.id, name)
                    job = await self._store.rekey(
                        job.id, holder, taken=key, key_base=key_base_of(job)
                    )
                finish = self.from_disk(job, video)
            else:
                return job

    def from_disk(self, job: Job, video: Download) -> Finish:
        """Return what stores a video that has been fetched."""
        return partial(self._storage.put, key_of(job), video.path, owner=job.id)

    def arriving(self, job: Job, file: ArrivingFile) -> AbstractAsyncContextManager[Finish]:
        """Begin to store a video that is being fetched."""
        return self._storage.upload(key_of(job), file, owner=job.id)

    async def put_poster(self, job: Job, poster: bytes, path: Path) -> str:
        """Store the poster, after writing it to ``path``; return its key."""
        key = poster_key(key_of(job))
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
