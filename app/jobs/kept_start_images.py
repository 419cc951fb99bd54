"""Start images are kept in the storage: beside their jobs, and never in their way.

An image is on disk when the memory of its request is released, and is stored after the submit is
answered. Whatever fails costs only the picture.
"""

import asyncio
import hashlib
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from time import monotonic

import stamina

from app import times
from app.database.job_store import JobStore
from app.domain.job import Job
from app.domain.submission import Submission
from app.errors import ServiceError
from app.problems import DatabaseUnavailable
from app.server.memory import MemoryBudget
from app.server.tasks import BackgroundTasks
from app.storage.keys import start_key
from app.storage.protocol import Storage
from app.telemetry.metrics import START_IMAGES

log = logging.getLogger(__name__)

CONCURRENT = 2
"""Images in transfer. Eight deliveries and these use the ten connections of the S3 client."""
CONCURRENT_WRITES = 2
"""Images being written to the scratch folder; a disk that hangs holds no more in memory."""
SMALLEST_SHARE = 1024 * 1024
"""What the smallest image counts in the backlog, since its task holds memory as well."""
USER_BACKLOG_BYTES = 32 * 1024 * 1024
"""Images of one user on disk, waiting for the storage. Further ones are not kept."""
USERS = 8
"""Users who can have the most at once."""
WRITE_PATIENCE = 0.5
"""Seconds for an image to reach the disk that has just received it, after fal has accepted it."""
DATABASE_PATIENCE = 60.0
"""Seconds of tries to ask the database about an image, or to record one that is stored."""


@dataclass
class _Waiting:
    """An image on its way to the storage."""

    job: Job
    key: str
    size: int
    """As it counts in the backlog."""
    path: Path
    data: bytes | None = field(repr=False)
    """None when the memory of its request is released."""
    since: float = field(default_factory=monotonic)
    """When its job had just been opened."""

    def write(self) -> str | None:
        """Write the file and return its digest; None if the memory was released before."""
        data = self.data
        if data is None:
            return None
        self.path.write_bytes(data)
        return hashlib.sha256(data).hexdigest()


class KeptStartImages:
    """Stores start images within bounds of disk and memory; without ``enabled`` none."""

    def __init__(
        self,
        store: JobStore,
        storage: Storage,
        background: BackgroundTasks,
        *,
        scratch: Path,
        max_image_bytes: int,
        enabled: bool,
    ) -> None:
        self._store = store
        self._storage = storage
        self._background = background
        self._scratch = scratch
        self._enabled = enabled
        per_user = max(USER_BACKLOG_BYTES, max_image_bytes)
        self._backlog = MemoryBudget(USERS * per_user, per_owner=per_user)
        self._writes = asyncio.Semaphore(CONCURRENT_WRITES)
        self._places = asyncio.Semaphore(CONCURRENT)
        self._is_losing = False

    def key_of(self, submission: Submission) -> str | None:
        """Return the key that the job is opened with; None if its image is not to be kept.

        The row names the object before there is one, so a deletion finds it after any crash.
        """
        if not self._enabled:
            return None
        return start_key(submission.user, submission.job_id, submission.image.extension)

    @asynccontextmanager
    async def keeping(self, job: Job, data: bytes) -> AsyncIterator[None]:
        """Write the image to disk while the body runs; store it in the background afterwards."""
        size = max(len(data), SMALLEST_SHARE)
        if job.start_key is None:
            yield
            return
        if not self._backlog.take(size, job.user):
            self._lost(job, "Too many images wait for the storage.")
            yield
            return
        path = self._scratch / f"{job.id}.start"
        image = _Waiting(job=job, key=job.start_key, size=size, path=path, data=data)
        writing = asyncio.create_task(self._write(image))
        try:
            yield
        finally:
            try:
                await asyncio.wait({writing}, timeout=WRITE_PATIENCE)
            finally:
                image.data = None
                self._background.start(f"keep image {job.id}", self._keep(image, writing))

    async def _write(self, image: _Waiting) -> str | None:
        async with self._writes:
            return await asyncio.to_thread(image.write)

    async def _keep(self, image: _Waiting, writing: "asyncio.Task[str | None]") -> None:
        try:
            digest = await writing
            if digest is None:
                self._lost(image.job, "The disk of TMPDIR is too slow.")
                return
            async with self._places:
                is_stored = await self._put(image, digest)
            if is_stored:
                await self._record(image)
                self._is_losing = False
                START_IMAGES.labels("stored").inc()
        except TimeoutError:
            self._lost(image.job, "The storage hangs.")
        except (ServiceError, OSError) as error:
            self._lost(image.job, error)
        finally:
            with suppress(OSError):
                image.path.unlink(missing_ok=True)
            self._backlog.give_back(image.size, image.job.user)

    async def _put(self, image: _Waiting, digest: str) -> bool:
        """Store the image; return False if its job is deleted already.

        A deletion that begins later deletes all objects a second time, when the time for storing
        one is over: whenever this process dies, it leaves no object behind.
        """
        if monotonic() - image.since >= times.START_IMAGE_FRESH:
            job = await _answer(self._store.get, image.job.id)
            if job.deleted_at is not None:
                return False
        async with asyncio.timeout(times.START_IMAGE_PUT):
            await self._storage.put(image.key, image.path, sha256=digest, owner=image.job.id)
        return True

    async def _record(self, image: _Waiting) -> None:
        """Record that the image is stored; delete it if its job was deleted meanwhile."""
        job = await _answer(self._store.start_image_stored, image.job.id)
        if not job.start_image_is_stored:
            await self._storage.delete(image.key)

    def _lost(self, job: Job, why: object) -> None:
        """Count the picture; log the first one of an outage."""
        START_IMAGES.labels("lost").inc()
        if not self._is_losing:
            log.warning("[VIDEO JOB %s] Its start image is not kept: %s", job.id, why)
        self._is_losing = True


async def _answer(ask: Callable[[str], Awaitable[Job]], job_id: str) -> Job:
    """Ask the database until it answers; raises DatabaseUnavailable if it does not in time."""
    async for attempt in stamina.retry_context(
        on=DatabaseUnavailable, attempts=None, timeout=DATABASE_PATIENCE, wait_max=5.0
    ):
        with attempt:
            return await ask(job_id)
    raise AssertionError("stamina retries until an answer or the end of its patience")
