"""Which fal the service uses: the real one, or local fal on this machine."""

import logging
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

import httpx

from app.fal.queue import Fal
from app.local_fal import open_local_fal
from app.server.certificates import reading_certificates
from app.settings import Settings
from app.telemetry.seam import Seam

log = logging.getLogger(__name__)

LOCAL_KEY = "local"
"""Sent to local fal, which accepts any key."""


@asynccontextmanager
async def open_fal(
    settings: Settings, *, transport: httpx.AsyncBaseTransport | None, seam: Seam
) -> AsyncIterator[Fal]:
    """Open fal and close it at the end; without ``FAL_KEY`` this is local fal.

    With ``transport``, fal and its media hosts are reached through it and local fal is not used.

    Raises:
        ConfigurationError: the certificates of the environment cannot be read, or another process
            runs local fal in the same folder.

    """
    async with AsyncExitStack() as stack:
        key = settings.fal_key.get_secret_value() if settings.fal_key else LOCAL_KEY
        if settings.fal_key is None and transport is None:
            log.warning("No FAL_KEY: videos are made by local fal, on this machine")
            transport = await stack.enter_async_context(
                open_local_fal(settings.storage_dir / ".local-fal")
            )
        with reading_certificates():
            fal = Fal(key=key, transport=transport, seam=seam)
        stack.push_async_callback(fal.aclose)
        yield fal
