"""The places of a user's event streams in SurrealDB, shared by all processes."""

from uuid import uuid4

from app import times
from app.database.client import Database
from app.database.errors import Thrown
from app.problems import TooManyStreams


class StreamPlaces:
    """Takes and returns places, in the name of this process."""

    def __init__(self, database: Database, max_per_user: int) -> None:
        self._database = database
        self._max_per_user = max_per_user
        self._process = str(uuid4())

    async def open(self, user: str, stream_id: str) -> None:
        """Take a place for a stream.

        Raises:
            TooManyStreams: the user has as many open as allowed, over all processes.
            DatabaseUnavailable: it is not known whether the place was taken.

        """
        try:
            await self._database.call(
                "event_stream::open",
                user,
                stream_id,
                self._process,
                self._max_per_user,
                round(times.STREAM + times.STREAM_MARGIN),
            )
        except Thrown as thrown:
            if thrown.code != "too_many_streams":
                raise
            raise TooManyStreams(
                f"At most {self._max_per_user} streams may be open.", retry_after=5
            ) from thrown

    async def close(self, user: str, stream_id: str) -> None:
        """Return the place; raises DatabaseUnavailable as :meth:`open` does."""
        await self._database.call("event_stream::close", user, stream_id)

    async def renew(self) -> None:
        """Say that this process is alive; without that, its places are free after a while."""
        await self._database.call("event_stream::renew", self._process, times.PROCESS_ALIVE)
