"""The erasures of users: what is asked for, and what remains to be done."""

from collections.abc import Sequence
from typing import Any

from app import times
from app.database.client import Database
from app.domain.admin_action import AdminAction
from app.domain.deletion import DueErasure, Erasure
from app.domain.job import Status, whole_microseconds

COUNTED = 1000
"""Jobs, deletions and unfinished erasures that are read at most, of each."""
BATCH = 50
"""Jobs that one transaction erases."""

# These are not functions of the database, in which SurrealDB would read all rows of the user.
_NOT_ERASED = """
SELECT VALUE record::id(id) FROM video_job
WHERE user = $user AND erased_at = NONE AND created_at <= $until AND {}
ORDER BY created_at LIMIT $limit"""
_ENDED = _NOT_ERASED.format("status IN $terminal")
_TO_CANCEL = _NOT_ERASED.format(
    "status NOT IN $terminal AND stage NOT IN ['cancelling', 'storing']"
)
_PROGRESS = f"""
RETURN {{
  erasure: (SELECT fn::clock::readable(requested_at) AS requested_at,
      fn::clock::readable(finished_at) AS finished_at
    FROM ONLY type::record('erasure', $user)),
  jobs: array::len((SELECT VALUE id FROM video_job
    WHERE user = $user AND erased_at = NONE
      AND created_at <= (type::record('erasure', $user).requested_at ?? d'1970-01-01T00:00:00Z')
    ORDER BY created_at LIMIT {COUNTED})),
  deletions: array::len((SELECT VALUE id FROM deletion
    WHERE user = $user AND left_since > d'1970-01-01T00:00:00Z'
    ORDER BY left_since LIMIT {COUNTED}))
}}"""  # noqa: S608 a constant
_OLDEST = f"""
RETURN (SELECT VALUE (time::millis(fn::clock::now()) - time::millis(requested_at)) / 1000.0
  FROM erasure
  WHERE due_at > d'1970-01-01T00:00:00Z' ORDER BY due_at LIMIT {COUNTED})
"""  # noqa: S608 a constant
_TERMINAL = [str(status) for status in Status if status.is_terminal]


class ErasureStore:
    """Who is to be erased, and how far that is. :class:`JobStore` erases the jobs."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def request(self, user: str, action: AdminAction) -> Erasure:
        """Ask for the erasure of everything that the user has now; it may be repeated."""
        await self._database.call("erasure::request", user, vars(action))
        erasure = await self.get(user)
        assert erasure is not None, "it was asked for"
        return erasure

    async def get(self, user: str) -> Erasure | None:
        """Return how far the user's erasure is; None if nobody has asked for one."""
        found = await self._database.query(_PROGRESS, user=user)
        row = found["erasure"]
        if row is None:
            return None
        finished_at = row.get("finished_at")
        return Erasure(
            user=user,
            requested_at=whole_microseconds(row["requested_at"]),
            finished_at=whole_microseconds(finished_at) if finished_at else None,
            left=0 if finished_at else found["jobs"] + found["deletions"],
        )

    async def due(self, limit: int) -> list[Any]:
        """Return the database's ids of the due erasures, about ``limit``."""
        return list(await self._database.call("erasure::due", limit))

    async def take_due(self, limit: int, only: Sequence[Any] | None = None) -> list[DueErasure]:
        """Return the due erasures, or those with the ids ``only``; each goes to one caller.

        Raises:
            Refused: the database cannot change one of the rows, and has changed none.

        """
        rows = await self._database.call("erasure::take_due", limit, times.ERASURE_LEASE, only)
        return [
            DueErasure(user=row["user"], requested_at=whole_microseconds(row["requested_at"]))
            for row in rows
        ]

    async def ended(self, due: DueErasure) -> list[str]:
        """Return ids of ended jobs that are not erased yet, the oldest first."""
        return await self._jobs(_ENDED, due)

    async def to_cancel(self, due: DueErasure) -> list[str]:
        """Return ids of unfinished jobs that nobody has asked to cancel, the oldest first."""
        return await self._jobs(_TO_CANCEL, due)

    async def finish(self, due: DueErasure) -> bool:
        """Finish the erasure if nothing is left; otherwise let it be continued soon."""
        again = round(times.SWEEP_INTERVAL)
        return bool(await self._database.call("erasure::finish", due.user, again))

    async def oldest(self) -> float:
        """Return the age in seconds of the oldest erasure that is not finished, else 0."""
        ages: list[float] = await self._database.query(_OLDEST)
        return max([0.0, *ages])

    async def _jobs(self, statement: str, due: DueErasure) -> list[str]:
        found = await self._database.query(
            statement, user=due.user, until=due.requested_at, terminal=_TERMINAL, limit=BATCH
        )
        return list(found)
