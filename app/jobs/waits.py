"""How long jobs take, for those who wait for one: read beside the answers, never before one."""

import time
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress

from app.caching.cached import Cached
from app.domain.waiting import WaitRange
from app.errors import ServiceError
from app.server.tasks import BackgroundTasks

LIFETIME = 60.0
"""Seconds until the latest videos are looked at again."""


class Waits:
    """The ranges of all templates, as they were known a minute ago."""

    def __init__(
        self,
        load: Callable[[], Awaitable[Mapping[str, WaitRange]]],
        background: BackgroundTasks,
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Read nothing yet; ``load`` returns the ranges by the template's slug."""
        self._ranges = Cached(
            load,
            name="the times to wait",
            lifetime=LIFETIME,
            min_interval=LIFETIME,
            failures=(ServiceError,),
            clock=clock,
        )
        self._background = background

    @property
    def known(self) -> Mapping[str, WaitRange]:
        """What is known now; old ranges are replaced in the background."""
        if self._ranges.seconds_left <= 0:
            self._background.start("times to wait", self._load())
        return self._ranges.known or {}

    async def _load(self) -> None:
        with suppress(ServiceError):  # it is logged
            await self._ranges.get()
