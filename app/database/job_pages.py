"""Pages of users' jobs, newest first."""

import logging
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from app.database.client import Database
from app.database.paging import AFTER, NEWEST_FIRST, page_variables
from app.database.refusals import is_unreadable
from app.domain.job import Job, Status, whole_microseconds
from app.domain.page import PageRequest, Place
from app.problems import DatabaseUnavailable

log = logging.getLogger(__name__)

_TIME = "SELECT VALUE created_at FROM ONLY type::record('video_job', $last) WHERE user = $user"
_ALL = f"video_job WHERE user = $user AND {AFTER}"
_OF_STATUS = f"video_job WHERE user = $user AND status = $status AND {AFTER}"
# The legacy stack has other words for unfinished jobs, see Job.from_row. No index finds them all,
# so all of the user's jobs are read. The few are sorted afterwards, since SurrealDB 3.2 reads an
# index backwards much more slowly. Of ids it would apply the LIMIT before it sorts.
_PENDING = f"(SELECT * FROM {_ALL} AND status NOT IN $others)"  # noqa: S608 constants
_OTHERS = [status for status in Status if status is not Status.PENDING]


@dataclass(frozen=True, kw_only=True)
class ListedJob:
    """A row of a page; ``job`` is None if it cannot be read."""

    place: Place
    job: Job | None


class JobPages:
    """The jobs of each user, whatever their status."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def page(self, user: str, page: PageRequest, status: Status | None) -> list[ListedJob]:
        """Return the user's jobs, newest first, and one more than the page has."""
        rows_of = {None: _ALL, Status.PENDING: _PENDING}.get(status, _OF_STATUS)
        query = f"FROM {rows_of} {NEWEST_FIRST}"
        variables = page_variables("video_job", await self._exact(user, page))
        variables |= {"user": user, "status": status, "others": _OTHERS}
        try:
            rows = await self._database.query(f"SELECT * {query}", **variables)
        except DatabaseUnavailable as error:
            if not is_unreadable(error):
                raise
            places = await self._database.query(f"SELECT id, created_at {query}", **variables)
            rows = [await self._row(place) for place in places]
        return [_listed(row) for row in rows]

    async def _exact(self, user: str, page: PageRequest) -> PageRequest:
        """Return the page with the time of its row: rows have nanoseconds, cursors have none."""
        if page.after is None:
            return page
        time = await self._database.query(_TIME, last=page.after.id, user=user)
        return replace(page, after=replace(page.after, time=time)) if time else page

    async def _row(self, place: Mapping[str, Any]) -> Mapping[str, Any]:
        """Return the whole row, or only its place if the driver cannot read it."""
        try:
            row: Mapping[str, Any] = await self._database.query(
                "SELECT * FROM ONLY $id", id=place["id"]
            )
        except DatabaseUnavailable as error:
            if not is_unreadable(error):
                raise
            return place
        return row


def _listed(row: Mapping[str, Any]) -> ListedJob:
    place = Place(time=whole_microseconds(row["created_at"]), id=str(row["id"].id))
    try:
        return ListedJob(place=place, job=Job.from_row(row))
    except (ValueError, TypeError, KeyError) as error:
        log.error("%s cannot be read: %r", row["id"], error)  # noqa: TRY400 the line says it all
        return ListedJob(place=place, job=None)
