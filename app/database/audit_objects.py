"""The audit's questions to the storage: what is missing, what is changed, and what is left."""

import asyncio
from collections.abc import AsyncIterator, Coroutine, Iterable, Sequence
from datetime import datetime
from typing import Any, TypeVar

from app.database.audit_deletion import objects_of_deleted
from app.database.audit_rules import Row, Violation, is_delivered_here
from app.database.audit_start_images import (
    deleted_start_images,
    shows_start_image,
    start_image_object,
)
from app.database.client import Database
from app.database.job_ranges import rows_of, split_table
from app.storage.keys import poster_key
from app.storage.protocol import Storage

CHUNK = 200
"""Keys whose owners one call reads."""
STORAGE_CALLS = 64
"""Questions to the storage at the same time: a bucket may be 30 ms away."""
STORAGE_READS = 8
"""Videos that are read at the same time; each takes some memory."""

T = TypeVar("T")

# One lookup in the index for each key; a subquery over $parent would read the table for each.
KEY_OWNERS = """
RETURN $keys.map(|$key: string| (
  SELECT VALUE record::id(id) FROM video_job WHERE video_key = $key LIMIT 2
))
"""
_WITHOUT_VIDEO = f"""
RETURN (SELECT VALUE [record::id(id), video_key] FROM {rows_of("video_job")}
  WHERE video_key != NONE AND video_key != ''
    AND (status IN ['failed', 'cancelled'] OR deleted_at != NONE)
    AND type::record('deletion', record::id(id)).due_at = NONE)"""  # noqa: S608 constants
_TAKEN_KEYS = f"RETURN (SELECT VALUE record::id(id) FROM {rows_of('storage_key_taken')})"  # noqa: S608 constants


async def check_objects(
    jobs: Sequence[Row], storage: Storage, *, read: bool, since: datetime | None
) -> list[Violation]:
    """Compare the objects of jobs with what their rows say.

    ``since`` leaves out those of jobs that were completed or deleted before.
    """
    deleted = [job for job in jobs if _is_recent(job.get("deleted_at"), since)]
    recent = [job for job in jobs if _is_recent(job.get("completed_at"), since)]
    found = await at_once(objects_of_deleted(job, storage) for job in deleted)
    found += await at_once(
        (_objects(job, storage, read=read) for job in recent if _has_objects(job)),
        limit=STORAGE_READS if read else STORAGE_CALLS,
    )
    found += await at_once(
        start_image_object(job, storage) for job in recent if shows_start_image(job)
    )
    return [each for violations in found for each in violations]


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
            owners = await database.query(KEY_OWNERS, keys=[key for _, key in chunk])
            alone = [pair for pair, jobs in zip(chunk, owners, strict=True) if len(jobs) == 1]
            for found in await at_once(_stored(storage, key) for _, key in alone):
                for key, owner in found:
                    if owner in {job for job, _ in alone}:
                        yield key
    async for key, _ in passed_over(database, storage):
        yield key
    async for key in deleted_start_images(database, storage):
        yield key


def _has_objects(job: Row) -> bool:
    return bool(is_delivered_here(job) and job.get("video_key") and not job.get("deleted_at"))


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


async def passed_over(database: Database, storage: Storage) -> AsyncIterator[tuple[str, str]]:
    """Iterate over objects under reserved keys that no job has, each with the job that stored it.

    A job gets the next key if its own holds other bytes, also if it stored those bytes itself.
    """
    for ids in await split_table(database, "storage_key_taken"):
        page = await database.query(_TAKEN_KEYS, first=ids.first, end=ids.end)
        for start in range(0, len(page), CHUNK):
            chunk = page[start : start + CHUNK]
            owners = await database.query(KEY_OWNERS, keys=chunk)
            free = [key for key, jobs in zip(chunk, owners, strict=True) if not jobs]
            for found in await at_once(_stored(storage, key) for key in free):
                for key, owner in found:
                    if await database.query(
                        "RETURN record::exists(type::record('video_job', $job))", job=owner
                    ):
                        yield key, owner


async def _stored(storage: Storage, key: str) -> list[tuple[str, str]]:
    """Return the video and the poster under a key that name the job which stored them."""
    stored = [(each, await storage.find(each, read=False)) for each in (key, poster_key(key))]
    return [(each, found.owner) for each, found in stored if found and found.owner]


async def at_once(
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
