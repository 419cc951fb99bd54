"""Whether the database can be written now, for the readiness route."""

import asyncio
import time
from collections.abc import Callable

from app import times
from app.database.client import Database
from app.errors import ServiceError
from app.problems import DatabaseUnavailable

INTERVAL = 1.0
"""Seconds between two probes: however many ask, the database is written once a second."""


class WriteProbe:
    """Writes a row and reads it back; everyone who asks within a second shares the outcome."""

    def __init__(self, database: Database, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._database = database
        self._clock = clock
        self._probing = asyncio.Lock()
        self._next_probe = clock()
        self._failure: ServiceError | None = None

    async def check(self) -> None:
        """Return if the database could be written less than a second ago.

        Raises:
            DatabaseUnavailable: it cannot be written, or does not answer within 1.8 s.

        """
        try:
            async with asyncio.timeout(times.DATABASE_CALL), self._probing:
                if self._clock() >= self._next_probe:
                    await self._probe()
        except TimeoutError as error:
            raise DatabaseUnavailable from error
        if self._failure is not None:
            raise DatabaseUnavailable from self._failure

    async def _probe(self) -> None:
        try:
            await self._database.check()
        except ServiceError as failure:
            self._failure = failure
        else:
            self._failure = None
        self._next_probe = self._clock() + INTERVAL
