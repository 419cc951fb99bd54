"""The lease under which one worker delivers a job."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from app import times
from app.database.job_store import JobStore
from app.domain.job import Job
from app.errors import LeaseLost
from app.problems import DatabaseUnavailable


@asynccontextmanager
async def extended_lease(store: JobStore, job: Job, holder: str) -> AsyncIterator[None]:
    """Extend the lease while the body runs.

    Raises:
        LeaseLost: another worker has the lease; the body was cancelled.

    """
    try:
        async with asyncio.timeout(None) as scope:
            extending = asyncio.create_task(_extend(store, job, holder, scope))
            try:
                yield
            finally:
                extending.cancel()
    except TimeoutError:
        if scope.expired():
            raise LeaseLost(job.id) from None
        raise


async def _extend(store: JobStore, job: Job, holder: str, scope: asyncio.Timeout) -> None:
    while True:
        await asyncio.sleep(times.LEASE_RENEWAL)
        try:
            await store.extend(job.id, holder)
        except LeaseLost:
            scope.reschedule(asyncio.get_running_loop().time())
            return
        except DatabaseUnavailable:
            continue
