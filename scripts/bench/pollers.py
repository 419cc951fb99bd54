"""The calls to fal and to the database that 1,000 clients of one job cause."""

from collections.abc import Iterator
from pathlib import Path

from scripts.bench.figure import Figure, Goal
from scripts.bench.service import (
    allow_many_files,
    fal_in_thread,
    scrape,
    serving,
    status_url,
    submit,
)
from scripts.bench.wrk import wrk

POLLERS = 1000
SECONDS = 10
OF_JOBS, SWEEP = "db.video_job::", "db.video_job::take_due"
"""The calls about jobs; the sweep's, like those about other tables, runs without any client."""


def measure(folder: Path) -> Iterator[Figure]:
    """Count the calls during ten seconds of polls."""
    allow_many_files()
    with fal_in_thread() as (_, fal), serving(folder / "ours", fal.port) as service:
        url = status_url(service.url, submit(service.url))
        fal.advance(fal.newest, "IN_PROGRESS")
        wrk(url, seconds=2)  # until the change is recorded
        asked, read = fal.count("status"), _database_calls(service.url)
        load = wrk(url, connections=POLLERS, seconds=SECONDS)
        asked, read = fal.count("status") - asked, _database_calls(service.url) - read
    polls = f"{POLLERS:,} pollers for {SECONDS} s, {load.rate * SECONDS:,.0f} polls"
    for whom, calls in (("fal", asked), ("the database", read)):
        yield Figure(
            what=f"Calls to {whom} about the job",
            measured=f"{calls:.0f}",
            beside=polls,
            values=[calls],
            goal=Goal("≤", SECONDS + 1, "calls"),
        )


def _database_calls(url: str) -> float:
    calls = scrape(url, "outside_call_duration_seconds_count")
    return sum(n for name, n in calls.items() if name.startswith(OF_JOBS) and name != SWEEP)
