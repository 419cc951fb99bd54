"""The newest known state of each job in this process, shared by everyone who asks.

Any number of pollers cause one refresh a second. A terminal job is read again now and then, since
another process may have deleted its video; fal is not asked about it again.
"""

import asyncio
import math
import sys
import time
from collections import OrderedDict
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from operator import attrgetter
from typing import Any

from app import times
from app.domain.job import Job
from app.problems import DatabaseUnavailable
from app.telemetry.metrics import STAGES

FRESH = 1.0
"""Seconds for which a snapshot is answered without a refresh."""
FRESH_AT_END = 30.0
"""Seconds for which the snapshot of a terminal job is answered without reading the job again."""
WATCHED = 5.0
"""Seconds after the last poll for which a job counts as watched; browsers poll every 3."""
CAPACITY = 10_000
"""Jobs that are remembered; the least recently used are forgotten first."""
CAPACITY_BYTES = 24 * 1024 * 1024
"""Bytes of the remembered jobs; most jobs have 2 KiB, so CAPACITY of them fit."""
ENTRY_BYTES = 1000
"""What an entry and an empty job take, measured with tracemalloc."""

_values = attrgetter(*Job.__dataclass_fields__)  # vars() would give each job a dict for good

Refresh = Callable[[str], Coroutine[Any, Any, Job]]
"""Brings a job up to date; the store publishes what it finds."""


@dataclass
class _Entry:
    job: Job | None = None
    size: int = ENTRY_BYTES
    stage_since: float = -math.inf
    refreshed: float = -math.inf
    read: float = -math.inf
    """When a terminal job was last read from the database."""
    watched: float = -math.inf
    refresh: "asyncio.Task[Job] | None" = None
    known: asyncio.Event = field(default_factory=asyncio.Event)


