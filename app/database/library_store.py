"""Reads the libraries of users, and changes their videos."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from app.database.client import Database
from app.database.errors import Thrown
from app.domain.page import PageRequest
from app.domain.video import LibraryVideo
from app.problems import VideoNotFound

ADDED_AT_ONCE = 500
"""Videos from before ``library_search`` that one call adds to it."""

_VIDEOS = "SELECT *, type::record('video_job', record::id(id)).variables AS variables FROM"
# The order of the ids is the order of the page: SurrealDB 3.2 applies a LIMIT to a range of ids
# before it sorts. Its conditions compare stored fields alone, which the engine checks before it
# decodes a row.
_FOUND = (
    f"{_VIDEOS} (SELECT VALUE type::record('library_video', record::id(id)[2]) "  # noqa: S608 constants
    "FROM (type::record('library_search', $after>..$end)) WHERE {conditions} LIMIT $limit) "
    "WHERE deleted_at = NONE ORDER BY created_at DESC, id"
)
_LISTED = "SELECT VALUE record::id(id) FROM library_video WHERE user = $user AND deleted_at = NONE"
_EPOCH = datetime.fromtimestamp(0, UTC)


@dataclass(frozen=True, kw_only=True)
class VideoFilter:
    """Which of a user's videos are listed; None for all."""

    template_slug: str | None = None
    title: str | None = None
    """A part of the title, in upper or lower case."""
    favourite: bool | None = None


class LibraryStore:
    """The videos of each user that are not deleted."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def page(self, user: str, page: PageRequest, wanted: VideoFilter) -> list[LibraryVideo]:
        """Return the user's videos, newest first, and one more than the page has."""
        text = await self._text_to_find(user, wanted.title or "")
        conditions = {
            "title CONTAINS $text": text or None,
            "favourite = $favourite": wanted.favourite,
            "template_slug = $template": wanted.template_slug,
        }
        given = [condition for condition, value in conditions.items() if value is not None]
        last = page.after
        rows = await self._database.query(
            _FOUND.format(conditions=" AND ".join(given) or "true"),
            after=[user, _newest_first(last.time), last.id] if last else [user],
            end=[user, 0],
            text=text,
            favourite=wanted.favourite,
            template=wanted.template_slug,
            limit=page.limit + 1,
        )
        return [LibraryVideo.from_row(row) for row in rows]

    async def video(self, job_id: str, user: str) -> LibraryVideo:
        """Return a video; raises VideoNotFound if the user has no such video."""
        rows = await self._database.query(
            f"{_VIDEOS} type::record('library_video', $job) "
            "WHERE user = $user AND deleted_at = NONE",
            job=job_id,
            user=user,
        )
        if not rows:
            raise VideoNotFound
        return LibraryVideo.from_row(rows[0])

    async def change(
        self, user: str, job_id: str, *, title: str | None, favourite: bool | None
    ) -> LibraryVideo:
        """Give the video another title, or make it a favourite or none; None changes nothing.

        Raises:
            VideoNotFound: there is no such video, it is deleted, or it belongs to another user.

        """
        change = {"title": title, "favourite": favourite}
        try:
            row = await self._database.call("library::change", user, job_id, change)
        except Thrown as thrown:
            if thrown.code == "video_not_found":
                raise VideoNotFound("There is no such video.") from thrown
            raise
        return LibraryVideo.from_row(row)

    async def _text_to_find(self, user: str, given: str) -> str:
        """Return the text as titles are stored for a search; first add those that are missing."""
        while (found := await self._database.call("library::text_to_find", user, given)) is None:
            await self._add_to_search(user)
        return str(found)

    async def _add_to_search(self, user: str) -> None:
        """Add the user's videos from before ``library_search``."""
        jobs = await self._database.query(_LISTED, user=user)
        for start in range(0, max(1, len(jobs)), ADDED_AT_ONCE):
            chunk, is_last = jobs[start : start + ADDED_AT_ONCE], start + ADDED_AT_ONCE >= len(jobs)
            await self._database.call("library::add_to_search", user, chunk, is_last)


def _newest_first(time: datetime) -> int:
    """Return the number by which ``library_search`` is sorted."""
    return (_EPOCH - time) // timedelta(microseconds=1)
