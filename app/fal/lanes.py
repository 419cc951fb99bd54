"""Bounds how many calls of each kind are in flight, so that one slow kind cannot starve another."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from app.errors import FalUnavailable

LANES = {
    "fal.upload": 64,
    "fal.submit": 64,
    "fal.status": 64,
    "fal.result": 32,  # more than the deliveries of one process
    "fal.cancel": 16,
}
"""The most calls of each kind that are in flight at once."""
LANE_WAIT = 5.0
"""Seconds that a call waits for its turn."""


class Lane:
    """Admits calls in the order in which they came.

    Calls wait for their turn instead of failing at once: the streams of one process ask for all of
    their jobs together, and the same jobs would fail each time.
    """

    def __init__(self, calls: int) -> None:
        self._turns = asyncio.Semaphore(calls)

    @asynccontextmanager
    async def turn(self) -> AsyncIterator[None]:
        """Hold one of the lane's places.

        Raises:
            FalUnavailable: no place became free in time; nothing was sent.

        """
        try:
            async with asyncio.timeout(LANE_WAIT):
                await self._turns.acquire()
        except TimeoutError as error:
            raise FalUnavailable("fal answers too slowly") from error
        try:
            yield
        finally:
            self._turns.release()
