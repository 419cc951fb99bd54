"""The limit of a user's event streams, over all processes together."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from uuid import uuid4

from app import times
from app.database.stream_places import StreamPlaces
from app.problems import DatabaseUnavailable
from app.server.tasks import BackgroundTasks


class SharedPlaces:
    """Holds a place in the database for each open stream of this process.

    While the database is unavailable, streams stay open and new ones are let in: the limit then
    holds for each process alone.
    """

    def __init__(self, places: StreamPlaces, background: BackgroundTasks) -> None:
        self._places = places
        self._background = background

    @asynccontextmanager
    async def held(self, user: str) -> AsyncIterator[None]:
        """Hold a place while the body runs.

        Raises:
            TooManyStreams: the user has as many open as allowed.

        """
        stream_id = str(uuid4())
        with suppress(DatabaseUnavailable):
            await self._places.open(user, stream_id)
        try:
            yield
        finally:  # in the background: a stream often ends by being cancelled
            self._background.start(f"close stream {stream_id}", self._close(user, stream_id))

    async def renew(self) -> None:
        """Renew this process's row, then wait; the supervised task calls this for ever."""
        with suppress(DatabaseUnavailable):
            await self._places.renew()
        await asyncio.sleep(times.PROCESS_RENEWAL)

    async def _close(self, user: str, stream_id: str) -> None:
        with suppress(DatabaseUnavailable):  # the place is free when the stream's time is over
            await self._places.close(user, stream_id)
