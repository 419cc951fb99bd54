"""Checks every invariant over a whole database and its storage, also while the service runs.

Each call reads a page of bounded size, so the size of a table costs time and no memory.
"""

import asyncio
from collections.abc import AsyncIterator, Coroutine, Iterable
from datetime import datetime
from typing import Any, TypeVar

from app.database.audit_back_office import check_back_office
from app.database.audit_books import Books, Progress, check_accounts, check_rows_without_job
from app.database.audit_deletion import check_deletion, check_erasures, objects_of_deleted
from app.database.audit_events import check_outgoing_events
from app.database.audit_rules import Row, Violation, check_job, is_delivered_here
from app.database.audit_search import check_search
from app.database.audit_shares import check_shares
from app.database.audit_start_images import (
    check_start_image,
    deleted_start_images,
    shows_start_image,
    start_image_object,
)
from app.database.client import Database
from app.database.job_ranges import rows_of, split_table
from app.database.refusals import is_unreadable
from app.problems import DatabaseUnavailable
from app.storage.keys import poster_key
from app.storage.protocol import Storage

CHUNK = 200
"""Jobs that one call reads with everything that belongs to them."""
STORAGE_CALLS = 64
"""Questions to the storage at the same time: a bucket may be 30 ms away."""
STORAGE_READS = 8
"""Videos that are read at the same time; each takes some memory."""

T = TypeVar("T")

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
# One lookup in the index for each key; a subquery over $parent would read the table for each.
_KEY_OWNERS = """
RETURN $keys.map(|$key: string| (
  SELECT VALUE record::id(id) FROM video_job WHERE video_key = $key LIMIT 2
))
"""
_JOB_IDS = f"RETURN (SELECT VALUE record::id(id) FROM {rows_of('video_job')})"  # noqa: S608 constants
_WITHOUT_VIDEO = f"""
RETURN (SELECT VALUE [record::id(id), video_key] FROM {rows_of("video_job")}
  WHERE video_key != NONE AND video_key != ''
    AND (status IN ['failed', 'cancelled'] OR deleted_at != NONE)
    AND type::record('deletion', record::id(id)).due_at = NONE)"""  # noqa: S608 constants
_TAKEN_KEYS = f"RETURN (SELECT VALUE record::id(id) FROM {rows_of('storage_key_taken')})"  # noqa: S608 constants


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
            deleted = [job for job in jobs if _is_recent(job.get("deleted_at"), since)]
            for found in await _at_once(objects_of_deleted(job, storage) for job in deleted):
                violations += found
            calls = (_objects(job, storage, read=read) for job in jobs if _has_objects(job, since))
            for found in await _at_once(calls, limit=STORAGE_READS if read else STORAGE_CALLS):
                violations += found
            shown = [
                job
                for job in jobs
                if shows_start_image(job) and _is_recent(job.get("completed_at"), since)
            ]
            for found in await _at_once(start_image_object(job, storage) for job in shown):
                violations += found
            progress(len(chunk))
    violations += [each async for each in check_accounts(database, books, progress)]
    violations += [each async for each in check_back_office(database, progress)]
    violations += [each async for each in check_shares(database)]
    violations += [each async for each in check_erasures(database)]
    violations += [each async for each in check_outgoing_events(database, progress)]
    violations += [
        Violation(owner, f"stored {key}, which is not the key of any job")
        async for key, owner in _passed_over(database, storage)
    ]
    return violations


async def count_rows(database: Database) -> int:
    """Return about how many rows an audit reports as progress."""
    counts = [
        await database.query(f"RETURN (SELECT count() FROM {table} GROUP ALL)")  # noqa: S608 a constant
        for table in _TABLES
    ]
    return sum(row["count"] for rows in counts for row in rows)


