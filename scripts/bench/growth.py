"""Does it stay as fast? One user's requests with 1,000 jobs in the database, and 1,000,000.

``BENCH_JOBS`` fills the larger database with fewer.
"""

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from pathlib import Path
from time import perf_counter

import httpx

from scripts.bench.crowd import ADA, JOBS_OF_EACH, Crowd
from scripts.bench.figure import Figure, Goal
from scripts.bench.memory import Memory
from scripts.bench.rounds import Rounds, alternate
from scripts.bench.stage import standing_in, status_url
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
from tests.support.tokens import bearer

FEW = 1_000
MANY = int(os.environ.get("BENCH_JOBS", "1_000_000"))
ROUNDS, CALLS = 4, 20
"""Together no more than Ada has finished jobs: each is polled once, unknown to its service."""
GOAL = Goal("≤", 1.3)
AT_ONCE, AGAIN = 50, 15
"""What the sweep asks for: jobs, and seconds until it looks at them again."""

SECOND, MONTH = timedelta(seconds=1), timedelta(days=30)


@dataclass
class Place:
    """A crowd of one size, and the service on its database."""

    crowd: Crowd
    client: httpx.Client = field(default_factory=lambda: httpx.Client(headers=bearer(ADA)))

    def sweep_nothing(self) -> float:
        return _seconds(partial(self.crowd.call, "video_job::take_due", AT_ONCE, AGAIN))

    def sweep(self) -> float:
        self.crowd.make_due(AT_ONCE, -SECOND)
        return self.sweep_nothing()

    def under_way(self) -> float:
        return _seconds(partial(self.crowd.call, "video_job::under_way", [ADA]))

    def poll_finished(self) -> float:
        return self._get(status_url("", next(self.crowd.finished)))

    def poll_running(self) -> float:
        return self._get(status_url("", next(self.crowd.running)))

    def library(self) -> float:
        return self._get("/api/library")

    def credits(self) -> float:
        return self._get("/api/credits")

    def submit(self) -> float:
        request = self.client.build_request("POST", SUBMIT, **submission(png()))
        return _seconds(lambda: self.client.send(request).raise_for_status())

    def _get(self, path: str) -> float:
        return _seconds(lambda: self.client.get(path).raise_for_status())


LOOKS = {
    "the sweep's look, nothing due": Place.sweep_nothing,
    f"the sweep's look, {AT_ONCE} jobs due": Place.sweep,
    "an event stream's look, 100 jobs under way": Place.under_way,
}
REQUESTS = {
    "the first poll of a finished job": Place.poll_finished,
    "the first poll of a running job": Place.poll_running,
    "a library page": Place.library,
    "the credits": Place.credits,
    "a submit": Place.submit,
}


def measure(folder: Path) -> Iterator[Figure]:
    """Compare the same user's calls in both, then say what the larger one takes."""
    with (
        surreal_server(folder / "surreal") as server,
        standing_in() as (portal, fal),
        Crowd.of(FEW, server.address(), portal) as few,
        Crowd.of(MANY, server.address(), portal) as many,
    ):
        yield from _size(many, server, folder / "surreal")
        small, large = Place(few), Place(many)
        for what, call in LOOKS.items():
            yield _compared(what, call, large, small)
        for crowd in (few, many):
            crowd.make_due(JOBS_OF_EACH, MONTH)
        with _served(folder, small, fal), _served(folder, large, fal):
            for what, call in REQUESTS.items():
                yield _compared(what, call, large, small)


@contextmanager
def _served(folder: Path, place: Place, fal: FalStandIn) -> Iterator[None]:
    """Run the service, and let fal know of Ada's jobs."""
    for request_id, model in place.crowd.requests():
        fal.requests[request_id] = Job(request_id, model, {}, None, iter(()), "IN_PROGRESS")
    settings = UNLIMITED_ENVIRONMENT | stand_in_environment(fal.port)
    settings |= environment_of(place.crowd.address) | {"LOG_LEVEL": "WARNING"}
    with started(folder, "tests.support.serve", **settings) as process, place.client:
        process.until_ready()
        place.client.base_url = httpx.URL(process.url)
        yield


def _compared(what: str, call: Callable[[Place], float], large: Place, small: Place) -> Figure:
    for place in (large, small):
        call(place)  # connections are made, pages are read
    # The two take turns call by call: whatever else the machine does lasts longer than one.
    turns = [alternate(CALLS, partial(call, large), partial(call, small)) for _ in range(ROUNDS)]
    rounds = Rounds([each.median for each in turns], [each.baseline_median for each in turns])
    return Figure(
        what=f"{what}, p50",
        measured=f"{rounds.median * 1000:.1f} ms at {large.crowd.jobs:,} jobs",
        beside=f"{rounds.baseline_median * 1000:.1f} ms at {small.crowd.jobs:,}",
        values=rounds.ratios,
        goal=GOAL,
    )


def _seconds(act: Callable[[], object]) -> float:
    began = perf_counter()
    act()
    return perf_counter() - began


def _size(crowd: Crowd, server: SurrealServer, store: Path) -> Iterator[Figure]:
    """Say what a job takes on disk, with its video and its entry in the ledger, and the server."""
    print(f"{crowd.jobs:,} jobs in {crowd.seconds:.0f} s", file=sys.stderr)
    assert server.process is not None
    size = sum(file.stat().st_size for file in store.rglob("*") if file.is_file())
    memory = Memory(server.process.pid).peak()
    yield Figure(
        what=f"the database server after filling {crowd.jobs:,} jobs, and its indexes",
        measured=f"{memory:,.0f} MiB at its peak; {size / 2**20:,.0f} MiB on disk",
        values=[size / crowd.jobs],
    )
