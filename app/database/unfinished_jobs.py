"""How many jobs are unfinished, and how old they are, at a cost that no table's size changes."""

from dataclasses import dataclass

from app.database.client import Database
from app.domain.job import Stage

MOST = 2000
"""Jobs that one look reads, those that are due first; it takes about 60 ms for each thousand."""

# Only an unfinished job has a due time, so the index holds no others in this range. LIMIT ends the
# read there; in a function it would not. Ages are numbers, since no duration is below zero.
_UNFINISHED = """
SELECT stage, unconfirmed, waiting, count() AS jobs, math::max(age) AS oldest FROM (
  SELECT
    stage ?? 'queued' AS stage,
    fal_request_id = NONE AND due_at = deadline_at AS unconfirmed,
    stage = 'storing' AND lease = NONE AS waiting,
    math::max([0, time::unix(fn::clock::now()) - time::unix(created_at)]) AS age
  FROM video_job WHERE due_at > d'1970-01-01T00:00:00Z' LIMIT $most
) GROUP BY stage, unconfirmed, waiting
"""


@dataclass(frozen=True, kw_only=True)
class UnfinishedJobs:
    """Jobs of one stage."""

    stage: Stage
    jobs: int
    oldest: int
    """Seconds since the oldest was submitted."""
    unconfirmed: bool
    """Their submit has no known outcome: they wait for fal's webhook until their deadline."""
    waiting: bool
    """Nobody is storing their video: a delivery failed and is tried again later."""


async def read_unfinished(database: Database) -> list[UnfinishedJobs]:
    """Return at most ``MOST`` unfinished jobs in groups; raises DatabaseUnavailable."""
    rows = await database.query(_UNFINISHED, most=MOST)
    return [UnfinishedJobs(**row | {"stage": Stage(row["stage"])}) for row in rows]
