"""Deletes the objects of deleted videos, also if the storage is away for a while."""

import asyncio
import logging

from app import times
from app.database.deletion_store import DeletionStore
from app.domain.deletion import DueDeletion
from app.errors import StorageUnavailable
from app.jobs.rounds import Rounds
from app.storage.protocol import Storage
from app.telemetry.metrics import DELETION_AGE, DELETIONS, DELETIONS_WAITING

log = logging.getLogger(__name__)

BATCH = 16
"""Videos whose objects one round deletes at the same time."""


class Deletions(Rounds):
    """Takes due deletions from the database and carries them out.

    Every object is deleted twice, the second time some minutes later: a delivery that has lost its
    lease may still be storing the video, and would leave it there.
    """

    task, work, batch = "deletions", "deletion of objects", BATCH

    def __init__(self, store: DeletionStore, storage: Storage) -> None:
        super().__init__()
        self._store = store
        self._storage = storage

    async def _round(self) -> int:
        due = await self._take_due(self._store)
        await self._do_all(due, self._carry_out)
        waiting, oldest = await self._store.waiting()
        DELETIONS_WAITING.set(waiting)
        DELETION_AGE.set(oldest)
        return len(due)

    async def _carry_out(self, due: DueDeletion) -> None:
        gone = await asyncio.gather(*(self._delete(key, due.job_id) for key in due.keys))
        left = [key for key, is_gone in zip(due.keys, gone, strict=True) if not is_gone]
        DELETIONS.labels("failed" if left else "done").inc()
        if not left and due.round == 0:
            log.info("[VIDEO JOB %s] Its objects are deleted", due.job_id)
        await self._store.done(due, left)

    async def _delete(self, key: str, job_id: str) -> bool:
        """Delete an object, or return False: it is tried again later, and no other waits for it."""
        try:
            async with asyncio.timeout(times.DELETION_PATIENCE):
                await self._storage.delete(key)
        except TimeoutError:
            log.warning("[VIDEO JOB %s] Not deleted yet: The storage hangs.", job_id)
        except StorageUnavailable as error:
            log.warning("[VIDEO JOB %s] Not deleted yet: %s", job_id, error)
        except Exception:  # any: what a storage raises for one object is not known
            log.exception("[VIDEO JOB %s] Not deleted yet", job_id)
        else:
            return True
        return False
