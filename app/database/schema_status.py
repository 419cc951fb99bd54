"""How far a database has come with the files of ``schema/``."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from app.database import schema
from app.database.client import Database
from app.database.errors import TableMissing
from app.database.schema import SchemaFile
from app.errors import ConfigurationError

Row = Mapping[str, Any]
Ledger = Mapping[str, Row]
"""The rows of the table ``migration`` by the names of their files."""

NEWER = "the database is newer than this checkout"
LEDGER_FIELDS = {"checksum", "applied_at"}
FOREIGN_LEDGER = (
    "the table migration belongs to another application: give this service a database of its own "
    "(SURREAL_DATABASE)"
)
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
    release = files[0].release if files else 0
    ledger = await read_ledger(database)
    if not all(isinstance(row["checksum"], str) for row in ledger.values()):
        return SchemaStatus(applied=(), pending=(), faults=(FOREIGN_LEDGER,))
    checksums: dict[str, str] = {name: row["checksum"] for name, row in ledger.items()}
    known = {file.name for file in files}
    recorded = {name for name, checksum in checksums.items() if checksum != schema.REMOVED}
    removed = [SchemaFile.removed(name, release) for name in sorted(recorded - known)]
    return SchemaStatus(
        applied=tuple(file for file in files if checksums.get(file.name) == file.checksum),
        pending=tuple(
            file
            for file in (*files, *removed)
            if checksums.get(file.name) != file.checksum
            and not (file.is_migration and file.name in ledger)
        ),
        faults=(*_edited(files, checksums), *_newer(files, ledger, removed, release)),
    )


async def read_ledger(database: Database) -> Ledger:
    """Return the table ``migration``; it is empty if there is none."""
    try:  # not INFO FOR DB: a record user may not ask which tables exist
        rows = await database.query(
            "SELECT <string> record::id(id) AS name, checksum, release, replaced, tables "
            "FROM migration"
        )
    except TableMissing:
        return {}
    return {row["name"]: row for row in rows}


def _edited(files: Sequence[SchemaFile], checksums: dict[str, str]) -> Iterator[str]:
    for file in files:
        if file.is_migration and checksums.get(file.name, file.checksum) != file.checksum:
            yield (
                f"schema/{file.name} was edited after it was applied: its checksum is "
                f"{file.checksum}, the database has {checksums[file.name]}; "
                "restore the file and write a new migration"
            )


def _newer(
    files: Sequence[SchemaFile],
    ledger: Ledger,
    removed: Sequence[SchemaFile],
    release: int,
) -> Iterator[str]:
    """Say which files of the database are newer than this checkout."""
    for file in removed:
        if file.is_migration:
            yield (
                f"{NEWER}: it has {file.name}, and there is no such file; "
                "deploy the release that has it"
            )
    for name, row in ledger.items():
        if "/" in name and (row.get("release") or 0) > release:
            yield f"{NEWER}: {name} comes from a later release; deploy that release"
    for file in files:
        row = ledger.get(file.name, {})
        if row.get("release") == release and file.checksum in (row.get("replaced") or []):
            yield (
                f"{NEWER}: it has replaced this {file.name}; deploy the release that did, "
                "or return to this one with `make migrate ARGS=--replace-newer`"
            )
