"""Keeps the jobs of open streams up to date, including jobs that other processes started."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any

from app.domain.job import Job
from app.errors import ServiceError
from app.jobs.subscriptions import Subscriptions
from app.problems import DatabaseUnavailable

log = logging.getLogger(__name__)

REFRESH_INTERVAL = 1.0
"""Seconds between two refreshes of the jobs that streams are about."""
ROUNDS = 2
"""Refreshes after which the database is asked for jobs that other processes started."""


class LiveUpdates:
    """The work behind the open streams. Both methods are supervised tasks that run for ever."""

    def __init__(
        self,
        subscriptions: Subscriptions,
        under_way: Callable[[list[str]], Awaitable[list[str]]],
        latest: Callable[[str], Coroutine[Any, Any, Job]],
    ) -> None:
        self._subscriptions = subscriptions
        self._under_way = under_way
        self._latest = latest

    async def welcome(self) -> None:
        """Push the unfinished jobs of users who have just opened a stream.

        One query serves all users who arrive while the previous query runs.
        """
        await self._find(await self._subscriptions.arrivals())

    async def refresh(self) -> None:
        """Refresh the jobs of all streams for a while, then look for new jobs."""
        for _ in range(ROUNDS):
            await asyncio.sleep(REFRESH_INTERVAL)
            await self._push(self._subscriptions.unfinished)
        await self._find(self._subscriptions.users_of_all_jobs)

    async def _find(self, users: set[str]) -> None:
        listening = users & self._subscriptions.users_of_all_jobs
        if not listening:
            return
        try:
            found = await self._under_way(list(listening))
        except DatabaseUnavailable:
            return  # the streams stay open and continue when the database is back
        except ServiceError as error:
            log.error("Cannot look up new jobs: %s", error)  # noqa: TRY400 no traceback needed
            return
        await self._push(set(found))

    async def _push(self, job_ids: set[str]) -> None:
        # One job that cannot be refreshed must not hold up the others.
        outcomes = await asyncio.gather(*map(self._push_one, job_ids), return_exceptions=True)
        for job_id, outcome in zip(job_ids, outcomes, strict=True):
            if isinstance(outcome, Exception) and not isinstance(outcome, ServiceError):
                log.error("[VIDEO JOB %s] Cannot be refreshed", job_id, exc_info=outcome)

    async def _push_one(self, job_id: str) -> None:
        self._subscriptions.publish(await self._latest(job_id))
