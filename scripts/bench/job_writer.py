"""``python -m scripts.bench.job_writer BEGIN SECONDS TASKS``: whole jobs in the database.

From the Unix time BEGIN on, TASKS tasks share one connection. Each takes one job after another
through the six functions from submit to completed. Prints the number of jobs, and the 99th
percentile of the seconds that a function takes.
"""

import asyncio
import itertools
import statistics
import sys
import time
from dataclasses import dataclass, field
from typing import Any

from uuid_utils import uuid7

from app import times
from app.database.address import Address
from app.database.client import Database
from app.settings import Settings
from tests.support.job_functions import LIMITS, RUNNING, UNLIMITED, VIDEO, Jobs, Row

HOLDER = "worker"


@dataclass
class TimedJobs(Jobs):
    """Notes how long each call after the first of a job takes."""

    seconds: list[float] = field(default_factory=list)

    async def __call__(self, function: str, job_id: str, *arguments: Any) -> Row:
        began = time.perf_counter()
        row = await super().__call__(function, job_id, *arguments)
        self.seconds.append(time.perf_counter() - began)
        return row


async def carry(jobs: Jobs, user: str) -> None:
    """Take one job from submit to completed."""
    job = str(uuid7())
    await jobs.open(job, limits=UNLIMITED, user=user, credits=0)
    await jobs("submitting", job, LIMITS["silence"])
    await jobs("queued", job, f"request-{job}", 0, times.LOOK_AGAIN)
    await jobs("progress", job, RUNNING, None)
    await jobs("claim", job, HOLDER, times.LEASE, f"users/{user}/library/{job}")
    await jobs("complete", job, HOLDER, VIDEO)


async def main(begin: float, seconds: float, tasks: int) -> None:
    done = itertools.count()
    async with Database(Address.from_settings(Settings()), deadline=30) as database:
        jobs = TimedJobs(database)

        async def work() -> None:
            user = f"user-{uuid7()}"
            while time.time() < begin + seconds:
                await carry(jobs, user)
                next(done)

        await asyncio.sleep(max(0.0, begin - time.time()))
        await asyncio.gather(*(work() for _ in range(tasks)))
    print(next(done), statistics.quantiles(jobs.seconds, n=100)[-1])


if __name__ == "__main__":
    asyncio.run(main(float(sys.argv[1]), float(sys.argv[2]), int(sys.argv[3])))
