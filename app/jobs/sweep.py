"""Processes the jobs that are due, with no browser open."""

import asyncio
import logging

from app.database.job_store import JobStore
from app.errors import ServiceError
from app.jobs.lifecycle import Lifecycle
from app.jobs.rounds import Rounds
from app.telemetry.metrics import SWEEP_LAG, SWEPT, SWEPT_AT

log = logging.getLogger(__name__)

BATCH = 50
"""Due jobs that one sweep processes concurrently."""


class Sweep(Rounds):
    """Takes due jobs from the database and processes them."""

    work, batch = "sweep", BATCH

    def __init__(self, store: JobStore, lifecycle: Lifecycle) -> None:
        self._store = store
        self._lifecycle = lifecycle

    async def _round(self) -> int:
        due = await self._store.take_due(BATCH)
        SWEPT_AT.set_to_current_time()
        SWEPT.inc(len(due))
        SWEEP_LAG.set(max((each.overdue_seconds for each in due), default=0.0))
        processing = (self._lifecycle.process_due(each) for each in due)
        # One job that cannot be processed must not hold up the others.
        outcomes = await asyncio.gather(*processing, return_exceptions=True)
        for each, outcome in zip(due, outcomes, strict=True):
            if isinstance(outcome, ServiceError):
                log.warning("[VIDEO JOB %s] Not processed: %s", each.job.id, outcome)
            elif isinstance(outcome, Exception):
                log.error("[VIDEO JOB %s] Not processed", each.job.id, exc_info=outcome)
            elif outcome is not None:
                raise outcome
        return len(due)
