"""Requests with 1,000 jobs in the database, and with 1,170,000, six of seven with a video.

``BENCH_JOBS`` sets the size of the larger database.
"""

import os
import statistics
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from pathlib import Path
from time import perf_counter

import httpx

from scripts.bench import library
from scripts.bench.figure import Figure, Goal
from scripts.bench.filled_database import ADA, JOBS_OF_EACH, FilledDatabase
from scripts.bench.idle import until_idle
from scripts.bench.memory import Memory
from scripts.bench.rounds import Rounds, alternate
from scripts.bench.service import fal_in_thread, status_url
from tests.support.database import SurrealServer, environment_of, surreal_server
from tests.support.process import started
from tests.support.service import (
    SUBMIT,
    UNLIMITED_ENVIRONMENT,
    png,
    stand_in_environment,
    submission,
)
from tests.support.stand_ins.fal import FalStandIn
from tests.support.stand_ins.fal_jobs import Job
from tests.support.tokens import admin_bearer, bearer

FEW = 1_000
MANY = int(os.environ.get("BENCH_JOBS", "1_170_000"))
ROUNDS, CALLS = 4, 20
"""Together at most the user's completed jobs: each is polled once, before it is cached."""
GOAL = Goal("≤", 1.3)
NEWEST_GOAL = Goal("≤", 20, "ms")
AT_ONCE, AGAIN = 50, 15
"""The sweep's arguments: number of jobs, and seconds until they are due again."""

SECOND, SOON = timedelta(seconds=1), timedelta(seconds=100)
"""A job that fal has is never due later than two minutes ahead."""


@dataclass
class Place:
    """A filled database, and a client of the service that runs on it."""

    database: FilledDatabase
    client: httpx.Client = field(default_factory=lambda: httpx.Client(headers=bearer(ADA)))

    def sweep_nothing(self) -> float:
        return _seconds(partial(self.database.call, "video_job::take_due", AT_ONCE, AGAIN))

    def sweep(self) -> float:
        self.database.make_due(AT_ONCE, -SECOND)
        return self.sweep_nothing()

    def under_way(self) -> float:
        return _seconds(partial(self.database.call, "video_job::under_way", [ADA]))

    def poll_finished(self) -> float:
        return self._get(status_url("", next(self.database.finished)))

    def poll_running(self) -> float:
        return self._get(status_url("", next(self.database.running)))

    def library(self) -> float:
        return self._get("/api/library")

    def credits(self) -> float:
        return self._get("/api/credits")

    def newest_jobs(self) -> float:
        return self._get("/api/admin/jobs", admin_bearer())

    def completed_jobs(self) -> float:
        return self._get("/api/admin/jobs?status=completed", admin_bearer())

    def jobs_of_a_user(self) -> float:
        return self._get(f"/api/admin/jobs?user={ADA}", admin_bearer())

    def account(self) -> float:
        return self._get(f"/api/admin/users/{ADA}", admin_bearer())

    def submit(self) -> float:
        request = self.client.build_request("POST", SUBMIT, **submission(png()))
        return _seconds(lambda: self.client.send(request).raise_for_status())

    def _get(self, path: str, headers: dict[str, str] | None = None) -> float:
        return _seconds(lambda: self.client.get(path, headers=headers).raise_for_status())


QUERIES = {
    "the sweep's query, nothing due": Place.sweep_nothing,
    f"the sweep's query, {AT_ONCE} jobs due": Place.sweep,
    "an event stream's query, 100 jobs under way": Place.under_way,
}
REQUESTS = {
    "the first poll of a finished job": Place.poll_finished,
    "the first poll of a running job": Place.poll_running,
    "a library page": Place.library,
    "the credits": Place.credits,
    "the back office's page of all jobs": Place.newest_jobs,
    "the back office's page of completed jobs": Place.completed_jobs,
    "the back office's page of a user's jobs": Place.jobs_of_a_user,
    "the back office's view of a user": Place.account,
    "a submit": Place.submit,
}


