"""How far a database has come with the files of ``schema/``."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from app.database import schema
from app.database.client import Database
from app.database.errors import TableMissing
from app.database.schema import SchemaFile
from app.errors import ConfigurationError

MOST_NAMED = 3
"""Pending files that a message names; of more it gives the number."""


@dataclass(frozen=True, kw_only=True)
class SchemaStatus:
    """Which files a database has. With ``faults`` it must be neither served nor migrated."""

    applied: tuple[SchemaFile, ...]
    pending: tuple[SchemaFile, ...]
    faults: tuple[str, ...]

    def require_sound(self) -> None:
        """Check that the database belongs to these files.

        Raises:
            ConfigurationError: a migration was edited, or the database is newer.

        """
        if self.faults:
            raise ConfigurationError("; ".join(self.faults))

    def require_serviceable(self) -> None:
        """Check that only migrations that wait for the backfill are pending.

        Raises:
            ConfigurationError: names the pending files, or says what is wrong.

        """
        self.require_sound()
        if missing := [file.name for file in self.pending if not file.is_guarded]:
            files = len(self.applied) + len(self.pending)
            few = len(missing) <= MOST_NAMED
            lacking = ", ".join(missing) if few else f"{len(self.pending)} of {files} files"
            raise ConfigurationError(
                f"the database lacks {lacking} of the schema: run `make migrate`"
            )


async def read_status(database: Database, folder: Path = schema.FOLDER) -> SchemaStatus:
    """Compare the files with the database's table ``migration``; nothing is written.

    Raises:
        ConfigurationError: the files cannot be used.

    """
    files = schema.load(folder)
    try:  # not INFO FOR DB: a record user may not ask which tables exist
        rows = await database.query("SELECT record::id(id) AS name, checksum FROM migration")
    except TableMissing:
        rows = []
    ledger: dict[str, str] = {row["name"]: row["checksum"] for row in rows}
    names = {file.name for file in files}
    removed = [SchemaFile.removed(name) for name in sorted(ledger.keys() - names)]
    return SchemaStatus(
        applied=tuple(file for file in files if ledger.get(file.name) == file.checksum),
        pending=tuple(
            file
            for file in (*files, *removed)
            if ledger.get(file.name) != file.checksum
            and not (file.is_migration and file.name in ledger)
        ),
        faults=tuple(_faults(files, ledger, removed)),
    )


def _faults(
    files: Sequence[SchemaFile], ledger: dict[str, str], removed: Sequence[SchemaFile]
) -> list[str]:
    edited = [
        f"schema/{file.name} was edited after it was applied: its checksum is {file.checksum}, "
        f"the database has {ledger[file.name]}; restore the file and write a new migration"
        for file in files
        if file.is_migration and ledger.get(file.name, file.checksum) != file.checksum
    ]
    newer = [
        f"the database is newer than this checkout: it has {file.name}, and there is no such file; "
        "deploy the release that has it"
        for file in removed
        if file.is_migration
    ]
    return edited + newer
