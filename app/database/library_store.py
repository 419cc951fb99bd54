"""Reads the libraries of users."""

from app.database.client import Database
from app.database.paging import AFTER, NEWEST_FIRST, page_variables
from app.domain.page import PageRequest
from app.domain.video import LibraryVideo
from app.problems import VideoNotFound

# Where this is not a condition of its own, an OR over the template would use no index.
_OF_TEMPLATE = "AND template_slug = $template"


class LibraryStore:
    """The videos of each user that are not deleted."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def page(
        self, user: str, page: PageRequest, *, template_slug: str | None = None
    ) -> list[LibraryVideo]:
        """Return the user's videos, newest first, and one more than the page has."""
        of_template = _OF_TEMPLATE if template_slug is not None else ""
        rows = await self._database.query(
            "SELECT * FROM library_video "  # noqa: S608 constants
            f"WHERE user = $user AND deleted_at = NONE {of_template} AND {AFTER} {NEWEST_FIRST}",
            user=user,
            template=template_slug,
            **page_variables("library_video", page),
        )
        return [LibraryVideo.from_row(row) for row in rows]

    async def video(self, job_id: str, user: str) -> LibraryVideo:
        """Return a video; raises VideoNotFound if the user has no such video."""
        rows = await self._database.query(
            "SELECT * FROM type::record('library_video', $job) "
            "WHERE user = $user AND deleted_at = NONE",
            job=job_id,
            user=user,
        )
        if not rows:
            raise VideoNotFound
        return LibraryVideo.from_row(rows[0])
