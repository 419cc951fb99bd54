"""The lease under which one worker delivers a job."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from app import times
from app.database.job_store import JobStore
from app.domain.job import Job
from app.errors import LeaseLost
from app.problems import DatabaseUnavailable

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Lease:
    """A lease that is being extended."""

    holder: str
    _extending: asyncio.Task[None]

    def stop_extending(self) -> None:
        """Before the job is ended: to extend the lease of an ended job would look like its loss."""
        self._extending.cancel()


@asynccontextmanager
async def extended_lease(store: JobStore, job: Job, holder: str) -> AsyncIterator[Lease]:
    """Extend the lease while the body runs, or until the body stops that.

    Raises:
        LeaseLost: another worker has the lease, or it cannot be extended; the body was cancelled.

    """
    try:
        async with asyncio.timeout(None) as scope:
            extending = asyncio.create_task(_extend(store, job, holder, scope))
            try:
                yield Lease(holder, extending)
            finally:
                extending.cancel()
    except TimeoutError:
        if scope.expired():
            raise LeaseLost(job.id) from None
        raise


async def _extend(store: JobStore, job: Job, holder: str, scope: asyncio.Timeout) -> None:
    now = asyncio.get_running_loop().time
    extended_at = now()
    while True:
        await asyncio.sleep(times.LEASE_RENEWAL)
        started_at = now()
        try:
            await store.extend(job.id, holder)
            extended_at = started_at
        except LeaseLost:
            break
        except DatabaseUnavailable:
            continue  # the others cannot claim the job either, or its completion fails
        except Exception:  # any: without an extension another worker delivers the job as well
            log.warning("[VIDEO JOB %s] Its lease is not extended", job.id, exc_info=True)
            if now() + times.LEASE_RENEWAL > extended_at + times.LEASE:
                break
    scope.reschedule(now())
