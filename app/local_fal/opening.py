"""Opens local fal in a folder and renders what is queued there."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx

from app.local_fal import disk, routes
from app.local_fal.media import Media
from app.local_fal.model import Model
from app.local_fal.queue import Queue


@asynccontextmanager
async def open_local_fal(
    folder: Path, *, seconds: float = 5
) -> AsyncIterator[httpx.AsyncBaseTransport]:
    """Run local fal and yield the transport that reaches it.

    Requests and media are kept in ``folder``; unfinished renders start again with the next
    process. ``seconds`` is the longest video.

    Raises:
        ConfigurationError: another process runs local fal in ``folder``.
        OSError: ``folder`` cannot be read or written.

    """
    with disk.locked(folder):
        media = Media(folder / "files")
        queue = Queue(folder / "requests", Model(media, seconds=seconds))
        await asyncio.to_thread(media.open)
        await asyncio.to_thread(queue.open)
        worker = asyncio.create_task(queue.work(), name="local fal")
        try:
            # As over a network, an error inside local fal is a 500, not an exception in the caller.
            yield httpx.ASGITransport(routes.build(queue, media), raise_app_exceptions=False)
        finally:
            queue.close()
            await worker
