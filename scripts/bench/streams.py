"""Event streams by the thousand on one process: what each takes, and how soon news reaches all."""

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
from scripts.bench.stage import allow_many_files, serving, standing_in, submit
from tests.support.process import Process, started
from tests.support.service import SUBMIT
from tests.support.tokens import bearer

STREAMS = 5000
WARM_UP = 100
"""Streams that are open before the memory is read for the first time."""
KIB_IN_MIB = 1024
ROUNDS = 3
USER = "user-0"
ALLOWED = {"MAX_STREAMS_PER_USER": str(WARM_UP + STREAMS)}
NEWS = '"stage":"cancelling"'


def measure(folder: Path) -> Iterator[Figure]:
    """Compare the memory with that of responses that only wait, and time one job's change."""
    allow_many_files()
    seconds: list[float] = []
    rounds = count()

    def ours() -> float:
        with serving(folder / f"ours-{next(rounds)}", fal.port, **ALLOWED) as service:
            job_id = submit(service.url, user=USER)
            fal.advance(fal.newest, "IN_PROGRESS")
            with _audience(folder, service, f"{SUBMIT}/events?jobId={job_id}") as (each, crowd):
                seconds.append(_until_all_know(service.url, job_id, crowd))
        return each

    def bare() -> float:
        with started(folder, "scripts.bench.bare", "waiting") as server:
            server.until_ready()
            with _audience(folder, server, "/waiting") as (each, _):
                return each

    with standing_in() as (_, fal):
        memory = alternate(ROUNDS, ours, bare)
    yield Figure(
        what=f"Memory of each of {STREAMS:,} event streams",
        measured=f"{memory.median:.1f} KiB",
        beside=f"a bare streamed response that waits: {memory.baseline_median:.1f} KiB",
        values=memory.ratios,
        goal=Goal("≤", 1.3),
    )
    yield Figure(
        what=f"A change of one job told to {STREAMS:,} streams",
        measured=f"{statistics.median(seconds):.2f} s from the request to the last of them",
        values=seconds,
        goal=Goal("≤", 1, "s"),
    )


@contextmanager
def _audience(folder: Path, server: Process, path: str) -> Iterator[tuple[float, Process]]:
    """Let everybody listen; yield the KiB that each takes there, and the crowd."""
    with _listening(folder, server.url + path, WARM_UP):
        memory = Memory(server.popen.pid)
        before = memory.held()
        with _listening(folder, server.url + path, STREAMS) as crowd:
            yield (memory.held() - before) * KIB_IN_MIB / STREAMS, crowd


@contextmanager
def _listening(folder: Path, url: str, streams: int) -> Iterator[Process]:
    arguments = url, str(streams), "1", NEWS
    with started(folder, "scripts.bench.listeners", *arguments) as crowd:
        crowd.until(lambda: "open" in crowd.stdout)
        yield crowd


def _until_all_know(url: str, job_id: str, crowd: Process) -> float:
    """Ask for the job's end, and return the seconds until every stream has said so."""
    began = time.monotonic()
    cancel = f"{url}{SUBMIT}/cancel?jobId={job_id}"
    httpx.post(cancel, headers=bearer(USER)).raise_for_status()
    crowd.until(lambda: crowd.stdout.count("\n") > 1)
    return float(crowd.stdout.split()[1]) - began
