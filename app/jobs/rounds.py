"""Rounds of work: what is due is done, a batch at a time, again and again."""

import asyncio
import functools
import logging
import random
from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Sequence
from time import monotonic
from typing import Any, ClassVar, Protocol, TypeVar

from app import times
from app.database.errors import Refused
from app.errors import ServiceError
from app.problems import DatabaseUnavailable
from app.telemetry.metrics import TASK_FAILURES

log = logging.getLogger(__name__)

LEFT_OUT = 10_000
"""How many rows that cannot be changed are remembered; more could hide others."""
TELL_AGAIN = 120
"""Seconds after which the fault of a row is logged again."""


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

    def __init__(self) -> None:
        self._left_out: dict[str, float] = {}
        """When the fault of a row was logged; the row that was tried last is the last."""

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
        try:
            return await store.take_due(self.batch)
        except Refused:
            limit = self._to_look_at()
            ids = self._to_try(await store.due(limit))
            return await self._take(ids, functools.partial(store.take_due, limit))

    def _to_look_at(self) -> int:
        """Return how many due rows to read, so that those left out hide no others."""
        return self.batch + len(self._left_out)

    def _to_try(self, ids: Sequence[Any]) -> Sequence[Any]:
        """Return a batch of the rows; those left out come last, and the last one tried at the end.

        Their order does not depend on time: however many they are, the others have their turn.
        """
        tried = {name: number for number, name in enumerate(self._left_out, start=1)}
        return sorted(ids, key=lambda each: tried.get(str(each), 0))[: self.batch]

    async def _take(
        self, ids: Sequence[Any], take: Callable[[Sequence[Any]], Awaitable[Sequence[Due]]]
    ) -> list[Due]:
        """Take the rows with these ids, as :meth:`_take_due` does."""
        if not ids:
            return []
        try:
            taken = list(await take(ids))
        except Refused as error:
            if len(ids) == 1:
                self._leave_out(ids[0], error)
                return []
        else:
            for each in ids:
                self._left_out.pop(str(each), None)
            return taken
        half = len(ids) // 2
        return [*await self._take(ids[:half], take), *await self._take(ids[half:], take)]

    def _leave_out(self, row_id: Any, error: Refused) -> None:
        """Log and count the fault of a row, unless that was done lately."""
        name, now = str(row_id), monotonic()
        logged_at = self._left_out.pop(name, None)
        if logged_at is None or now - logged_at >= TELL_AGAIN:
            logged_at = now
            self._count_fault()
            log.error("The %s leaves out %s", self.work, self._name_of(row_id), exc_info=error)
        self._left_out[name] = logged_at
        if len(self._left_out) > LEFT_OUT:
            del self._left_out[next(iter(self._left_out))]

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
