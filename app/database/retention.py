"""Deletes what is older than an operator wants to keep, in transactions of bounded size."""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum

from app.database.client import Database
from app.database.job_ranges import rows_of, split_table

CHUNK = 100
"""Rows that one transaction changes."""
_ENDED_BEFORE = "completed_at != NONE AND completed_at < $end_before"
_WITH_EVENTS = (
    "status IN ['completed', 'failed', 'cancelled'] AND revision != NONE "
    "AND history_deleted_at = NONE"
)
_STRIPPABLE = (
    "status IN ['failed', 'cancelled'] AND (variables != NONE OR user_email != '' "
    "OR (deleted_at = NONE "
    "AND fn::deletion::start_key({ id: id, user: user, start_key: start_key }) != NONE))"
)


class Kind(StrEnum):
    """What can be deleted by its age; the value is the function that does it."""

    EVENTS = "retention::delete_history"
    """Events of jobs that have ended."""
    FAILED = "retention::strip_failed"
    """The variables, the address and the start image of failed and cancelled jobs."""
    KEYS = "retention::delete_keys"
    """Idempotency keys that have expired."""


_TABLES = {Kind.EVENTS: "video_job", Kind.FAILED: "video_job", Kind.KEYS: "idempotency"}
_CONDITIONS = {
    Kind.EVENTS: f"{_WITH_EVENTS} AND {_ENDED_BEFORE}",
    Kind.FAILED: f"{_STRIPPABLE} AND {_ENDED_BEFORE}",
    Kind.KEYS: "expires_at < $end_before",
}


async def apply_retention(
    database: Database, ends: Mapping[Kind, datetime], *, apply: bool
) -> dict[Kind, int]:
    """Delete what ended before the times of ``ends``; without ``apply`` only count it.

    A run that was interrupted can be repeated.
    """
    return {kind: await _delete(database, kind, end, apply=apply) for kind, end in ends.items()}


async def _delete(database: Database, kind: Kind, end: datetime, *, apply: bool) -> int:
    table = _TABLES[kind]
    found_in_range = f"RETURN (SELECT VALUE id FROM {rows_of(table)} WHERE {_CONDITIONS[kind]})"  # noqa: S608 put together from constants
    rows = 0
    for ids in await split_table(database, table):
        found = await database.query(found_in_range, first=ids.first, end=ids.end, end_before=end)
        if not apply:
            rows += len(found)
            continue
        for start in range(0, len(found), CHUNK):
            rows += await database.call(kind, found[start : start + CHUNK], end)
    return rows
