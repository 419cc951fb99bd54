"""Somebody else's public keys, fetched when they are needed and not more often than is polite."""

import logging
import time
from typing import Any

import httpx

log = logging.getLogger(__name__)

MIN_INTERVAL = 10.0
"""Seconds between two fetches at least, however many unknown keys callers name."""


class KeySet:
    """The keys of a JWKS address; a set that cannot be had leaves the last one in force."""

    def __init__(self, url: str, client: httpx.AsyncClient, *, lifetime: float) -> None:
        self._url = url
        self._client = client
        self._lifetime = lifetime
        self._keys: list[dict[str, Any]] = []
        self._fetched = -lifetime
        self._tried = -MIN_INTERVAL

    async def keys(self, *, newest: bool = False) -> list[dict[str, Any]]:
        """Return the keys; ``newest`` asks again even though ``lifetime`` seconds are not over."""
        now = time.monotonic()
        stale = newest or now - self._fetched >= self._lifetime
        if stale and now - self._tried >= MIN_INTERVAL:
            self._tried = now
            await self._fetch()
        return self._keys

    async def _fetch(self) -> None:
        try:
            answer = await self._client.get(self._url)
            keys = [dict(key) for key in answer.raise_for_status().json()["keys"]]
        except (httpx.HTTPError, ValueError, TypeError, KeyError) as error:
            log.warning("The keys of %s cannot be had: %s", self._url, type(error).__name__)
            return
        self._keys = keys
        self._fetched = time.monotonic()
