"""The audit of outgoing events: each belongs to a job that has ended, and is told or given up.

An ending without a row may have been told, given up, or not been wanted: nothing tells them apart.
"""

from collections.abc import AsyncIterator

from app.database.audit_books import Progress
from app.database.audit_rules import TERMINAL, Row, Violation
from app.database.client import Database
from app.database.job_ranges import rows_of, split_table
from app.database.outgoing_event_store import KEPT, LONGEST_DUE

OLDEST = KEPT + 24 * 3600
"""Seconds: the last attempt may come some hours after ``KEPT``."""

# A deletion and an erasure each raise the revision after the end.
_EVENTS = f"""{{
LET $now = fn::clock::now();
LET $earliest = $now - duration::from_secs($oldest);
LET $far = $now + duration::from_secs($longest);
LET $rows = SELECT
    <string> record::id(id)[0] AS job, record::id(id)[1] AS revision,
    due_at IS NONE OR due_at > $far AS is_never_due, created_at < $earliest AS is_old,
    (SELECT status, revision - (IF deleted_at = NONE {{ 0 }} ELSE {{ 1 }})
        - (IF erased_at = NONE {{ 0 }} ELSE {{ 1 }}) AS revision
      FROM ONLY type::record('video_job', record::id($parent.id)[0])) AS ended
  FROM {rows_of("outgoing_event")};
RETURN {{
  rows: array::len($rows),
  broken: (SELECT * FROM $rows WHERE is_never_due OR is_old
    OR ended.status NOT IN $terminal OR ended.revision != revision)
}} }}"""  # noqa: S608 put together from constants


async def check_outgoing_events(database: Database, progress: Progress) -> AsyncIterator[Violation]:
    """Find events that nobody should be told, and those that nobody will be."""
    for ids in await split_table(database, "outgoing_event"):
        found = await database.query(
            _EVENTS,
            first=ids.first,
            end=ids.end,
            oldest=OLDEST,
            longest=LONGEST_DUE,
            terminal=[str(each) for each in TERMINAL],
        )
        progress(found["rows"])
        for event in found["broken"]:
            for finding in _findings(event):
                yield Violation(event["job"], finding)


def _findings(event: Row) -> list[str]:
    ended = event.get("ended")
    found = []
    if ended is None:
        found.append("has an outgoing event but does not exist")
    elif ended["status"] not in TERMINAL:
        found.append(f"is {ended['status']}, but has an outgoing event of its end")
    elif ended["revision"] != event["revision"]:
        found.append(
            f"ended at revision {ended['revision']}, "
            f"but has an outgoing event of revision {event['revision']}"
        )
    if event["is_never_due"]:
        found.append("its outgoing event is not due within hours, so nobody is told")
    if event["is_old"]:
        found.append("its outgoing event is older than 4 days, and was not told or given up")
    return found
