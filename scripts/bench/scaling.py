"""Whole jobs on one SurrealDB server, written by one process and by several at once."""

import asyncio
import statistics
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, redirect_stdout
from pathlib import Path

from app.database.address import Address
from app.database.client import Database
from scripts.bench.figure import Figure
from scripts.migrate import migrate
from tests.support.database import environment_of, surreal_server
from tests.support.process import started

LOADS = ((1, 1), (1, 25), (2, 25), (4, 25))
"""Pairs of processes and tasks per process."""
FUNCTIONS = 6
"""Functions of a whole job, each of which is one transaction."""
ROUNDS, SECONDS = 3, 5.0
LEAD_SECONDS = 4.0
"""The time in which every process starts and connects."""


def measure(folder: Path) -> Iterator[Figure]:
    """Measure each load in turn, ``ROUNDS`` times."""
    with surreal_server(folder / "store") as server:
        address = server.address("video")
        asyncio.run(migrated(address))
        rounds = [
            [written_jobs(folder, address, *load)[0] for load in LOADS] for _ in range(ROUNDS)
        ]
    alone = [each[0] for each in rounds]
    for (processes, tasks), rates in zip(LOADS, zip(*rounds, strict=True), strict=True):
        rate = statistics.median(rates)
        yield Figure(
            what=f"whole jobs in the database: {processes} processes by {tasks} tasks, ÷ the first",
            measured=f"{rate:.0f} jobs/s, {rate * FUNCTIONS:.0f} transactions/s",
            values=[each / first for each, first in zip(rates, alone, strict=True)],
        )


def written_jobs(folder: Path, address: Address, processes: int, tasks: int) -> tuple[float, float]:
    """Return the jobs per second of all processes together, and the largest p99 of a function."""
    settings = environment_of(address)
    arguments = (str(time.time() + LEAD_SECONDS), str(SECONDS), str(tasks))
    with ExitStack() as stack:
        writers = [
            stack.enter_context(started(folder, "scripts.bench.job_writer", *arguments, **settings))
            for _ in range(processes)
        ]
        for writer in writers:
            assert writer.exit_status() == 0, writer.stderr
        jobs, p99 = zip(*(map(float, writer.stdout.split()) for writer in writers), strict=True)
        return sum(jobs) / SECONDS, max(p99)


async def migrated(address: Address) -> None:
    with redirect_stdout(sys.stderr):  # stdout has the table of figures
        async with Database(address, deadline=30) as database:
            await migrate(database)
