"""Checks every invariant over a whole database and its storage, also while the service runs.

Each call reads a page of bounded size, so the size of a table costs time and no memory.
"""

from datetime import datetime
from typing import Any

from app.database.audit_back_office import check_back_office
from app.database.audit_books import Books, Progress, check_accounts, check_rows_without_job
from app.database.audit_deletion import check_deletion, check_erasures
from app.database.audit_events import check_outgoing_events
from app.database.audit_objects import KEY_OWNERS, check_objects, passed_over
from app.database.audit_rules import Row, Violation, check_job
from app.database.audit_search import check_search
from app.database.audit_shares import check_shares
from app.database.audit_start_images import check_start_image
from app.database.client import Database
from app.database.job_ranges import rows_of, split_table
from app.database.refusals import is_unreadable
from app.problems import DatabaseUnavailable
from app.storage.protocol import Storage

CHUNK = 200
"""Jobs that one call reads with everything that belongs to them."""
_TABLES = (
    *("video_job", "credit_entry", "library_video", "idempotency", "credit_account"),
    *("admin_action", "outgoing_event"),
)
_JOBS = """
SELECT *,
  fn::clock::now() AS clock,
  (SELECT VALUE [record::id(id)[1], credits, user] FROM
    type::record('credit_entry', [record::id($parent.id), '']..[record::id($parent.id), 'z'])
  ) AS entries,
  (SELECT VALUE job FROM ONLY type::record('fal_request', $parent.fal_request_id ?? '-'))
    AS request_owner,
  record::exists(type::record('storage_key_taken', video_key ?? '-')) AS key_is_taken,
  type::record('admin_action', ended_by ?? '-').job AS ended_by_action_on,
  (SELECT * FROM ONLY type::record('library_video', record::id($parent.id))) AS listed,
  (SELECT * FROM ONLY type::record('deletion', record::id($parent.id))) AS deletion,
  fn::deletion::keys(id.*) AS object_keys,
  fn::erasure::text() AS erased_text,
  (SELECT VALUE [record::id(id)[1], status] FROM
    type::record('video_job_event', [record::id($parent.id), 0]..[record::id($parent.id), 1000000])
  ) AS events
FROM array::map($jobs, |$job| type::record('video_job', $job))
"""
_JOB_IDS = f"RETURN (SELECT VALUE record::id(id) FROM {rows_of('video_job')})"  # noqa: S608 constants


async def audit(
    database: Database,
    storage: Storage,
    *,
    read: bool,
    since: datetime | None = None,
    progress: Progress = lambda _: None,
) -> list[Violation]:
    """Return every violation; ``read`` reads each video's bytes instead of trusting the store.

    ``since`` leaves out the objects of jobs that were completed or deleted before. All rows are
    checked.
    """
    books = Books()
    violations = [each async for each in check_rows_without_job(database, books, progress)]
    violations += [each async for each in check_search(database)]
    for ids in await split_table(database):
        page = await database.query(_JOB_IDS, first=ids.first, end=ids.end)
        for start in range(0, len(page), CHUNK):
            chunk = page[start : start + CHUNK]
            jobs, unreadable = await _read_jobs(database, chunk)
            violations += unreadable
            for job in jobs:
                books.add_job(job)
                violations += check_job(job)
                violations += check_start_image(job)
                violations += check_deletion(job)
            violations += await check_objects(jobs, storage, read=read, since=since)
            progress(len(chunk))
    violations += [each async for each in check_accounts(database, books, progress)]
    violations += [each async for each in check_back_office(database, progress)]
    violations += [each async for each in check_shares(database)]
    violations += [each async for each in check_erasures(database)]
    violations += [each async for each in check_outgoing_events(database, progress)]
    violations += [
        Violation(owner, f"stored {key}, which is not the key of any job")
        async for key, owner in passed_over(database, storage)
    ]
    return violations


async def count_rows(database: Database) -> int:
    """Return about how many rows an audit reports as progress."""
    counts = [
        await database.query(f"RETURN (SELECT count() FROM {table} GROUP ALL)")  # noqa: S608 a constant
        for table in _TABLES
    ]
    return sum(row["count"] for rows in counts for row in rows)


async def _read_jobs(database: Database, ids: list[Any]) -> tuple[list[Row], list[Violation]]:
    """Read jobs with everything that belongs to them; name those that the driver cannot read."""
    try:
        rows = await database.query(_JOBS, jobs=ids)
    except DatabaseUnavailable as error:
        if not is_unreadable(error):
            raise
        if len(ids) == 1:
            return [], [Violation(str(ids[0]), f"cannot be read by the driver: {error.__cause__}")]
        half = len(ids) // 2
        first = await _read_jobs(database, ids[:half])
        second = await _read_jobs(database, ids[half:])
        return first[0] + second[0], first[1] + second[1]
    jobs = [row | {"id": str(row["id"].id), "record": row["id"], "key_owners": []} for row in rows]
    keyed = [job for job in jobs if job.get("video_key")]
    owners = await database.query(KEY_OWNERS, keys=[job["video_key"] for job in keyed])
    for job, found in zip(keyed, owners, strict=True):
        job["key_owners"] = found
    return jobs, []