async def orphans(database: Database, storage: Storage) -> AsyncIterator[str]:
    """Iterate over the keys of objects that can be deleted because no video needs them.

    A job stored them before it ended without a video, before it got another key, or before its
    video was deleted. The first break no invariant: a service that dies after storing leaves one if
    fal has forgotten the result when the delivery is repeated. Objects that do not name the job as
    their owner are left out, since the bucket may serve other applications, and so are keys that
    two rows of the replaced stack share.
    """
    for ids in await split_table(database):
        page = await database.query(_WITHOUT_VIDEO, first=ids.first, end=ids.end)
        for start in range(0, len(page), CHUNK):
            chunk = page[start : start + CHUNK]
            owners = await database.query(_KEY_OWNERS, keys=[key for _, key in chunk])
            alone = [pair for pair, jobs in zip(chunk, owners, strict=True) if len(jobs) == 1]
            for found in await _at_once(_stored(storage, key) for _, key in alone):
                for key, owner in found:
                    if owner in {job for job, _ in alone}:
                        yield key
    async for key, _ in _passed_over(database, storage):
        yield key
    async for key in deleted_start_images(database, storage):
        yield key


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
    owners = await database.query(_KEY_OWNERS, keys=[job["video_key"] for job in keyed])
    for job, found in zip(keyed, owners, strict=True):
        job["key_owners"] = found
    return jobs, []


def _has_objects(job: Row, since: datetime | None) -> bool:
    """Tell whether the job has objects, and is not too old to be asked about."""
    if not is_delivered_here(job) or not job.get("video_key") or job.get("deleted_at"):
        return False
    return _is_recent(job.get("completed_at"), since)


def _is_recent(at: datetime | None, since: datetime | None) -> bool:
    return since is None or at is None or at >= since


async def _objects(job: Row, storage: Storage, *, read: bool) -> list[Violation]:
    found = []
    video = await storage.find(job["video_key"], read=read)
    if video is None:
        found.append(f"is completed, but there is no object at {job['video_key']}")
    elif video.size != job.get("bytes") or video.sha256 not in {job.get("sha256"), None}:
        found.append(f"the object at {job['video_key']} has other bytes")
    poster = job.get("poster_key") or poster_key(job["video_key"])
    if await storage.find(poster, read=False) is None:
        found.append(f"is completed, but there is no object at {poster}")
    return [Violation(job["id"], each) for each in found]


async def _passed_over(database: Database, storage: Storage) -> AsyncIterator[tuple[str, str]]:
    """Iterate over objects under reserved keys that no job has, each with the job that stored it.

    A job gets the next key if its own holds other bytes, also if it stored those bytes itself.
    """
    for ids in await split_table(database, "storage_key_taken"):
        page = await database.query(_TAKEN_KEYS, first=ids.first, end=ids.end)
        for start in range(0, len(page), CHUNK):
            chunk = page[start : start + CHUNK]
            owners = await database.query(_KEY_OWNERS, keys=chunk)
            free = [key for key, jobs in zip(chunk, owners, strict=True) if not jobs]
            for found in await _at_once(_stored(storage, key) for key in free):
                for key, owner in found:
                    if await database.query(
                        "RETURN record::exists(type::record('video_job', $job))", job=owner
                    ):
                        yield key, owner


async def _stored(storage: Storage, key: str) -> list[tuple[str, str]]:
    """Return the video and the poster under a key that name the job which stored them."""
    stored = [(each, await storage.find(each, read=False)) for each in (key, poster_key(key))]
    return [(each, found.owner) for each, found in stored if found and found.owner]


async def _at_once(
    calls: Iterable[Coroutine[Any, Any, T]], *, limit: int = STORAGE_CALLS
) -> list[T]:
    """Await the calls, at most ``limit`` at the same time; return their results in order.

    The first error ends all calls and is raised.
    """
    slots = asyncio.Semaphore(limit)

    async def limited(call: Coroutine[Any, Any, T]) -> T:
        async with slots:
            return await call

    try:
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(limited(call)) for call in calls]
    except ExceptionGroup as errors:
        raise errors.exceptions[0] from errors
    return [task.result() for task in tasks]
