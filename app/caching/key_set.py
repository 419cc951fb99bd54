"""Public keys that another service publishes as a JSON Web Key Set (RFC 7517)."""

import asyncio
import json
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import httpx

from app import times
from app.caching.bodies import read_body
from app.caching.cached import Cached, Explained
from app.errors import KeySetUnavailable
from app.telemetry.dependencies import Dependency, record
from app.telemetry.logs import without_query

MIN_INTERVAL = 10.0
"""Seconds between two fetches, however many unknown keys callers name."""
MAX_BYTES = 1_000_000
"""Bytes of a key set."""
UNREADABLE = (ValueError, TypeError, KeyError, RecursionError)
"""Errors of an answer that is no key set."""
UNUSABLE = (httpx.HTTPError, TimeoutError, Explained, *UNREADABLE)
"""Errors of a key set that cannot be fetched or read."""

Keys = list[dict[str, Any]]


class KeySet:
    """The keys of a JWKS URL, fetched in the background.

    If a fetch fails, the last good keys stay in use. No caller waits longer than
    ``times.KEY_SET_WAIT``.
    """

    def __init__(
        self,
        url: str,
        client: httpx.AsyncClient,
        *,
        lifetime: float,
        dependency: Dependency = "key_set",
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Fetch nothing yet; the keys are fetched again after ``lifetime`` seconds."""
        self._url = url
        self._client = client
        self._dependency = dependency
        self._cached = Cached(
            self._fetch,
            name=f"the keys of {without_query(url)}",
            lifetime=lifetime,
            min_interval=MIN_INTERVAL,
            failures=UNUSABLE,
            clock=clock,
        )
        self._fetching: asyncio.Task[None] | None = None

    @property
    def seconds_left(self) -> float:
        """Seconds until the keys are fetched again; at least those until the next try."""
        return max(MIN_INTERVAL, self._cached.seconds_left)

    async def keys(self) -> Keys:
        """Return the last good keys.

        Raises:
            KeySetUnavailable: no fetch has succeeded yet.

        """
        cached = self._cached
        if cached.known is None or (cached.seconds_left <= 0 and self._fetching is None):
            await self._fetched(patience=times.KEY_SET_WAIT)
        return self._known()

    async def newest_keys(self) -> Keys:
        """Return keys that were fetched less than ``MIN_INTERVAL`` ago.

        Raises:
            KeySetUnavailable: they cannot be fetched at the moment.

        """
        if self._cached.age >= MIN_INTERVAL:
            before = self._cached.known
            await self._fetched(patience=times.KEY_SET_WAIT)
            if self._cached.known is before:
                raise KeySetUnavailable
        return self._known()

    async def refresh(self) -> None:
        """Fetch the keys, then sleep until shortly before they are too old.

        This is one round of a loop for :func:`app.server.tasks.supervised`.
        """
        await self._fetched()
        await asyncio.sleep(max(MIN_INTERVAL, self._cached.seconds_left - times.KEY_SET_FETCH))

    async def aclose(self) -> None:
        """Stop a fetch that is under way."""
        if (fetch := self._fetching) is not None:
            fetch.cancel()
            await asyncio.wait({fetch})

    def _known(self) -> Keys:
        if self._cached.known is None:
            raise KeySetUnavailable
        return self._cached.known

    async def _fetched(self, *, patience: float | None = None) -> None:
        """Wait for the fetch that is under way, or for a new one; it goes on after ``patience``."""
        if self._fetching is None:
            self._fetching = asyncio.create_task(self._refresh(), name="fetch a key set")
        done, _ = await asyncio.wait({self._fetching}, timeout=patience)
        for fetch in done:
            fetch.result()

    async def _refresh(self) -> None:
        try:
            with suppress(*UNUSABLE):  # Cached has logged it
                await self._cached.get(newest=True)
        finally:
            self._fetching = None

    async def _fetch(self) -> Keys:
        try:
            async with asyncio.timeout(times.KEY_SET_FETCH):
                body = await self._read()
            keys = _keys_of(body)
        except UNUSABLE:
            record(self._dependency, up=False)
            raise
        record(self._dependency, up=True)
        return keys

    async def _read(self) -> bytes:
        async with self._client.stream(
            "GET",
            self._url,
            headers={"Accept-Encoding": "identity"},
            timeout=times.KEY_SET_FETCH,
        ) as response:
            if not response.is_success:
                raise Explained(f"it answered {response.status_code}")
            try:
                return await read_body(response, max_bytes=MAX_BYTES)
            except ValueError as error:
                raise Explained(f"its answer cannot be read: {error}") from error


def _keys_of(body: bytes) -> Keys:
    try:
        published = json.loads(body)["keys"]
        if not isinstance(published, list):
            raise TypeError("not a list of keys")
    except UNREADABLE as error:
        raise Explained('its answer is no key set: {"keys": […]}') from error
    return [key for key in published if isinstance(key, dict)]
