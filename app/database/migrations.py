"""Applies schema files, each in one transaction; several runners may do so at once."""

import asyncio
import time
from bisect import bisect
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import accumulate
from typing import Any

import stamina
from surrealdb.errors import parse_query_error

from app.database import schema
from app.database.client import Database
from app.database.errors import (
    AnswerTimedOut,
    MigrationFailed,
    StatementRejected,
    Thrown,
    TransactionConflict,
)
from app.database.refusals import THROWN, is_conflict
from app.database.schema import SchemaFile
from app.errors import ConfigurationError, ServiceError

COMMIT_DEADLINE = 900.0
"""Seconds for a transaction that outlasts the SDK's 30: an index over millions of rows."""
POLL_INTERVAL = 1.0
"""Seconds between two checks whether such a transaction has been committed."""


@dataclass(frozen=True)
class DryRunFailure:
    """The file at which a dry run failed; the files after it were not tried."""

    file: SchemaFile
    error: ServiceError

    @property
    def needs_backfill(self) -> bool:
        """The file fails only because the backfill has not finished."""
        return isinstance(self.error, Thrown) and self.error.code == schema.GUARD


class MigrationOutcome(StrEnum):
    """The outcome of applying a file."""

    APPLIED = "applied"
    APPLIED_BY_OTHER = "applied by another runner"
    WAITING = "waits for `make backfill`"


async def apply(database: Database, file: SchemaFile) -> MigrationOutcome:
    """Apply one file; conflicts with other runners are retried.

    Raises:
        MigrationFailed: the database refuses the file.
        DatabaseUnavailable: the file may have been applied; the next run finds out.

    """
    async for attempt in stamina.retry_context(
        on=TransactionConflict,
        attempts=50,
        timeout=None,
        wait_initial=0.02,
        wait_max=1,
        wait_jitter=0.2,
    ):
        with attempt:
            return await _apply_once(database, file)
    raise AssertionError("stamina retries until an outcome or its last attempt")


async def dry_run(database: Database, files: Sequence[SchemaFile]) -> DryRunFailure | None:
    """Run the files in one transaction and cancel it; return the first failure, if any.

    Raises:
        MigrationFailed: a file cannot be parsed.

    """
    header = await _count_statements(database, [])
    lengths = [await _count_statements(database, [file]) - header for file in files]
    results = await _run(database, files, end="CANCEL;")
    failed = _failed(results)
    if failed is None:
        return None
    file = files[bisect(list(accumulate(lengths)), failed - header)]
    return DryRunFailure(file, _error(results[failed]))


async def _apply_once(database: Database, file: SchemaFile) -> MigrationOutcome:
    try:
        results = await _run(database, [file], end="COMMIT;")
    except AnswerTimedOut:
        return await _await_commit(database, file)
    failed = _failed(results)
    if failed is None:
        return MigrationOutcome.APPLIED
    match error := _error(results[failed]):
        case TransactionConflict():
            raise error
        case Thrown(code=schema.ALREADY_APPLIED):
            return MigrationOutcome.APPLIED_BY_OTHER
        case Thrown(code=schema.GUARD):
            return MigrationOutcome.WAITING
        case Thrown(code=schema.NEWER_DATABASE):
            raise MigrationFailed(
                f"schema/{file.name}: the database is newer than this checkout: another release "
                "has migrated it meanwhile; deploy that release"
            )
    raise MigrationFailed(f"schema/{file.name}: {error}")


async def _await_commit(database: Database, file: SchemaFile) -> MigrationOutcome:
    """Wait until the table ``migration`` has the file: its transaction still runs at the server."""
    deadline = time.monotonic() + COMMIT_DEADLINE
    while time.monotonic() < deadline:
        checksum = await database.query(
            "SELECT VALUE checksum FROM ONLY type::record('migration', $name)", name=file.name
        )
        if checksum == file.checksum:
            return MigrationOutcome.APPLIED
        await asyncio.sleep(POLL_INTERVAL)
    raise MigrationFailed(f"schema/{file.name}: not applied after {COMMIT_DEADLINE:.0f} s")


async def _count_statements(database: Database, files: Sequence[SchemaFile]) -> int:
    """Count the results of a transaction. Only the server's parser can; nothing is carried out."""
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
    """Return the index of the statement that failed; the others report only the cancellation."""
    for index, result in enumerate(results):
        if result["status"] != "OK" and _kind(result) not in {"NotExecuted", "Cancelled"}:
            return index
    return None


def _kind(result: dict[str, Any]) -> str | None:
    return (result.get("details") or {}).get("kind")


def _error(result: dict[str, Any]) -> ServiceError:
    text: str = result["result"]
    if is_conflict(parse_query_error(result)):
        return TransactionConflict(text)
    if result["kind"] == "Thrown":
        return Thrown(text.removeprefix(THROWN))
    if result["kind"] == "NotAllowed":
        return StatementRejected(f"{text}: SURREAL_USER needs the role EDITOR")
    return StatementRejected(text)
