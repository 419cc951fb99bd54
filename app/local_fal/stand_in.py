"""The stand-in as a whole: what it is made of, and when it works."""

import asyncio
from pathlib import Path
from typing import Self

import httpx

from app.local_fal import routes
from app.local_fal.media import Media
from app.local_fal.model import Model
from app.local_fal.queue import Queue


class LocalFal:
    """fal in a folder: requests and media outlive the process, unfinished renders are taken up.

    ``seconds`` is the length of its videos, at most. Only one process may use a folder at a
    time, and an instance is entered once.
    """

    def __init__(self, folder: Path, *, seconds: float = 5) -> None:
        self._media = Media(folder / "files")
        self._queue = Queue(folder / "requests", Model(self._media, seconds=seconds))
        # Like a server: what breaks inside is a 500, never an exception in the caller's hands.
        self.transport: httpx.AsyncBaseTransport = httpx.ASGITransport(
            routes.build(self._queue, self._media), raise_app_exceptions=False
        )

    async def __aenter__(self) -> Self:
        await asyncio.to_thread(self._media.open)
        await asyncio.to_thread(self._queue.open)
        self._worker = asyncio.create_task(self._queue.work(), name="local fal")
        return self

    async def __aexit__(self, *_: object) -> None:
        self._queue.close()
        await self._worker
