"""``python -m scripts.bench.job_writer BEGIN SECONDS TASKS``: jobs as the database sees them.

From the Unix time BEGIN on, so many tasks over one connection carry one job after another through
the six functions of its life. Prints how many jobs that were.
"""

import asyncio
import itertools
import sys
import time

from uuid_utils import uuid7

from app.adapters.surreal import Address, Database
from app.settings import Settings
from tests.jobs import AMPLE, RUNNING, VIDEO, a_job

HOLDER = "worker"


async def carry(database: Database, user: str) -> None:
    """Carry one job through its life."""
    job = str(uuid7())
    await database.call("video_job::open", a_job(job, user=user, credits=0), AMPLE, None)
    await database.call("video_job::submitting", job, 120)
    await database.call("video_job::queued", job, f"request-{job}", 0, 15)
    await database.call("video_job::progress", job, RUNNING, None)
    await database.call("video_job::claim", job, HOLDER, 20, f"users/{user}/library/{job}")
    await database.call("video_job::complete", job, HOLDER, VIDEO)


async def main(begin: float, seconds: float, tasks: int) -> None:
    done = itertools.count()
    async with Database(Address.from_settings(Settings()), deadline=30) as database:

        async def work() -> None:
            user = f"user-{uuid7()}"
            while time.time() < begin + seconds:
                await carry(database, user)
                next(done)

        await asyncio.sleep(max(0.0, begin - time.time()))
        await asyncio.gather(*(work() for _ in range(tasks)))
    print(next(done))


if __name__ == "__main__":
    asyncio.run(main(float(sys.argv[1]), float(sys.argv[2]), int(sys.argv[3])))
