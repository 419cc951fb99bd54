"""Somebody else's public keys, fetched when they are needed and not more often than is polite."""

import asyncio
import json
import logging
import time
from collections.abc import Callable
from typing import Any

import httpx

from app import times
from app.telemetry.logs import without_query

log = logging.getLogger(__name__)

MIN_INTERVAL = 10.0
"""Seconds between two fetches at least, however many unknown keys callers name."""
LARGEST = 1_000_000
"""Bytes of a key set."""
UNUSABLE = (httpx.HTTPError, TimeoutError, ValueError, TypeError, KeyError, RecursionError)
"""What is raised for a key set that cannot be had, or makes no sense."""


class KeySet:
    """The keys of a JWKS address; a set that cannot be had leaves the last one in force."""

    def __init__(
        self,
        url: str,
        client: httpx.AsyncClient,
        *,
        lifetime: float,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._url = url
        self._client = client
        self._lifetime = lifetime
        self._clock = clock
        self._keys: list[dict[str, Any]] = []
        self._fetched = -lifetime
        self._tried = -MIN_INTERVAL
        self._fetching = asyncio.Lock()

    @property
    def seconds_left(self) -> float:
        """For which the keys are taken as they are."""
        return self._fetched + self._lifetime - self._clock()

    async def keys(self, *, newest: bool = False) -> list[dict[str, Any]]:
        """Return the keys; ``newest`` asks again even though ``lifetime`` seconds are not over."""
        if newest or self._clock() - self._fetched >= self._lifetime:
            async with self._fetching:  # who comes meanwhile waits for the same answer
                if self._clock() - self._tried >= MIN_INTERVAL:
                    await self._fetch()
        return self._keys

    async def _fetch(self) -> None:
        self._tried = self._clock()
        try:
            async with asyncio.timeout(times.KEY_SET_FETCH):
                answer = json.loads(await self._read())
            keys = [key for key in answer["keys"] if isinstance(key, dict)]
        except UNUSABLE as error:
            address = without_query(self._url)
            log.warning("The keys of %s cannot be had: %s", address, type(error).__name__)
            return
        self._keys = keys
        self._fetched = self._clock()

    async def _read(self) -> bytes:
        body = bytearray()
        async with self._client.stream("GET", self._url) as answer:
            async for chunk in answer.raise_for_status().aiter_bytes():
                body += chunk
                if len(body) > LARGEST:
                    raise ValueError("larger than any key set")
        return bytes(body)
