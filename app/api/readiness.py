"""Whether the service can serve: everyone who asks at the same time shares one check."""

import asyncio
from contextlib import suppress

from app.api.identity import Identity
from app.database.client import Database
from app.database.write_probe import WriteProbe
from app.errors import StorageUnavailable
from app.storage.protocol import Storage


class Readiness:
    """Checks the database, the identity provider's keys and the storage."""

    def __init__(self, database: Database, identity: Identity, storage: Storage) -> None:
        self._database = database
        self._write_probe = WriteProbe(database)
        self._identity = identity
        self._storage = storage
        self._checking: asyncio.Task[object] | None = None

    async def check(self) -> None:
        """Return if the service can serve; a storage that is away is only recorded.

        Raises:
            DatabaseUnavailable: the database cannot be read or written.
            IdentityUnavailable: tokens cannot be verified.

        """
        if self._checking is None:
            self._checking = asyncio.create_task(self._check())
            self._checking.add_done_callback(self._finished)
        await asyncio.shield(self._checking)  # others may wait for it

    async def _check(self) -> None:
        outcomes = await asyncio.gather(
            self._database.query("RETURN true"),  # a write is tried only once a second
            self._write_probe.check(),
            self._identity.check(),
            self._look_for_storage(),
            return_exceptions=True,  # none goes on beside the next check
        )
        for outcome in outcomes:
            if isinstance(outcome, BaseException):
                raise outcome

    async def _look_for_storage(self) -> None:
        with suppress(StorageUnavailable):  # the storage has recorded it
            await self._storage.check()

    def _finished(self, check: asyncio.Task[object]) -> None:
        self._checking = None
        if not check.cancelled():
            check.exception()  # those who asked may all have left
