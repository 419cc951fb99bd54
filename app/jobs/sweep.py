"""What nobody watches: jobs that are due are looked at, with no browser open."""

import asyncio
import logging
import random

from app import times
from app.database.job_store import JobStore
from app.errors import ServiceError
from app.jobs.lifecycle import Lifecycle
from app.telemetry.metrics import SWEEP_LAG, SWEPT, SWEPT_AT

log = logging.getLogger(__name__)

AT_ONCE = 50
"""Jobs that are attended to beside each other."""


class Sweep:
    """Looks for due jobs for as long as it runs."""

    def __init__(self, store: JobStore, lifecycle: Lifecycle) -> None:
        self._store = store
        self._lifecycle = lifecycle

    async def run(self) -> None:
        """Sweep until cancelled."""
        while True:
            if await self.once() < AT_ONCE:
                # Several processes beside each other shall not all look at the same instant.
                jitter = random.uniform(-times.SWEEP_JITTER, times.SWEEP_JITTER)  # noqa: S311
                await asyncio.sleep(times.SWEEP_INTERVAL * (1 + jitter))

    async def once(self) -> int:
        """Attend to what is due now; return how many jobs that were."""
        try:
            due = await self._store.take_due(AT_ONCE)
        except ServiceError as error:
            log.warning("The sweep goes on once the database does: %s (%r)", error, error.__cause__)
            return 0
        SWEPT_AT.set_to_current_time()
        SWEPT.inc(len(due))
        SWEEP_LAG.set(max((job.overdue for job in due), default=0.0))
        attended = (self._lifecycle.attend(job) for job in due)
        # One job that nobody can make anything of must not hold up the others.
        outcomes = await asyncio.gather(*attended, return_exceptions=True)
        for job, outcome in zip(due, outcomes, strict=True):
            if isinstance(outcome, ServiceError):
                log.warning("[VIDEO JOB %s] Not attended to: %s", job.id, outcome)
            elif isinstance(outcome, Exception):
                log.error("[VIDEO JOB %s] Not attended to", job.id, exc_info=outcome)
            elif outcome is not None:
                raise outcome
        return len(due)
