"""Pages of jobs, newest first: a user's own, or those that the back office asks for."""

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

from app.database.client import Database
from app.database.paging import NEWEST, exact_page
from app.database.refusals import is_unreadable, unreadable_job
from app.domain.job import Status, whole_microseconds
from app.domain.page import PageRequest, Place
from app.domain.support_job import SupportJob, UnreadableJob, read_support_job
from app.problems import DatabaseUnavailable

log = logging.getLogger(__name__)

_ROW = "(SELECT * FROM ONLY $id)"
_READABLE = f"fn::video_job::readable({_ROW})"
_PLACE = "(SELECT id, created_at FROM ONLY $id)"

# The legacy stack has other words for unfinished jobs, see Job.from_row. IN would read all jobs of
# the user, so each word is found by one look into the index, and its newest jobs by another.
_NEXT_WORD = """
SELECT VALUE status FROM video_job WHERE user = $user AND status >= $least
  ORDER BY status LIMIT 1"""
_OF_WORD = f"""
(SELECT id, created_at FROM video_job WHERE user = $user AND status = $word_{{}} AND {NEWEST})"""  # noqa: S608 constants
# Most jobs are completed, and the index of a status stops at a LIMIT, unlike that of all jobs.
_NEAR = """
SELECT VALUE created_at FROM video_job WHERE status = 'completed' AND created_at < $end
  ORDER BY created_at DESC LIMIT 1"""
_OTHERS = {status for status in Status if status is not Status.PENDING}


@dataclass(frozen=True, kw_only=True)
class ListedJob:
    """A row of a page."""

    place: Place
    job: SupportJob | UnreadableJob

    @classmethod
    def from_row(cls, row: Mapping[str, Any], job: UnreadableJob | None = None) -> Self:
        """Read a row, unless its ``job`` is known to be unreadable; such a job is logged."""
        place = Place(time=whole_microseconds(row["created_at"]), id=str(row["id"].id))
        read = job or read_support_job(row)
        if isinstance(read, UnreadableJob):
            log.error("%s cannot be read: %s", row["id"], read.problem)
        return cls(place=place, job=read)


class JobPages:
    """Jobs of one user or of all, whatever their status.

    Jobs that were made after the year 9999 are left out.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    async def of_user(self, user: str, page: PageRequest, status: Status | None) -> list[ListedJob]:
        """Return the user's jobs, newest first, and one more than the page has."""
        return await self._page(page, user, status, _ROW)

    async def for_support(
        self, page: PageRequest, *, user: str | None, status: Status | None
    ) -> list[ListedJob]:
        """Return jobs of all users, or of one, newest first, and one more than the page has.

        Jobs with times that cannot be read have the last readable time in their place. Of all
        users, those that the legacy stack left under words of its own are not among the pending.
        """
        # The function takes a third of the time of a page, and nearly no page needs it.
        return await self._page(page, user, status, _ROW, _READABLE)

    async def _page(
        self, page: PageRequest, user: str | None, status: Status | None, *rows_as: str
    ) -> list[ListedJob]:
        """Read the rows in the first of these ways in which the driver can read all of them."""
        given: dict[str, Any] = {"user": user, "status": status}
        if user is not None and status is Status.PENDING:
            words = await self._pending_words(user)
            given |= {f"word_{number}": word for number, word in enumerate(words)}
            given["rows_of"] = (
                f"array::flatten([{','.join(map(_OF_WORD.format, range(len(words))))}])"
            )
        else:
            of_user = "user = $user AND" if user is not None else ""
            of_status = "status = $status AND" if status is not None else ""
            given["condition"] = f"{of_user} {of_status}".strip()
        for row in rows_as:
            try:
                rows = await self._exact_page(page, row, given)
                break
            except DatabaseUnavailable as error:
                if not is_unreadable(error):
                    raise
        else:
            places = await self._exact_page(page, _PLACE, given)
            return [await self._listed(place, rows_as[-1]) for place in places]
        return [ListedJob.from_row(each) for each in rows]

    async def _exact_page(
        self, page: PageRequest, row: str, given: Mapping[str, Any]
    ) -> list[dict[str, Any]]:
        return await exact_page(self._database, "video_job", page, row=row, near=_NEAR, **given)

    async def _pending_words(self, user: str) -> list[str]:
        """Return the words of the user's jobs that count as pending."""
        words: list[str] = []
        least = ""
        while found := await self._database.query(_NEXT_WORD, user=user, least=least):
            words += set(found) - _OTHERS
            least = f"{found[0]}\0"  # the next text
        return words

    async def _listed(self, place: dict[str, Any], row: str) -> ListedJob:
        """Read one row, which the driver may not be able to."""
        try:
            found: dict[str, Any] = await self._database.query(f"RETURN {row}", id=place["id"])
        except DatabaseUnavailable as error:
            if not is_unreadable(error):
                raise
            return ListedJob.from_row(place, unreadable_job(str(place["id"].id), error))
        return ListedJob.from_row(found)
