"""The storage engines of SurrealDB servers: whole jobs, submits, and what a job takes of the disk.

``BENCH_STORES`` names pairs of a program and an engine. Those whose program is missing are left
out, and the first is the baseline of the others. Only one server runs at a time, and each keeps its
rows over the rounds.
"""

import asyncio
import os
import shutil
import statistics
import subprocess
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import pytest
from anyio.from_thread import start_blocking_portal

from scripts.bench.figure import Figure
from scripts.bench.filled_database import FilledDatabase
from scripts.bench.memory import Memory
from scripts.bench.scaling import FUNCTIONS, migrated, written_jobs
from scripts.bench.service import fal_process
from scripts.bench.submits import timed_submits
from tests.support.database import SurrealServer, environment_of
from tests.support.process import started
from tests.support.service import UNLIMITED_ENVIRONMENT, png, stand_in_environment

STORES = os.environ.get(
    "BENCH_STORES", "surreal:surrealkv,surreal-3.3:surrealkv,surreal-3.3:rocksdb"
)
ROUNDS, TASKS = 3, 25
ACCEPTED = 202
FILLED = 30_000
"""Jobs, with their ledger entries and videos, of the database that is measured for its size."""
CALLERS = 8
"""Threads that submit, each on a connection of its own."""


@dataclass
class Store:
    """A server with its rows, and what was measured on it, one value per round."""

    name: str
    server: SurrealServer
    jobs: list[float] = field(default_factory=list)
    p99: list[float] = field(default_factory=list)
    submits: list[float] = field(default_factory=list)
    submit_p99: list[float] = field(default_factory=list)
    refused: int = 0
    """Submits that were answered 503: the database took longer than a call may take."""
    job_bytes: float = 0
    memory: float = 0

    @contextmanager
    def serving(self) -> Iterator[None]:
        self.server.start()
        try:
            yield
        finally:
            self.server.stop()

    def migrate(self) -> None:
        with self.serving():
            asyncio.run(migrated(self.server.address("video")))

    def write_jobs(self, folder: Path) -> None:
        """Write whole jobs for some seconds."""
        with self.serving():
            rate, p99 = written_jobs(folder, self.server.address("video"), 1, TASKS)
        self.jobs.append(rate)
        self.p99.append(p99)

    def fill(self) -> None:
        """Add a filled database, and measure what it takes of the disk and of memory."""
        before = self._bytes()
        address = self.server.address("filled")
        with (
            self.serving(),
            start_blocking_portal() as portal,
            FilledDatabase.of(FILLED, address, portal),
        ):
            assert self.server.process is not None
            self.memory = Memory(self.server.process.pid).peak()
        self.job_bytes = (self._bytes() - before) / FILLED

    def submit(self, folder: Path, fal_port: int) -> None:
        """Submit through the service."""
        settings = UNLIMITED_ENVIRONMENT | stand_in_environment(fal_port)
        settings |= environment_of(self.server.address("video")) | {"LOG_LEVEL": "WARNING"}
        with self.serving(), started(folder, "tests.support.serve", **settings) as service:
            service.until_ready()
            began = time.perf_counter()
            with ThreadPoolExecutor(CALLERS) as callers:
                images = [png()] * CALLERS
                taken = list(callers.map(partial(timed_submits, service.url), images))
            elapsed = time.perf_counter() - began
        seconds = [each for caller in taken for status, each in caller if status == ACCEPTED]
        self.refused += sum(map(len, taken)) - len(seconds)
        self.submits.append(len(seconds) / elapsed)
        self.submit_p99.append(statistics.quantiles(seconds, n=100)[-1])

    def _bytes(self) -> int:
        return sum(file.stat().st_size for file in self.server.folder.rglob("*") if file.is_file())


def measure(folder: Path) -> Iterator[Figure]:
    """Let the stores take turns; each round begins with another one."""
    stores = _stores(folder)
    for store in stores:
        store.migrate()
    for turn in _turns(stores):
        turn.write_jobs(folder)
    for store in stores:
        yield from _speed(store, stores[0])
    with fal_process(folder) as fal_port:
        for turn in _turns(stores):
            turn.submit(folder, fal_port)
    for store in stores:
        yield _submits(store, stores[0])
    for store in stores:
        store.fill()
        yield _size(store, stores[0])


def _speed(store: Store, first: Store) -> Iterator[Figure]:
    rate, p99 = statistics.median(store.jobs), statistics.median(store.p99)
    yield Figure(
        what=f"{store.name}: whole jobs, 1 process by {TASKS} tasks, ÷ the first",
        measured=f"{rate:.0f} jobs/s, {rate * FUNCTIONS:.0f} transactions/s",
        values=_ratios(store.jobs, first.jobs),
    )
    yield Figure(
        what=f"{store.name}: p99 of a transaction beside {TASKS - 1} others, ÷ the first",
        measured=f"{p99 * 1000:.0f} ms",
        values=_ratios(store.p99, first.p99),
    )


def _submits(store: Store, first: Store) -> Figure:
    p99 = statistics.median(store.submit_p99)
    return Figure(
        what=f"{store.name}: submits of {CALLERS} callers through one process, ÷ the first",
        measured=f"{statistics.median(store.submits):.0f}/s",
        beside=f"p99 {p99 * 1000:.0f} ms; {store.refused} refused with 503",
        values=_ratios(store.submits, first.submits),
    )


def _size(store: Store, first: Store) -> Figure:
    return Figure(
        what=f"{store.name}: disk for each of {FILLED:,} jobs, the server stopped, ÷ the first",
        measured=f"{store.job_bytes / 1024:.1f} KiB",
        beside=f"its memory while they were written: {store.memory:,.0f} MiB",
        values=[store.job_bytes / first.job_bytes],
    )


def _ratios(values: list[float], first: list[float]) -> list[float]:
    return [value / base for value, base in zip(values, first, strict=True)]


def _turns(stores: list[Store]) -> Iterator[Store]:
    for number in range(ROUNDS):
        at = number % len(stores)
        yield from stores[at:] + stores[:at]


def _stores(folder: Path) -> list[Store]:
    stores = []
    for name, engine in (pair.split(":") for pair in STORES.split(",")):
        if program := shutil.which(name):
            version = subprocess.check_output([program, "version"], text=True).split()[0]  # noqa: S603 the operator's
            server = SurrealServer(program, folder / f"{version}-{engine}", engine)
            stores.append(Store(f"{version} {engine}", server))
    return stores or pytest.skip(f"no SurrealDB server: put one of {STORES} on PATH")
