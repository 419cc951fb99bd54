"""Bounds on the memory that requests in progress may hold together."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from app.problems import TooBusy

RETRY_AFTER = 5
"""Seconds, for a request that finds no room."""


class MemoryBudget:
    """Counts bytes in use: at most ``total``, and at most ``per_owner`` of one owner.

    With ``shares``, ``per_owner`` shrinks in proportion to what the other owners leave, so that
    many owners who take all they can leave room for one who has nothing.
    """

    def __init__(self, total: int, *, per_owner: int | None = None, shares: bool = False) -> None:
        self._total = total
        self._shares = shares
        self._per_owner = total if per_owner is None else per_owner
        self._used = 0
        self._by_owner: Counter[str] = Counter()
        self._freed = asyncio.Event()

    def take(self, size: int, owner: str = "") -> bool:
        """Count ``size`` bytes as used, or return False if there is no room for them."""
        own = self._by_owner[owner]
        if self._used + size > self._total or own + size > self._per_owner:
            return False
        left = self._total - (self._used - own)
        if self._shares and own >= self._per_owner * left // self._total:
            return False
        self._used += size
        self._by_owner[owner] += size
        return True

    def give_back(self, size: int, owner: str = "") -> None:
        """Count ``size`` bytes as free again."""
        self._used -= size
        self._by_owner[owner] -= size
        if not self._by_owner[owner]:
            del self._by_owner[owner]
        self._freed.set()

    @asynccontextmanager
    async def hold(self, size: int, owner: str, *, patience: float = 0.0) -> AsyncIterator[None]:
        """Hold ``size`` bytes while the body runs; wait up to ``patience`` seconds for them.

        Raises:
            TooBusy: there is no room for them.

        """
        try:
            async with asyncio.timeout(patience or None):
                while not self.take(size, owner):
                    if not patience:
                        raise too_busy()
                    self._freed.clear()
                    await self._freed.wait()
        except TimeoutError as error:
            raise too_busy() from error
        try:
            yield
        finally:
            self.give_back(size, owner)


def too_busy() -> TooBusy:
    """Return the problem for a request that finds no room; its connection is closed."""
    return TooBusy(
        "Too much is being sent at once; try again soon.",
        retry_after=RETRY_AFTER,
        headers={"Connection": "close"},  # otherwise the server reads the rest of the body
    )
