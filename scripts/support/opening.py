"""Opens the database and the storage that a script works on, and prints their addresses."""

import sys
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager

from app import times
from app.database.address import Address
from app.database.client import Database
from app.database.schema_status import read_status
from app.settings import Settings
from app.storage.opening import local_files, open_storage
from app.storage.protocol import Storage
from app.telemetry.seam import direct


@asynccontextmanager
async def open_migrated(
    settings: Settings, *, deadline: float = times.DATABASE_CALL
) -> AsyncIterator[Database]:
    """Open the database and close it at the end; ``deadline`` is in seconds, for each call.

    Raises:
        ConfigurationError: the database cannot be opened, or its schema is not up to date.
        DatabaseUnavailable: the server does not answer.

    """
    async with Database(Address.from_settings(settings), deadline=deadline) as database:
        (await read_status(database)).require_serviceable()
        yield database


def open_store(settings: Settings) -> AbstractAsyncContextManager[Storage]:
    """Open the storage of the service; closed at the end."""
    return open_storage(settings, files=local_files(settings, direct), seam=direct)


def print_target(address: Address, storage: str | None = None) -> None:
    """Print the database and the storage: the settings may name others than the user expects."""
    others = f" and {storage}" if storage else ""
    print(f"At {address.url}, {address.place}{others}:", file=sys.stderr)