class Snapshots:
    """Keeps the newest state of each job, and passes each newer one to ``on_change``."""

    def __init__(
        self, on_change: Callable[[Job], None], *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._on_change = on_change
        self._clock = clock
        self._entries: OrderedDict[str, _Entry] = OrderedDict()
        self._size = 0

    def publish(self, job: Job) -> None:
        """Record a job as the database returned it, unless a newer state is known."""
        entry = self._entry(job.id)
        if job.status.is_terminal:
            entry.read = self._clock()
        if entry.job is not None and not _is_newer(job, entry.job):
            return
        self._time_stage(entry, job)
        entry.job = job
        self._size -= entry.size
        entry.size = _size(job)
        self._size += entry.size
        self._forget_oldest()
        entry.known.set()
        self._on_change(job)

    def known(self, job_id: str) -> Job | None:
        """Return the snapshot without a refresh; None if there is none."""
        entry = self._entries.get(job_id)
        return entry.job if entry else None

    def fresh(self, job_id: str) -> Job | None:
        """Return what :meth:`latest` returns without a refresh, and count the job as watched.

        None if it would have to refresh the job, or wait for that.
        """
        entry = self._entries.get(job_id)
        if entry is None or entry.job is None or entry.refresh is not None:
            return None
        now = self._clock()
        entry.watched = now
        self._entries.move_to_end(job_id)
        return entry.job if self._is_fresh(entry, entry.job, now) else None

    def is_shared(self, job_id: str) -> bool:
        """Return whether all who call :meth:`latest` share at most one refresh a second."""
        entry = self._entries.get(job_id)
        if entry is None:
            return False
        under_way = entry.job is not None and not entry.job.status.is_terminal
        return under_way or entry.refresh is not None

    async def latest(self, job_id: str, refresh: Refresh) -> Job:
        """Return the job, refreshed unless that happened within the last second.

        Raises:
            JobNotFound: there is no such job.
            DatabaseUnavailable: the job cannot be read, and was not terminal.

        """
        entry = self._entry(job_id)
        if entry.refresh is None:
            if entry.job is not None and self._is_fresh(entry, entry.job, self._clock()):
                return entry.job
            entry.refreshed = self._clock()
            self._start(job_id, entry, refresh)
        try:
            return await _first_answer(entry)
        except DatabaseUnavailable:
            if entry.job is not None and entry.job.status.is_terminal:
                return entry.job
            raise

    async def refresh_now(self, job_id: str, refresh: Refresh) -> Job:
        """Refresh now and skip the next scheduled refresh.

        In the long run a job is still refreshed once a second: after two calls in a row, the next
        waits for its second. Raises as :meth:`latest` does.
        """
        entry = self._entry(job_id)
        if entry.refresh is not None:  # it may have asked fal before this call
            await asyncio.wait({entry.refresh})
        await asyncio.sleep(max(0.0, entry.refreshed - self._clock()))
        if entry.job is not None and entry.job.status.is_terminal:
            return entry.job
        if entry.refresh is None:
            entry.refreshed = max(self._clock(), entry.refreshed + FRESH)
            self._start(job_id, entry, refresh)
        return await _first_answer(entry)

    def mark_watched(self, job_id: str) -> None:
        """Record that a client wants to know about the job."""
        self._entry(job_id).watched = self._clock()

    def is_watched(self, job_id: str) -> bool:
        """Return whether a client asked for the job within the last seconds."""
        entry = self._entries.get(job_id)
        return entry is not None and self._clock() - entry.watched < WATCHED

    def _is_fresh(self, entry: _Entry, job: Job, now: float) -> bool:
        if job.status.is_terminal:
            return now - entry.read < FRESH_AT_END
        return now - entry.refreshed < FRESH

    def _start(self, job_id: str, entry: _Entry, refresh: Refresh) -> None:
        entry.refresh = asyncio.create_task(refresh(job_id))
        entry.refresh.add_done_callback(lambda task: self._finished(job_id, entry, task))

    def _finished(self, job_id: str, entry: _Entry, task: asyncio.Task[Job]) -> None:
        entry.refresh = None
        failed = task.cancelled() or task.exception() is not None
        is_guess = failed and entry.job is None
        if is_guess and self._entries.get(job_id) is entry:  # it must not displace a job
            self._size -= self._entries.pop(job_id).size

    def _time_stage(self, entry: _Entry, job: Job) -> None:
        if entry.job is not None and entry.job.stage is job.stage:
            return
        now = self._clock()
        if entry.job is not None:
            STAGES.labels(entry.job.stage, job.fal_model).observe(now - entry.stage_since)
        entry.stage_since = now

    def _entry(self, job_id: str) -> _Entry:
        entry = self._entries.get(job_id)
        if entry is None:
            entry = self._entries[job_id] = _Entry()
            self._size += entry.size
            self._forget_oldest()
        self._entries.move_to_end(job_id)
        return entry

    def _forget_oldest(self) -> None:
        while len(self._entries) > CAPACITY or self._size > CAPACITY_BYTES:
            _, oldest = self._entries.popitem(last=False)
            self._size -= oldest.size


async def _first_answer(entry: _Entry) -> Job:
    """Wait for the refresh; if fal hangs, only until some state of the job is known."""
    refresh = entry.refresh
    assert refresh is not None, "one has just started, or is running"
    await asyncio.wait({refresh}, timeout=times.FAL_WAIT)
    if not refresh.done() and entry.job is None:
        known = asyncio.create_task(entry.known.wait())
        await asyncio.wait({refresh, known}, return_when=asyncio.FIRST_COMPLETED)
        known.cancel()
    if refresh.done() or entry.job is None:
        job = await asyncio.shield(refresh)
        return job if entry.job is None or _is_newer(job, entry.job) else entry.job
    return entry.job


def _size(job: Job) -> int:
    variables = (*job.variables, *job.variables.values())
    return ENTRY_BYTES + sum(map(sys.getsizeof, (*_values(job), *variables)))


def _is_newer(job: Job, than: Job) -> bool:
    """Answers of the database may arrive out of order.

    A terminal state is the last one, but its start image may be stored or its video deleted later.
    """
    if than.status.is_terminal:
        changed = (job.revision, job.updated_at) > (than.revision, than.updated_at)
        return job.status.is_terminal and changed
    return job.revision >= than.revision
