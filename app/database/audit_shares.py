"""The audit of shares: each belongs to a listed video that names it, and the other way round."""

from collections.abc import AsyncIterator

from app.database.audit_rules import Violation
from app.database.client import Database
from app.database.job_ranges import rows_of, split_table

# Findings name the job and not the token: whoever knows a token sees the video.
_SHARES = f"""
RETURN (SELECT VALUE {{
    job: job,
    token: record::id(id),
    video: (SELECT share, deleted_at FROM ONLY type::record('library_video', $parent.job))
  }} FROM {rows_of("share")})"""  # noqa: S608 put together from constants
_VIDEOS = f"""
RETURN (SELECT VALUE record::id(id) FROM {rows_of("library_video")}
  WHERE share != NONE AND type::record('share', share).job != record::id(id))"""  # noqa: S608 put together from constants


async def check_shares(database: Database) -> AsyncIterator[Violation]:
    """Compare the shares with the videos, and the videos with the shares."""
    for ids in await split_table(database, "share"):
        for share in await database.query(_SHARES, first=ids.first, end=ids.end):
            video = share.get("video")
            if video is None:
                yield Violation(share["job"], "is shared, but not in the library")
            elif video.get("deleted_at"):
                yield Violation(share["job"], "is deleted, but still shared")
            elif video.get("share") != share["token"]:
                yield Violation(share["job"], "has a share that its library row does not name")
    for ids in await split_table(database, "library_video"):
        for job in await database.query(_VIDEOS, first=ids.first, end=ids.end):
            yield Violation(str(job), "its library row names a share that is not the video's")
