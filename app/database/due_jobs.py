"""The jobs that are due: the sweep takes them."""

import logging
from collections.abc import Sequence
from typing import Any

from app import times
from app.database.client import Database
from app.database.limits import Limits
from app.domain.job import DueJob

log = logging.getLogger(__name__)


class DueJobs:
    """Gives each due job to one caller.

    The jobs have no variables, so they are not published: a poll would be answered without them.
    """

    def __init__(self, database: Database, limits: Limits) -> None:
        self._database = database
        self._ahead = {"deadline": limits.deadline}

    async def due(self, limit: int) -> list[Any]:
        """Return the database's ids of the due jobs, about ``limit``."""
        return list(await self._database.call("video_job::due", limit, self._ahead))

    async def take_due(self, limit: int, only: Sequence[Any] | None = None) -> list[DueJob]:
        """Return the due jobs, or those with the ids ``only``; each goes to one caller.

        A row that cannot be read is logged and left out.

        Raises:
            Refused: the database cannot change one of the rows, and has changed none.

        """
        due = []
        rows = await self._database.call(
            "video_job::take_due", limit, times.LOOK_AGAIN, self._ahead, only
        )
        for row in rows:
            try:
                due.append(DueJob.from_row(row))
            except (ValueError, TypeError, KeyError) as error:
                log.error("%s cannot be read: %r", row["id"], error)  # noqa: TRY400 see the line
        return due
