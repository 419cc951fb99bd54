"""Clocks that a test sets: a process's own, and the database's."""

from app.database.client import Database
from tests.support.service import Running


class Clock:
    """A process's clock, which stands still until ``now`` is set."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


async def set_clock_ahead(database: Database, seconds: float) -> None:
    """Set ``fn::clock::now`` ahead of the real time."""
    await database.query(
        "DEFINE FUNCTION OVERWRITE fn::clock::now() -> datetime "
        "{ RETURN time::floor(time::now(), 1us) + "
        f"{round(seconds * 1000)}ms }}"
    )


async def pass_time(run: Running, seconds: float) -> None:
    """Set the database's clock ahead, sweep once, and wait for the background tasks."""
    await set_clock_ahead(run.service.database, seconds)
    await run.service.sweep.once()
    await run.wait_for_background()


async def pass_retries(run: Running, job_id: str, *, times: int) -> None:
    """Poll the job, then let its troubles be retried, every 80 seconds."""
    await run.status(job_id)
    await run.wait_for_background()
    for number in range(1, times + 1):
        await pass_time(run, number * 80)
