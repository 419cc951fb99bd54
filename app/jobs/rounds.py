"""Rounds of work: what is due is done, a batch at a time, again and again."""

import asyncio
import functools
import logging
import random
from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, ClassVar, Protocol, TypeVar

from app import times
from app.database.errors import Refused
from app.errors import ServiceError
from app.problems import DatabaseUnavailable
from app.telemetry.metrics import TASK_FAILURES

log = logging.getLogger(__name__)


class OfJob(Protocol):
    """What is due for a job."""

    @property
    def job_id(self) -> str: ...


Due = TypeVar("Due")
DueOfJob = TypeVar("DueOfJob", bound=OfJob)


class DueStore(Protocol[Due]):
    """Rows of the database that are due."""

    async def due(self, limit: int) -> Sequence[Any]:
        """Return the ids of rows that are due."""
        ...

    async def take_due(self, limit: int, only: Sequence[Any] | None = None) -> list[Due]:
        """Take the rows that are due, or those with the ids ``only``.

        Raises:
            Refused: the database cannot change one of the rows, and has changed none.

        """
        ...


class Rounds(ABC):
    """Does what is due in the database; a database that is away only delays it.

    A fault is logged and counted, and the next round tries again. A row that has one holds up no
    other.
    """

    task: ClassVar[str]
    """The name of the supervised task that runs it."""
    work: ClassVar[str]
    """What the log calls it."""
    batch: ClassVar[int]
    """The most that one round does."""

    async def run(self) -> None:
        """Do one round, then wait if nothing is left; the supervised task calls this for ever."""
        if await self.once() < self.batch:
            # The jitter keeps several processes from looking at the same instant.
            jitter = random.uniform(-times.SWEEP_JITTER, times.SWEEP_JITTER)  # noqa: S311
            await asyncio.sleep(self.interval * (1 + jitter))

    async def once(self) -> int:
        """Do one round; return how much of what was due could be taken, at most a batch."""
        try:
            return await self._round()
        except DatabaseUnavailable as error:
            log.warning("The %s waits for the database: %s (%r)", self.work, error, error.__cause__)
            return 0

    @property
    def interval(self) -> float:
        """Seconds between two rounds."""
        return times.SWEEP_INTERVAL

    @abstractmethod
    async def _round(self) -> int: ...

    async def _take_due(self, store: DueStore[Due]) -> list[Due]:
        """Take a batch of due rows; leave out those that the database refuses to change."""
        take = functools.partial(store.take_due, self.batch)
        try:
            return await take()
        except Refused:
            return await self._take(await store.due(self.batch), take)

    async def _take(
        self, ids: Sequence[Any], take: Callable[[Sequence[Any]], Awaitable[Sequence[Due]]]
    ) -> list[Due]:
        """Take the rows with these ids, as :meth:`_take_due` does."""
        if not ids:
            return []
        try:
            return list(await take(ids))
        except Refused:
            if len(ids) == 1:
                self._count_fault()
                log.exception("The %s leaves out %s", self.work, self._name_of(ids[0]))
                return []
        half = len(ids) // 2
        return [*await self._take(ids[:half], take), *await self._take(ids[half:], take)]

    async def _do_all(
        self, due: Sequence[DueOfJob], do: Callable[[DueOfJob], Awaitable[object]]
    ) -> None:
        """Do everything at the same time; one job that fails holds up no other."""
        outcomes = await asyncio.gather(*map(do, due), return_exceptions=True)
        for each, outcome in zip(due, outcomes, strict=True):
            if not isinstance(outcome, BaseException):
                continue
            if not isinstance(outcome, Exception):
                raise outcome
            if is_fault(outcome):
                self._count_fault()
                log.error("[VIDEO JOB %s] Not processed", each.job_id, exc_info=outcome)
            else:
                log.warning("[VIDEO JOB %s] Not processed: %s", each.job_id, outcome)

    def _count_fault(self) -> None:
        TASK_FAILURES.labels(self.task).inc()

    def _name_of(self, row_id: Any) -> str:
        """Return what the log calls a row."""
        return str(row_id)


def is_fault(error: Exception) -> bool:
    """Return whether the code or the schema is wrong; other errors are expected to pass."""
    return isinstance(error, Refused) or not isinstance(error, ServiceError)
