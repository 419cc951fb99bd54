"""Processes the jobs that are due, with no browser open."""

from app.database.due_jobs import DueJobs
from app.jobs.fetched_videos import FetchedVideos
from app.jobs.lifecycle import Lifecycle
from app.jobs.rounds import Rounds
from app.problems import DatabaseUnavailable
from app.telemetry.metrics import SWEEP_LAG, SWEPT, SWEPT_AT

BATCH = 50
"""Due jobs that one sweep processes concurrently."""


class Sweep(Rounds):
    """Takes due jobs from the database and processes them."""

    task, work, batch = "sweep", "sweep", BATCH

    def __init__(self, due_jobs: DueJobs, lifecycle: Lifecycle, fetched: FetchedVideos) -> None:
        super().__init__()
        self._due_jobs = due_jobs
        self._lifecycle = lifecycle
        self._fetched = fetched

    async def _round(self) -> int:
        try:
            due = await self._take_due(self._due_jobs)
        except DatabaseUnavailable:
            self._fetched.count_again()
            raise
        SWEPT_AT.set_to_current_time()
        SWEPT.inc(len(due))
        SWEEP_LAG.set(max((each.overdue_seconds for each in due), default=0.0))
        await self._do_all(due, self._lifecycle.process_due)
        self._fetched.discard_untaken()
        return len(due)
