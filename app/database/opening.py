"""Opens the service's database and refuses one that it cannot serve from."""

import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from app.database.address import Address
from app.database.client import Database
from app.database.schema_status import read_status
from app.settings import Settings
from app.telemetry.seam import Seam

log = logging.getLogger(__name__)


@asynccontextmanager
async def open_database(settings: Settings, seam: Seam) -> AsyncIterator[Database]:
    """Open the database that the settings name and close it at the end.

    Raises:
        ConfigurationError: the database cannot be opened, its schema is not up to date, or the
            user may not write.
        DatabaseUnavailable: the server does not answer.

    """
    address = Address.from_settings(settings)
    if address.embedded:
        address.folder.parent.mkdir(parents=True, exist_ok=True)
    async with Database(address, seam=seam) as database:
        status = await read_status(database)
        status.require_serviceable()
        if status.pending:
            log.warning("Rows without fal_model wait for make backfill, then make migrate")
        await database.check()
        yield database
