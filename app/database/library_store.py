"""Reads the libraries of users, and changes their videos."""

from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from app.database.client import Database
from app.database.errors import Thrown
from app.database.paging import END_OF_TIME
from app.domain.page import PageRequest
from app.domain.video import LibraryVideo
from app.problems import DatabaseUnavailable, VideoNotFound
from app.server.tasks import BackgroundTasks
from app.telemetry.logs import digest_of_user

ADDED_AT_ONCE = 500
"""Videos from before ``library_search`` that one call adds to it."""

_JOB = "type::record('video_job', record::id(id))"
_VIDEOS = f"SELECT *, {_JOB}.variables AS variables, {_JOB}.fal_request_id AS fal_request_id FROM"
# The order of the ids is the order of the page: SurrealDB 3.2 applies a LIMIT to a range of ids
# before it sorts. Its conditions compare stored fields alone, which the engine checks before it
# decodes a row.
_FOUND = (
    f"{_VIDEOS} (SELECT VALUE type::record('library_video', record::id(id)[2]) "  # noqa: S608 constants
    "FROM (type::record('library_search', $after>..$end)) WHERE {conditions} LIMIT $limit) "
    "WHERE deleted_at = NONE ORDER BY created_at DESC, id"
)
_CONDITIONS = {
    "text": "title CONTAINS $text",
    "favourite": "favourite = $favourite",
    "template": "template_slug = $template",
}
# Before the user's videos are in library_search, all of them are read: 10,000 in some 100 ms.
_FOUND_BEFORE = (
    f"{_VIDEOS} (SELECT id, created_at FROM (SELECT id, created_at FROM library_video "  # noqa: S608 constants
    "WHERE user = $user AND deleted_at = NONE AND {conditions}) "
    "WHERE created_at < $until OR (created_at = $until AND record::id(id) > $last) "
    "ORDER BY created_at DESC, id LIMIT $limit).id ORDER BY created_at DESC, id"
)
_CONDITIONS_BEFORE = _CONDITIONS | {
    "text": "fn::library::folded(title) CONTAINS fn::library::folded($text)",
    "favourite": "(favourite = true) = $favourite",
}
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

    def __init__(self, database: Database, background: BackgroundTasks) -> None:
        self._database = database
        self._background = background

    async def page(self, user: str, page: PageRequest, wanted: VideoFilter) -> list[LibraryVideo]:
        """Return the user's videos, newest first, and one more than the page has."""
        text = await self._database.call("library::text_to_find", user, wanted.title or "")
        if is_complete := text is not None:
            statement, conditions = _FOUND, _CONDITIONS
        else:
            statement, conditions = _FOUND_BEFORE, _CONDITIONS_BEFORE
            name = f"fill the search of user {digest_of_user(user)}"
            self._background.start(name, self._add_to_search(user))
        filters = {
            "text": (text if is_complete else wanted.title) or None,
            "favourite": wanted.favourite,
            "template": wanted.template_slug,
        }
        given = [conditions[name] for name, value in filters.items() if value is not None]
        last = page.after
        rows = await self._database.query(
            statement.format(conditions=" AND ".join(given) or "true"),
            user=user,
            after=[user, _newest_first(last.time), last.id] if last else [user],
            end=[user, 0],
            until=last.time if last else END_OF_TIME,
            last=last.id if last else "",
            limit=page.limit + 1,
            **filters,
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

    async def _add_to_search(self, user: str) -> None:
        """Add the user's videos from before ``library_search``; the next look repeats a failure."""
        with suppress(DatabaseUnavailable):
            jobs = await self._database.query(_LISTED, user=user)
            for start in range(0, max(1, len(jobs)), ADDED_AT_ONCE):
                end = start + ADDED_AT_ONCE
                is_last = end >= len(jobs)
                await self._database.call("library::add_to_search", user, jobs[start:end], is_last)


def _newest_first(time: datetime) -> int:
    """Return the number by which ``library_search`` is sorted."""
    return (_EPOCH - time) // timedelta(microseconds=1)
