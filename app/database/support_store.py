"""What the back office reads, and its changes to users and templates."""

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

from app.database.client import Database
from app.database.errors import Thrown
from app.database.job_story import read_story
from app.database.paging import exact_page
from app.domain.admin_action import AdminAction
from app.domain.job import Status, whole_microseconds
from app.domain.page import PageRequest, Place
from app.domain.support_job import JobStory, SupportJob
from app.domain.support_user import SupportUser
from app.problems import TemplateNotFound

log = logging.getLogger(__name__)

_READABLE = "fn::video_job::readable((SELECT * FROM ONLY $id))"
_USER = """
RETURN {
  account: (SELECT balance, held, suspended FROM ONLY type::record('credit_account', $user)),
  jobs: (SELECT status, count() FROM video_job WHERE user = $user GROUP BY status),
  videos: (SELECT count() FROM library_video WHERE user = $user AND deleted_at = NONE GROUP ALL)
}
"""


@dataclass(frozen=True, kw_only=True)
class ListedJob:
    """One row of a page; ``job`` is None if the row cannot be read as a job."""

    place: Place
    job: SupportJob | None

    @classmethod
    def from_row(cls, row: Mapping[str, Any]) -> Self:
        """Read a row; one that is not a job is logged."""
        place = Place(time=whole_microseconds(row["created_at"]), id=str(row["id"].id))
        try:
            return cls(place=place, job=SupportJob.from_row(row))
        except (KeyError, TypeError, ValueError) as error:
            log.error("%s cannot be read: %r", row["id"], error)  # noqa: TRY400 see the line
            return cls(place=place, job=None)


class SupportStore:
    """Reads jobs of all users, and changes what a user or a template may do."""

    def __init__(self, database: Database, *, signup_grant: int) -> None:
        self._database = database
        self._signup_grant = signup_grant

    async def page(
        self, page: PageRequest, *, user: str | None, status: Status | None
    ) -> list[ListedJob]:
        """Return the newest jobs first, and one more than the page has.

        Jobs that were made after the year 9999 are left out.
        """
        of_user = "user = $user AND" if user is not None else ""
        of_status = "status = $status AND" if status is not None else ""
        rows = await exact_page(
            self._database,
            "video_job",
            page,
            condition=f"{of_user} {of_status}".strip(),
            row=_READABLE,
            user=user,
            status=status,
        )
        return [ListedJob.from_row(row) for row in rows]

    async def story(self, job_id: str) -> JobStory:
        """Return what the database has about a job; raises JobNotFound if there is none."""
        return await read_story(self._database, job_id)

    async def user(self, user: str) -> SupportUser:
        """Return the account and the counts of a user, and open no account."""
        return SupportUser.from_rows(user, await self._database.query(_USER, user=user))

    async def suspend(self, user: str, *, suspended: bool, action: AdminAction) -> None:
        """Refuse the user's submits from now on, or accept them again."""
        await self._database.call(
            "credit::suspend", user, suspended, self._signup_grant, vars(action)
        )

    async def enable_template(self, slug: str, *, enabled: bool, action: AdminAction) -> None:
        """Offer the template, or take it off offer; raises TemplateNotFound if there is none."""
        try:
            await self._database.call("template::enable", slug, enabled, vars(action))
        except Thrown as thrown:
            if thrown.code == "template_not_found":
                raise TemplateNotFound(f"There is no template {slug[:80]!r}.") from thrown
            raise
