"""How long the latest videos of each template took."""

from app.database.client import Database
from app.domain.waiting import WaitRange

LATEST = 20
"""Videos of a template that are looked at."""
DAYS = 30
"""Older videos say little: models and their queues change."""

# The videos of jobs from before this service have no time of their submit of their own. Numbers are
# subtracted, since SurrealDB has no duration below zero, which a clock that was set back makes.
_WAITS = """
RETURN (SELECT VALUE record::id(id) FROM template).map(|$slug: string| [$slug,
  (SELECT VALUE time::millis(created_at)
      - time::millis(type::record('video_job', record::id(id)).created_at ?? created_at)
    FROM library_video
    WHERE template_slug = $slug AND created_at > time::now() - duration::from_days($days)
    ORDER BY created_at DESC LIMIT $latest)[WHERE $this > 0]
])
"""


async def load_waits(database: Database) -> dict[str, WaitRange]:
    """Return the ranges by the template's slug, of those templates that have enough videos."""
    rows = await database.query(_WAITS, latest=LATEST, days=DAYS)
    ranges = {slug: WaitRange.of([wait / 1000 for wait in waits]) for slug, waits in rows}
    return {slug: found for slug, found in ranges.items() if found is not None}
