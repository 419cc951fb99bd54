"""Lists the finished videos of the legacy stack in their users' libraries."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from app.database.client import Database
from app.database.job_ranges import RANGE, split_table
from app.database.refusals import is_unreadable, unreadable_job
from app.errors import VideoUnavailable
from app.media.probing import probe
from app.problems import DatabaseUnavailable
from app.storage.protocol import Storage

AT_ONCE = 4
"""Videos that are read at the same time."""
UNLISTED = f"""
SELECT VALUE id FROM {RANGE} WHERE status = 'completed' AND revision IS NONE
  AND fal_model IS NOT NONE AND deleted_at IS NONE
  AND type::is_string(record::id(id))
  AND !record::exists(type::record('library_video', record::id(id)))"""  # noqa: S608 put together from constants


async def unlisted(database: Database) -> list[str]:
    """Return the ids of finished legacy jobs without an entry in the library."""
    return [
        str(record.id)
        for ids in await split_table(database)
        for record in await database.query(UNLISTED, first=ids.first, end=ids.end)
    ]


async def list_videos(
    database: Database, storage: Storage, jobs: list[str], titles: Mapping[str, str]
) -> AsyncIterator[tuple[str, str | None]]:
    """List each job's video; yield the job's id, and the reason if its video cannot be listed.

    Raises:
        StorageUnavailable: the storage does not answer; a repeated run continues.

    """
    with TemporaryDirectory() as folder:
        for start in range(0, len(jobs), AT_ONCE):
            few = jobs[start : start + AT_ONCE]
            work = (
                _list(database, storage, job, titles, Path(folder) / f"{number}.mp4")
                for number, job in enumerate(few)
            )
            for job, reason in zip(few, await asyncio.gather(*work), strict=True):
                yield job, reason


async def _list(
    database: Database, storage: Storage, job: str, titles: Mapping[str, str], path: Path
) -> str | None:
    try:
        row: dict[str, Any] = await database.call("video_job::get", job)
    except DatabaseUnavailable as error:
        if not is_unreadable(error):
            raise
        return unreadable_job(job, error).problem
    if not (key := row.get("video_key")):
        return "it has no video_key"
    found = await storage.find(key, read=False)
    if found is None:
        return f"the storage has no {key}"
    await storage.save(key, path)
    slug = row["template_slug"]
    video = {
        "title": titles.get(slug) or slug.replace("-", " ").capitalize(),
        "bytes": found.size,
        **await _decoded(path),
    }
    await database.call("library::add_legacy", job, video)
    return None


async def _decoded(path: Path) -> dict[str, float]:
    """Return what the file itself tells of its video: nothing if it cannot be decoded."""
    try:
        facts = await probe(path)
    except VideoUnavailable:
        return {}
    return {
        "duration_seconds": facts.duration_seconds,
        "width": facts.width,
        "height": facts.height,
    }
