"""The audit's rules for start images.

A start image that was never stored is no violation: a storage that is away costs only the picture.
"""

from collections.abc import AsyncIterator, Iterator

from app.database.audit_rules import Row, Violation
from app.database.client import Database
from app.database.job_ranges import rows_of, split_table
from app.storage.keys import is_start_key_of
from app.storage.protocol import Storage

_DELETED = f"""
RETURN (SELECT VALUE [record::id(id), user, start_key] FROM {rows_of("video_job")}
  WHERE deleted_at != NONE AND start_key != NONE
    AND type::record('deletion', record::id(id)).due_at = NONE)"""  # noqa: S608 constants


def check_start_image(job: Row) -> Iterator[Violation]:
    """Compare the start image of a job with its owner and its library row."""
    for finding in (*_key(job), *_listed(job)):
        yield Violation(job["id"], finding)


def shows_start_image(job: Row) -> bool:
    """Return whether the row says that its start image is stored."""
    return bool(job.get("start_stored") and job.get("start_key") and not job.get("deleted_at"))


async def start_image_object(job: Row, storage: Storage) -> list[Violation]:
    """Compare a stored start image with the storage."""
    found = await storage.find(job["start_key"], read=False)
    if found is None:
        finding = f"has a stored start image, but there is no object at {job['start_key']}"
        return [Violation(job["id"], finding)]
    if found.owner not in {job["id"], None}:
        finding = f"its start image at {job['start_key']} was stored by {found.owner}"
        return [Violation(job["id"], finding)]
    return []


async def deleted_start_images(database: Database, storage: Storage) -> AsyncIterator[str]:
    """Iterate over the keys of start images of deleted jobs that no deletion is going to delete.

    None, unless a disk hung for minutes while it wrote one, or a clock was changed.
    """
    for ids in await split_table(database):
        for job, user, key in await database.query(_DELETED, first=ids.first, end=ids.end):
            if not is_start_key_of(key, user, str(job)):
                continue
            found = await storage.find(key, read=False)
            if found is not None and found.owner == str(job):
                yield key


def _key(job: Row) -> Iterator[str]:
    """Check the keys that this service wrote; the replaced stack may have written anything."""
    key, is_stored = job.get("start_key"), job.get("start_stored")
    opened_here = "hold" in {kind for kind, _, _ in job["entries"]}
    if key is None:
        if is_stored:
            yield "has a stored start image without a key"
    elif (opened_here or is_stored) and not is_start_key_of(key, job["user"], job["id"]):
        yield f"its start image is in another user's folder or another job's: {key}"


def _listed(job: Row) -> Iterator[str]:
    if job["listed"] is None or job.get("deleted_at"):
        return
    expected = job.get("start_key") if job.get("start_stored") else None
    found = job["listed"].get("start_key")
    if expected != found:
        yield f"has the start image {expected}, but its library row has {found}"
