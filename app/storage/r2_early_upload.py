"""An upload to R2 that begins before its file has arrived."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from app.errors import StorageUnavailable
from app.storage.r2_multipart import PART_BYTES, Approval

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from app.storage.arriving_file import ArrivingFile

log = logging.getLogger(__name__)


Send = Callable[[Approval], Awaitable[None]]
"""Sends the file, and stores it once it is approved."""


class EarlyUpload:
    """Sends the parts of an arriving file. Nothing can be seen under its key until it is approved.

    A file that fits into one part is not sent before its end: one request stores it then.
    """

    def __init__(self, source: ArrivingFile, send: Send) -> None:
        self._source = source
        self._send = send
        self._approved = asyncio.Event()
        self._task = asyncio.create_task(self._run())

    async def end(self) -> None:
        """Abort the upload unless it is finished."""
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)

    async def finish(self) -> bool:
        """Let the parts become an object; False if they could not all be sent.

        Raises:
            KeyTaken: the key holds an object.

        """
        self._approved.set()
        try:
            return await self._task
        except StorageUnavailable as error:
            log.info("Not sent while it arrived, so sent again: %s", error)
            return False

    async def _run(self) -> bool:
        if await self._source.is_larger_than(PART_BYTES):
            await self._send(self._approved.wait)
            return True
        return False


@asynccontextmanager
async def early_upload(source: ArrivingFile, send: Send) -> AsyncIterator[EarlyUpload]:
    """Send while the body runs; an upload that the body has not finished is aborted."""
    upload = EarlyUpload(source, send)
    try:
        yield upload
    finally:
        await upload.end()
