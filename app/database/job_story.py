"""Reads the whole story of a job: its row, its events, its ledger entries, its stored objects."""

import asyncio
from collections.abc import Mapping
from typing import Any

from app.database.client import Database
from app.database.refusals import is_unreadable, unreadable_job
from app.domain.credits import CreditEntry
from app.domain.support_job import JobEvent, JobStory, UnreadableJob, read_support_job
from app.problems import DatabaseUnavailable, JobNotFound
from app.storage.keys import poster_key
from app.storage.protocol import Storage, StoredObject

_STORY = """{{
LET $row = SELECT * FROM ONLY type::record('video_job', $job);
RETURN IF $row = NONE {{ NONE }} ELSE {{ {{
  row: {row},
  events: (SELECT *, fn::clock::readable(at) AS at
    FROM type::record('video_job_event', [$job, 0]..[$job, 1000000])),
  entries: (SELECT *, fn::clock::readable(created_at) AS created_at
    FROM type::record('credit_entry', [$job, '']..[$job, 'z']) ORDER BY created_at)
}} }}
}}"""
_WHOLE = "fn::video_job::readable($row)"
_FACTS = """(SELECT id, user, user_email, template_slug, fal_model, fal_request_id, status, stage,
    credits, error_code, error, attempts, video_key, poster_key, start_key,
    fn::clock::readable(created_at) AS created_at FROM ONLY $row.id)"""
"""For a row with a time that no driver can read where none belongs."""


async def read_story(database: Database, job_id: str) -> JobStory:
    """Return what the database has about the job.

    Raises:
        JobNotFound: there is no such job.
        DatabaseUnavailable: it cannot be read.

    """
    unreadable: UnreadableJob | None = None
    try:
        found = await database.query(_STORY.format(row=_WHOLE), job=job_id)
    except DatabaseUnavailable as error:
        if not is_unreadable(error):
            raise
        unreadable = unreadable_job(job_id, error)
        found = await database.query(_STORY.format(row=_FACTS), job=job_id)
    if found is None:
        raise JobNotFound("There is no such job.")
    return JobStory(
        row=found["row"],
        job=unreadable or read_support_job(found["row"]),
        events=tuple(map(JobEvent.from_row, found["events"])),
        entries=tuple(map(CreditEntry.from_row, found["entries"])),
    )


async def find_stored(
    storage: Storage, row: Mapping[str, Any]
) -> list[tuple[str, StoredObject | None]]:
    """Return what the storage has under each key of a job.

    Raises:
        StorageUnavailable: the storage does not answer.

    """
    keys = _keys(row)
    found = await asyncio.gather(*(storage.find(key, read=False) for key in keys))
    if None in found:  # a disk that is not mounted has no objects either
        await storage.check()
    return list(zip(keys, found, strict=True))


def _keys(row: Mapping[str, Any]) -> list[str]:
    video = row.get("video_key")
    of_video = [video, row.get("poster_key") or poster_key(video)] if video else []
    return [*of_video, *filter(None, [row.get("start_key")])]
