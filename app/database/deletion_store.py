"""The objects of deleted videos, until the storage has deleted them."""

from collections.abc import Sequence

from app import times
from app.database.client import Database
from app.domain.deletion import DueDeletion

COUNTED = 1000
"""Waiting deletions that are counted at most."""
FIRST_RETRY = 5
"""Seconds until a deletion that failed is tried again; whole seconds."""

# These are not functions of the database, in which SurrealDB would read all rows.
_DUE = """{
LET $now = fn::clock::now();  -- in place of $now, it would not bound what is read
RETURN array::concat(
  (SELECT VALUE record::id(id) FROM deletion
    WHERE due_at > d'1970-01-01T00:00:00Z' AND due_at <= $now ORDER BY due_at LIMIT $limit),
  (SELECT VALUE record::id(id) FROM deletion
    WHERE due_at > $now + 15m ORDER BY due_at LIMIT $limit)
) }"""
_WAITING = f"""
RETURN {{
  waiting: array::len((SELECT VALUE id FROM deletion
    WHERE left_since > d'1970-01-01T00:00:00Z' ORDER BY left_since LIMIT {COUNTED})),
  oldest: (SELECT VALUE (time::millis(fn::clock::now()) - time::millis(left_since)) / 1000.0
    FROM deletion
    WHERE left_since > d'1970-01-01T00:00:00Z' ORDER BY left_since LIMIT 1)[0] ?? 0.0
}}
"""  # noqa: S608 a constant


class DeletionStore:
    """Which objects are deleted next, and which are gone."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def due(self, limit: int) -> list[str]:
        """Return the jobs whose deletions are due, about ``limit``."""
        return list(await self._database.query(_DUE, limit=limit))

    async def take_due(self, limit: int, only: Sequence[str] | None = None) -> list[DueDeletion]:
        """Return the due deletions, or those of the jobs ``only``; each goes to one caller.

        Raises:
            Refused: the database cannot change one of the rows, and has changed none.

        """
        jobs = await self.due(limit) if only is None else list(only)
        if not jobs:
            return []
        rows = await self._database.call("deletion::take_due", jobs, times.DELETION_LEASE)
        return [
            DueDeletion(job_id=row["job"], round=row["rounds"], keys=tuple(row["keys"]))
            for row in rows
        ]

    async def done(self, due: DueDeletion, left: Sequence[str]) -> None:
        """Record which of the keys could not be deleted; they are tried again later."""
        await self._database.call("deletion::done", due.job_id, due.round, list(left), FIRST_RETRY)

    async def waiting(self) -> tuple[int, float]:
        """Return how many deletions have objects left, and the age of the oldest in seconds."""
        found = await self._database.query(_WAITING)
        return found["waiting"], max(0.0, found["oldest"])
