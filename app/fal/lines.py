"""Opens lines to fal while a submit is still being received, so that it waits for no handshake."""

import asyncio
import time
from collections.abc import Callable

import httpx
from fal_client.client import QUEUE_URL_FORMAT

IDLE = 2.0
"""Seconds without a call after which a line may be closed: it is kept for a second longer."""
PATIENCE = 5.0
"""Seconds; a submit that needs the lines sooner opens its own."""


class Lines:
    """The lines that a submit needs: to the host that takes its image, and to fal's queue.

    A line is opened by ``OPTIONS /`` without the key, over the pool that the calls use: a submit
    that is refused leaves nothing at fal. Whatever fails here is met again by the calls themselves,
    which report it.
    """

    def __init__(
        self,
        pool: httpx.AsyncClient,
        upload_host: Callable[[], str | None],
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._pool = pool
        self._upload_host = upload_host
        self._clock = clock
        self._submitted = -float("inf")

    def note_submit(self) -> None:
        """Remember that the lines have just been used."""
        self._submitted = self._clock()

    @property
    def may_be_closed(self) -> bool:
        return self._clock() - self._submitted > IDLE

    async def open(self) -> None:
        """Open both lines. Only an upload's token tells its host, so the first submit opens one."""
        self.note_submit()
        addresses = filter(None, (QUEUE_URL_FORMAT, self._upload_host()))
        try:
            async with asyncio.timeout(PATIENCE):
                await asyncio.gather(*map(self._open, addresses))
        except TimeoutError:
            return

    async def _open(self, address: str) -> None:
        try:
            await self._pool.options(httpx.URL(address).join("/"))
        except (httpx.HTTPError, httpx.InvalidURL):
            return
