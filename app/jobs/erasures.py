"""Erases users: cancels what they have under way, deletes their videos, empties personal fields."""

import asyncio
import logging
from typing import Any

from app.database.erasure_store import ErasureStore
from app.database.job_store import JobStore
from app.domain.deletion import DueErasure
from app.jobs.lifecycle import Lifecycle
from app.jobs.rounds import Rounds
from app.problems import DatabaseUnavailable, JobFinished
from app.telemetry.logs import digest_of_user
from app.telemetry.metrics import ERASURE_AGE

log = logging.getLogger(__name__)

BATCH = 8
"""Users whose erasure one round continues, one after the other."""


class Erasures(Rounds):
    """Continues each erasure until every job has ended and is erased, and every object is gone.

    A job that finishes all the same is charged first: fal has made its video and bills it.
    """

    task, work, batch = "erasures", "erasure of users", BATCH

    def __init__(self, store: ErasureStore, jobs: JobStore, lifecycle: Lifecycle) -> None:
        super().__init__()
        self._store = store
        self._jobs = jobs
        self._lifecycle = lifecycle

    async def _round(self) -> int:
        due = await self._take_due(self._store)
        for each in due:
            await self._try(each)
        ERASURE_AGE.set(await self._store.oldest())
        return len(due)

    def _name_of(self, row_id: Any) -> str:
        return digest_of_user(row_id.id)

    async def _try(self, due: DueErasure) -> None:
        try:
            await self._continue(due)
        except DatabaseUnavailable:
            raise
        except Exception:  # any: it is tried again later, and no other waits for it
            self._count_fault()
            log.exception("An erasure cannot be continued")

    async def _continue(self, due: DueErasure) -> None:
        for job_id in await self._store.to_cancel(due):
            await self._cancel(job_id, due.user)
        while ended := await self._store.ended(due):
            if not await self._jobs.erase(due.user, ended):
                break  # another process has erased them
        if await self._store.finish(due):
            log.info("An erasure is finished")

    async def _cancel(self, job_id: str, user: str) -> None:
        try:
            # In a task of its own, which has the job as its context for the log.
            await asyncio.create_task(self._lifecycle.cancel(job_id, user))
        except JobFinished:
            return  # it is being stored, or has just ended: a later round erases it
        except DatabaseUnavailable:
            raise
        except Exception:  # any: a job that cannot be read must not hold up the others
            self._count_fault()
            log.exception("[VIDEO JOB %s] Not cancelled for an erasure", job_id)