def measure(folder: Path) -> Iterator[Figure]:
    """Compare one user's calls in both databases, and report the size of the larger one."""
    with (
        surreal_server(folder / "surreal") as server,
        fal_in_thread() as (portal, fal),
        FilledDatabase.of(FEW, server.address(), portal) as few,
        FilledDatabase.of(MANY, server.address(), portal, more=library.JOBS_OF) as many,
    ):
        yield from _size(many, server, folder / "surreal")
        small, large = Place(few), Place(many)
        for what, call in QUERIES.items():
            _nothing_is_due(few, many)
            yield _compared(what, call, large, small)
        _nothing_is_due(few, many)
        library.prepare(many)
        # SurrealKV 3.2 reads rows that are in its memory only backwards very slowly, and so a page
        # right after so many writes. A restart moves them to disk.
        server.restart()
        assert server.process is not None
        until_idle(server.process.pid)
        with _served(folder, small, fal), _served(folder, large, fal):
            yield _newest_jobs(large)  # before more jobs are under way
            for what, call in REQUESTS.items():
                yield _compared(what, call, large, small)
            yield from library.pages(str(large.client.base_url))


def _nothing_is_due(*databases: FilledDatabase) -> None:
    for database in databases:
        database.make_due(JOBS_OF_EACH, SOON)


@contextmanager
def _served(folder: Path, place: Place, fal: FalStandIn) -> Iterator[None]:
    """Run the service with a fal that knows the user's running jobs."""
    for request_id, model in place.database.requests():
        fal.requests[request_id] = Job(request_id, model, {}, None, iter(()), "IN_PROGRESS")
    settings = UNLIMITED_ENVIRONMENT | stand_in_environment(fal.port)
    settings |= environment_of(place.database.address) | {"LOG_LEVEL": "WARNING"}
    with started(folder, "tests.support.serve", **settings) as process, place.client:
        process.until_ready()
        place.client.base_url = httpx.URL(process.url)
        yield


def _compared(what: str, call: Callable[[Place], float], large: Place, small: Place) -> Figure:
    for place in (large, small):
        call(place)  # connects, and fills caches
    # Alternate call by call, so that other load on the machine affects both alike.
    turns = [alternate(CALLS, partial(call, large), partial(call, small)) for _ in range(ROUNDS)]
    rounds = Rounds([each.median for each in turns], [each.baseline_median for each in turns])
    return Figure(
        what=f"{what}, p50",
        measured=f"{rounds.median * 1000:.1f} ms at {large.database.jobs:,} jobs",
        beside=f"{rounds.baseline_median * 1000:.1f} ms at {small.database.jobs:,}",
        values=rounds.ratios,
        goal=GOAL,
    )


def _newest_jobs(place: Place) -> Figure:
    rounds = [
        1000 * statistics.median(place.newest_jobs() for _ in range(CALLS)) for _ in range(ROUNDS)
    ]
    return Figure(
        what="the back office's page of all jobs, p50",
        measured=f"{statistics.median(rounds):.1f} ms at {place.database.jobs:,} jobs",
        values=rounds,
        goal=NEWEST_GOAL,
    )


def _seconds(act: Callable[[], object]) -> float:
    began = perf_counter()
    act()
    return perf_counter() - began


def _size(database: FilledDatabase, server: SurrealServer, store: Path) -> Iterator[Figure]:
    """Report the server's memory, and a job's bytes on disk with its video and ledger entry."""
    print(f"{database.jobs:,} jobs in {database.seconds:.0f} s", file=sys.stderr)
    assert server.process is not None
    size = sum(file.stat().st_size for file in store.rglob("*") if file.is_file())
    memory = Memory(server.process.pid).peak()
    yield Figure(
        what=f"the database server after writing {database.jobs:,} jobs with their indexes",
        measured=f"{memory:,.0f} MiB peak memory; {size / 2**20:,.0f} MiB on disk",
        values=[size / database.jobs],
    )
