"""Public keys that another service publishes as a JSON Web Key Set (RFC 7517)."""

import asyncio
import json
import time
from collections.abc import Callable
from typing import Any

import httpx

from app import times
from app.caching.cached import Cached
from app.telemetry.logs import without_query

MIN_INTERVAL = 10.0
"""Seconds between two fetches, however many unknown keys callers name."""
MAX_BYTES = 1_000_000
"""Bytes of a key set."""
UNUSABLE = (httpx.HTTPError, TimeoutError, ValueError, TypeError, KeyError, RecursionError)
"""Errors of a key set that cannot be fetched or read."""


class KeySet:
    """The keys of a JWKS URL. If a fetch fails, the last good keys stay in use."""

    def __init__(
        self,
        url: str,
        client: httpx.AsyncClient,
        *,
        lifetime: float,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Fetch nothing yet; the keys are fetched again after ``lifetime`` seconds."""
        self._url = url
        self._client = client
        self._keys = Cached(
            self._fetch,
            name=f"the keys of {without_query(url)}",
            lifetime=lifetime,
            min_interval=MIN_INTERVAL,
            failures=UNUSABLE,
            clock=clock,
        )

    @property
    def seconds_left(self) -> float:
        """Seconds until the keys are fetched again."""
        return self._keys.seconds_left

    async def keys(self, *, newest: bool = False) -> list[dict[str, Any]]:
        """Return the keys, or none if no fetch has succeeded; ``newest`` fetches them again."""
        try:
            return await self._keys.get(newest=newest)
        except UNUSABLE:
            return []

    async def _fetch(self) -> list[dict[str, Any]]:
        async with asyncio.timeout(times.KEY_SET_FETCH):
            key_set = json.loads(await self._read())
        return [key for key in key_set["keys"] if isinstance(key, dict)]

    async def _read(self) -> bytes:
        body = bytearray()
        async with self._client.stream("GET", self._url) as response:
            async for chunk in response.raise_for_status().aiter_bytes():
                body += chunk
                if len(body) > MAX_BYTES:
                    raise ValueError("larger than any key set")
        return bytes(body)
