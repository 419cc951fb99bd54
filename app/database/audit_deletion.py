"""The audit of deleted videos and erased users."""

from collections.abc import AsyncIterator, Iterator
from datetime import datetime, timedelta

from app.database.audit_rules import TERMINAL, Row, Violation
from app.database.client import Database
from app.database.job_ranges import rows_of, split_table
from app.domain.job import whole_microseconds
from app.storage.protocol import Storage

LONGEST_WAIT = timedelta(minutes=15)
"""How far ahead ``fn::deletion::done`` and ``fn::erasure::finish`` set the next time."""

CHUNK = 50
"""Users whose erasures one call compares with what they have."""

_LOST = f"""
RETURN (SELECT VALUE <string> record::id(id) FROM {rows_of("deletion")}
  WHERE !record::exists(type::record('video_job', record::id(id))))"""  # noqa: S608 constants
_USERS = f"RETURN (SELECT VALUE record::id(id) FROM {rows_of('erasure')})"  # noqa: S608 constants
# A job that was being opened meanwhile may be older than the request by the time of a call. A
# subquery over $parent would read the whole table for each row.
_ERASURES = """
RETURN $users.map(|$user: string| {
  LET $row = SELECT * FROM ONLY type::record('erasure', $user);
  LET $until = $row.requested_at - 10s;
  RETURN object::extend($row, {
    user: $user,
    clock: fn::clock::now(),
    jobs: array::len((SELECT VALUE id FROM video_job
      WHERE user = $user AND erased_at = NONE AND created_at <= $until
      ORDER BY created_at LIMIT 1)),
    keys: array::len((SELECT VALUE id FROM type::record('idempotency', [$user, '']..[$user, []])
      WHERE (type::record('video_job', job).created_at ?? $until) <= $until LIMIT 1))
  })
})"""


def check_deletion(job: Row) -> Iterator[Violation]:
    """Compare a job with its library row, the record of its objects, and its erasure."""
    for rule in (_agreement, _record, _emptied):
        for finding in rule(job):
            yield Violation(job["id"], finding)


async def objects_of_deleted(job: Row, storage: Storage) -> list[Violation]:
    """Find objects of a deleted job that nobody is going to delete any more."""
    if not job.get("deleted_at") or (job["deletion"] or {}).get("due_at"):
        return []
    return [
        Violation(job["id"], f"is deleted, but there is an object at {key}")
        for key in job["object_keys"]
        if (found := await storage.find(key, read=False)) and found.owner in {job["id"], None}
    ]


async def check_erasures(database: Database) -> AsyncIterator[Violation]:
    """Find what finished erasures have left, and what is recorded of no job or video."""
    for ids in await split_table(database, "erasure"):
        users = await database.query(_USERS, first=ids.first, end=ids.end)
        for start in range(0, len(users), CHUNK):
            for row in await database.query(_ERASURES, users=users[start : start + CHUNK]):
                for finding in _erasure(row):
                    yield Violation(row["user"], finding)
    for ids in await split_table(database, "deletion"):
        for job in await database.query(_LOST, first=ids.first, end=ids.end):
            yield Violation(job, "has objects to delete but does not exist")


def _agreement(job: Row) -> Iterator[str]:
    listed, deleted = job["listed"], job.get("deleted_at")
    if deleted and job["status"] not in TERMINAL:
        yield f"is {job['status']} and deleted"
    if listed is None:
        return
    if bool(deleted) != bool(listed.get("deleted_at")):
        yield f"is {'' if deleted else 'not '}deleted, unlike its library row"


def _record(job: Row) -> Iterator[str]:
    record = job["deletion"]
    if record is None:
        if job.get("deleted_at") and job["object_keys"]:
            yield "is deleted, but its objects are not recorded"
        return
    if not job.get("deleted_at"):
        yield "has objects to delete but is not deleted"
    if record["user"] != job["user"]:
        yield f"belongs to {job['user']}, the record of its objects to {record['user']}"
    if bool(record["left"]) != bool(record.get("left_since")):
        yield f"has {len(record['left'])} objects left since {record.get('left_since')}"
    due = record.get("due_at")
    if not due and (record["left"] or record["rounds"] < 2):  # noqa: PLR2004 rounds of a deletion
        yield "has objects to delete, but is never due"
    if due and _is_far(due, job["clock"]):
        yield f"has objects to delete, but not before {due}"


def _emptied(job: Row) -> Iterator[str]:
    if not job.get("erased_at"):
        return
    if not job.get("deleted_at"):
        yield "is erased, but not deleted"
    title = (job["listed"] or {}).get("title")
    fields = {"user_email": job["user_email"], "variables": job.get("variables"), "title": title}
    if left := [name for name, value in fields.items() if value]:
        yield f"is erased, but has {', '.join(left)}"
    if job.get("error") and job["error"] != job["erased_text"]:
        yield "is erased, but has the text of its error"


def _erasure(row: Row) -> Iterator[str]:
    due = row.get("due_at")
    if not row.get("finished_at"):
        if not due:
            yield "is being erased, but never due"
        elif _is_far(due, row["clock"]):
            yield f"is being erased, but not before {due}"
        return
    if row["jobs"]:
        yield "is erased, but has jobs that are not"
    if row["keys"]:
        yield "is erased, but has idempotency keys"


def _is_far(time: datetime, clock: datetime) -> bool:
    return whole_microseconds(time) > whole_microseconds(clock) + LONGEST_WAIT
