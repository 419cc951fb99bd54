"""Measures the unfinished jobs of all processes for ``/metrics``."""

import asyncio
import random
from collections import Counter, defaultdict
from contextlib import suppress

from app import times
from app.database.client import Database
from app.database.unfinished_jobs import read_unfinished
from app.domain.job import Stage
from app.problems import DatabaseUnavailable
from app.telemetry.metrics import OLDEST, UNCONFIRMED, UNFINISHED, WAITING_DELIVERIES

INTERVAL = 15.0
"""Seconds between two looks, as often as Prometheus asks."""


class UnfinishedGauges:
    """Keeps the gauges up to date, so that a scrape reads nothing from the database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def run(self) -> None:
        """Wait, then measure; the supervised task calls this for ever."""
        jitter = random.uniform(-times.SWEEP_JITTER, times.SWEEP_JITTER)  # noqa: S311
        await asyncio.sleep(INTERVAL * (1 + jitter))
        with suppress(DatabaseUnavailable):  # the sweep logs it, and has an alert
            await self.measure()

    async def measure(self) -> None:
        """Read the unfinished jobs and set every gauge; raises DatabaseUnavailable."""
        found = await read_unfinished(self._database)
        jobs, oldest = Counter[Stage](), defaultdict[Stage, int](int)
        for each in found:
            jobs[each.stage] += each.jobs
            oldest[each.stage] = max(oldest[each.stage], each.oldest)
        for stage in Stage:
            if stage is not Stage.DONE:
                UNFINISHED.labels(stage).set(jobs[stage])
                OLDEST.labels(stage).set(oldest[stage])
        UNCONFIRMED.set(sum(each.jobs for each in found if each.unconfirmed))
        WAITING_DELIVERIES.set(sum(each.jobs for each in found if each.waiting))
