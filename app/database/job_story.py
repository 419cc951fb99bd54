"""Reads the whole story of a job: its row, its events, its ledger entries, its stored objects."""

import asyncio
from collections.abc import Mapping
from typing import Any

from app.database.client import Database
from app.domain.credits import CreditEntry
from app.domain.support_job import JobEvent, JobStory
from app.problems import JobNotFound
from app.storage.keys import poster_key
from app.storage.protocol import Storage, StoredObject

_STORY = """{
LET $row = SELECT * FROM ONLY type::record('video_job', $job);
RETURN IF $row = NONE { NONE } ELSE { {
  row: fn::video_job::readable($row),
  events: (SELECT * FROM type::record('video_job_event', [$job, 0]..[$job, 1000000])),
  entries: (SELECT * FROM type::record('credit_entry', [$job, '']..[$job, 'z'])
    ORDER BY created_at)
} }
}"""


async def read_story(database: Database, job_id: str) -> JobStory:
    """Return what the database has about the job.

    Raises:
        JobNotFound: there is no such job.
        DatabaseUnavailable: it cannot be read.

    """
    found = await database.query(_STORY, job=job_id)
    if found is None:
        raise JobNotFound("There is no such job.")
    return JobStory(
        row=found["row"],
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
