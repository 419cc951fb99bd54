"""Rounds of work: what is due is done, a batch at a time, again and again."""

import asyncio
import logging
import random
from abc import ABC, abstractmethod
from typing import ClassVar

from app import times
from app.errors import ServiceError

log = logging.getLogger(__name__)


class Rounds(ABC):
    """Does what is due in the database; a database that is away only delays it."""

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
        """Do one round; return how much was due, at most a batch."""
        try:
            return await self._round()
        except ServiceError as error:
            log.warning("The %s waits for the database: %s (%r)", self.work, error, error.__cause__)
            return 0

    @property
    def interval(self) -> float:
        """Seconds between two rounds."""
        return times.SWEEP_INTERVAL

    @abstractmethod
    async def _round(self) -> int: ...
