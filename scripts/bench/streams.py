"""Thousands of event streams on one process: memory of each, and delay of a change."""

import statistics
import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path

import httpx

from scripts.bench.figure import Figure, Goal
from scripts.bench.memory import Memory
from scripts.bench.rounds import alternate
from scripts.bench.service import allow_many_files, fal_in_thread, serving, submit
from tests.support.process import Process, started
from tests.support.service import SUBMIT
from tests.support.tokens import bearer

USERS = 500
EACH = 10
"""Streams of each user: the default of MAX_STREAMS_PER_USER. One user's places are one row."""
STREAMS = USERS * EACH
WARM_UP = 1
"""Streams of each user that are open before the first reading of the memory."""
KIB_IN_MIB = 1024
ROUNDS = 3
USER = "user-0"
ALLOWED = {"MAX_STREAMS_PER_USER": str(WARM_UP + 2 * EACH)}
EVENTS = f"{SUBMIT}/events"
CHANGE = '"stage":"cancelling"'


def measure(folder: Path) -> Iterator[Figure]:
    """Compare the memory with that of responses that only wait, and time a change of one job."""
    allow_many_files()
    seconds: list[float] = []
    rounds = count()

    def ours() -> float:
        with serving(folder / f"ours-{next(rounds)}", fal.port, **ALLOWED) as service:
            job_id = submit(service.url, user=USER)
            fal.advance(fal.newest, "IN_PROGRESS")
            with (
                _measured_streams(folder, service, EVENTS) as each,
                _listening(folder, service.url + EVENTS, EACH, users=1) as listeners,
            ):
                seconds.append(_seconds_to_reach_all(service.url, job_id, listeners))
        return each

    def bare() -> float:
        with started(folder, "scripts.bench.bare", "waiting") as server:
            server.until_ready()
            with _measured_streams(folder, server, "/waiting") as each:
                return each

    with fal_in_thread() as (_, fal):
        memory = alternate(ROUNDS, ours, bare)
    yield Figure(
        what=f"Memory of each of {STREAMS:,} event streams",
        measured=f"{memory.median:.1f} KiB",
        beside=f"a bare streamed response: {memory.baseline_median:.1f} KiB",
        values=memory.ratios,
        goal=Goal("≤", 1.3),
    )
    yield Figure(
        what=f"A change of one job sent to {EACH} streams, beside {STREAMS:,} others",
        measured=f"{statistics.median(seconds):.2f} s from the request to the last stream",
        values=seconds,
        goal=Goal("≤", 1, "s"),
    )


@contextmanager
def _measured_streams(folder: Path, server: Process, path: str) -> Iterator[float]:
    """Open the streams, and yield the server's KiB for each."""
    with _listening(folder, server.url + path, USERS * WARM_UP, users=USERS):
        memory = Memory(server.popen.pid)
        before = memory.held()
        with _listening(folder, server.url + path, STREAMS, users=USERS):
            yield (memory.held() - before) * KIB_IN_MIB / STREAMS


@contextmanager
def _listening(folder: Path, url: str, streams: int, *, users: int) -> Iterator[Process]:
    arguments = url, str(streams), str(users), CHANGE
    with started(folder, "scripts.bench.listeners", *arguments) as listeners:
        listeners.until(lambda: "open" in listeners.stdout)
        yield listeners


def _seconds_to_reach_all(url: str, job_id: str, listeners: Process) -> float:
    """Cancel the job, and return the seconds until every stream has sent the change."""
    began = time.monotonic()
    cancel = f"{url}{SUBMIT}/cancel?jobId={job_id}"
    httpx.post(cancel, headers=bearer(USER)).raise_for_status()
    listeners.until(lambda: listeners.stdout.count("\n") > 1)
    return float(listeners.stdout.split()[1]) - began
