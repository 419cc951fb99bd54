"""Finds definitions that differ between a database and the files of ``schema/``."""

from collections.abc import Sequence

from app.database import definitions
from app.database.client import Database
from app.database.definitions import Difference, differences, read_definitions
from app.database.schema import SchemaFile


async def find_drift(database: Database, applied: Sequence[SchemaFile]) -> list[Difference]:
    """Compare the definitions with those of a temporary store that ran the same files.

    Unknown definitions are reported in the schema's own tables only: other tables and functions
    may belong to another application.

    Raises:
        MigrationFailed: the files cannot be applied to an empty store.

    """
    reference = await definitions.read_reference(applied)
    actual = await read_definitions(database, reference.tables)
    return list(differences(reference.definitions, actual))
