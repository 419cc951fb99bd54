"""Bringing a schema's files into a database: one transaction a file, whoever else does the same."""

import asyncio
import time
from bisect import bisect
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import accumulate
from typing import Any

import stamina

from app.database import schema
from app.database.client import AnswerOverdue, Database
from app.database.connection import Conflict, Rejected, Thrown
from app.database.schema import SchemaFile
from app.errors import ConfigurationError, ServiceError

OVERDUE_PATIENCE = 900.0
"""Seconds for a transaction that the SDK no longer waits for: an index over millions of rows."""
LEDGER_PAUSE = 1.0
"""Seconds between two looks at the ledger meanwhile."""


class MigrationFailed(ServiceError):
    """A file cannot be applied, and has left nothing behind; the message names it."""


@dataclass(frozen=True)
class Stop:
    """The file at which a rehearsal stopped: none behind it could be tried."""

    file: SchemaFile
    error: ServiceError

    @property
    def waits(self) -> bool:
        """It is the backfill that is missing, nothing else."""
        return isinstance(self.error, Thrown) and self.error.code == schema.GUARD


class Outcome(StrEnum):
    """What became of a file."""

    APPLIED = "applied"
    ELSEWHERE = "applied by another runner"
    WAITING = "waits for `make backfill`"


async def apply(database: Database, file: SchemaFile) -> Outcome:
    """Bring one file into the database, again and again while it loses races to other runners.

    Raises:
        MigrationFailed: the database refuses it.
        DatabaseUnavailable: nobody knows whether it was applied; the ledger will tell.

    """
    async for attempt in stamina.retry_context(
        on=Conflict, attempts=50, timeout=None, wait_initial=0.02, wait_max=1, wait_jitter=0.2
    ):
        with attempt:
            return await _apply_once(database, file)
    raise AssertionError("stamina repeats until an outcome or its last attempt")


async def rehearse(database: Database, files: Sequence[SchemaFile]) -> Stop | None:
    """Run the files in one transaction and cancel it; return where it stopped, if it did.

    Raises:
        MigrationFailed: a file cannot even be parsed.

    """
    header = await _length(database, [])
    lengths = [await _length(database, [file]) - header for file in files]
    results = await _run(database, files, end="CANCEL;")
    failed = _failed(results)
    if failed is None:
        return None
    file = files[bisect(list(accumulate(lengths)), failed - header)]
    return Stop(file, _error(results[failed]))


async def _apply_once(database: Database, file: SchemaFile) -> Outcome:
    try:
        results = await _run(database, [file], end="COMMIT;")
    except AnswerOverdue:
        return await _watch_ledger(database, file)
    failed = _failed(results)
    if failed is None:
        return Outcome.APPLIED
    match error := _error(results[failed]):
        case Conflict():
            raise error
        case Thrown(code=schema.ALREADY_APPLIED):
            return Outcome.ELSEWHERE
        case Thrown(code=schema.GUARD):
            return Outcome.WAITING
    raise MigrationFailed(f"schema/{file.name}: {error}")


async def _watch_ledger(database: Database, file: SchemaFile) -> Outcome:
    """Wait for what the server still works on: its answer will reach nobody."""
    deadline = time.monotonic() + OVERDUE_PATIENCE
    while time.monotonic() < deadline:
        checksum = await database.query(
            "SELECT VALUE checksum FROM ONLY type::record('migration', $name)", name=file.name
        )
        if checksum == file.checksum:
            return Outcome.APPLIED
        await asyncio.sleep(LEDGER_PAUSE)
    raise MigrationFailed(f"schema/{file.name}: not applied after {OVERDUE_PATIENCE:.0f} s")


async def _length(database: Database, files: Sequence[SchemaFile]) -> int:
    """Count the statements that a transaction reports: only the parser can, so none is run."""
    return len(await _run(database, files, begin="BEGIN; THROW 'counted';", end="CANCEL;")) - 1


async def _run(
    database: Database, files: Sequence[SchemaFile], *, begin: str = "BEGIN;", end: str
) -> list[dict[str, Any]]:
    script, parameters = schema.transaction(files, begin=begin, end=end)
    try:
        return await database.run_script(script, files=parameters)
    except ConfigurationError as error:
        names = ", ".join(file.name for file in files)
        raise MigrationFailed(f"schema/{names}: {error}") from error


def _failed(results: Sequence[dict[str, Any]]) -> int | None:
    """Find the statement that made a transaction fail; the others only say that it did."""
    for index, result in enumerate(results):
        if result["status"] != "OK" and _kind(result) not in {"NotExecuted", "Cancelled"}:
            return index
    return None


def _kind(result: dict[str, Any]) -> str | None:
    return (result.get("details") or {}).get("kind")


def _error(result: dict[str, Any]) -> ServiceError:
    text: str = result["result"]
    if _kind(result) == "TransactionConflict":
        return Conflict(text)
    if result["kind"] == "Thrown":
        return Thrown(text.removeprefix("An error occurred: "))
    if result["kind"] == "NotAllowed":
        return Rejected(f"{text}: SURREAL_USER needs the role EDITOR")
    return Rejected(text)
