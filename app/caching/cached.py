"""One value from another system, loaded when it is needed and kept for a while."""

import asyncio
import logging
import math
import time
from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

log = logging.getLogger(__name__)

T = TypeVar("T")


class Explained(Exception):
    """A failure whose text may be logged: it holds no URL."""


class Cached(Generic[T]):
    """Loads a value at most once at a time and keeps the last good one when a load fails."""

    def __init__(
        self,
        load: Callable[[], Awaitable[T]],
        *,
        name: str,
        lifetime: float,
        min_interval: float,
        failures: tuple[type[Exception], ...],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Load nothing yet.

        Args:
            load: fetches the value.
            name: what the log calls the value.
            lifetime: seconds until the value is loaded again.
            min_interval: seconds between two loads, also when the first one failed.
            failures: errors of ``load`` that may pass; any other error reaches the caller.
            clock: seconds since any point in time.

        """
        self._load = load
        self._name = name
        self._lifetime = lifetime
        self._min_interval = min_interval
        self._failures = failures
        self._clock = clock
        self._value: T | None = None
        self._failure: Exception | None = None
        self._loaded = -math.inf
        self._tried = -math.inf
        self._loading = asyncio.Lock()

    @property
    def known(self) -> T | None:
        """The last good value, without a load."""
        return self._value

    @property
    def age(self) -> float:
        """Seconds since the last good value was loaded; endless if there is none."""
        return self._clock() - self._loaded

    @property
    def seconds_left(self) -> float:
        """Seconds until the value is loaded again; negative once it is too old."""
        return self._lifetime - self.age

    async def get(self, *, newest: bool = False) -> T:
        """Return the value; ``newest`` loads it again even if it is not old.

        Raises:
            Exception: the failure of the last load, if no load has ever succeeded.

        """
        if newest or self.seconds_left <= 0:
            async with self._loading:  # callers that wait here share the outcome of one load
                if self._clock() - self._tried >= self._min_interval:
                    await self._try_to_load()
        if self._value is None:
            assert self._failure is not None, "a load has succeeded or failed"
            raise self._failure.with_traceback(None)  # it would grow with every caller
        return self._value

    async def reload(self) -> None:
        """Load the value again, which has just changed; if that fails, soon."""
        async with self._loading:  # a load that began before the change may be under way
            self._loaded = -math.inf
            await self._try_to_load()

    async def _try_to_load(self) -> None:
        try:
            self._value = await self._load()
        except self._failures as failure:
            self._failure = failure
            used = "None is known yet." if self._value is None else "The last good value is used."
            # The text of an error may hold a URL with a secret, so its type is logged.
            reason = str(failure) if isinstance(failure, Explained) else type(failure).__name__
            log.warning("Cannot load %s: %s. %s", self._name, reason, used)
        else:
            self._loaded = self._clock()
        self._tried = self._clock()
