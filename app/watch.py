"""What is known of each job just now, and who waits for more.

However many clients poll a job, one refresh a second is made for all of them; a terminal job
is never asked about again.
"""

import asyncio
import math
import time
from collections import OrderedDict
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from typing import Any

from app.jobs import Job

FRESH = 1.0
"""Seconds for which a job is not asked about again."""
WATCHED = 5.0
"""Seconds since the last question for which a job counts as watched: browsers ask every 3."""
PATIENCE = 1.0
"""Seconds that a poll waits for fal before it is answered with what is known."""
CAPACITY = 10_000
"""Jobs that are remembered; the least recently asked for are forgotten first."""

Refresh = Callable[[str], Coroutine[Any, Any, Job]]


@dataclass
class _Entry:
    job: Job | None = None
    asked: float = -math.inf
    watched: float = -math.inf
    refresh: "asyncio.Task[Job] | None" = None
    known: asyncio.Event = field(default_factory=asyncio.Event)


class Watch:
    """Snapshots of jobs, shared by all who ask."""

    def __init__(self, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._entries: OrderedDict[str, _Entry] = OrderedDict()

    def publish(self, job: Job) -> None:
        """Let everybody see a job as the database has just answered it."""
        entry = self._entry(job.id)
        if entry.job is None or _is_newer(job, entry.job):
            entry.job = job
            entry.known.set()

    async def latest(self, job_id: str, refresh: Refresh) -> Job:
        """Return the job, refreshed unless that was done within the last second.

        Raises:
            JobNotFound: there is no such job.
            DatabaseUnavailable: the job could not be read.

        """
        entry = self._entry(job_id)
        if entry.job is not None and entry.job.status.is_terminal:
            return entry.job
        if entry.refresh is None:
            if entry.job is not None and self._clock() - entry.asked < FRESH:
                return entry.job
            entry.asked = self._clock()
            entry.refresh = asyncio.create_task(refresh(job_id))
            entry.refresh.add_done_callback(lambda task: self._settle(job_id, entry, task))
        return await _first_word(entry, entry.refresh)

    async def hint(self, job_id: str, refresh: Refresh) -> Job:
        """Refresh as :meth:`latest` does, but as soon as that may be done again."""
        since = self._clock() - self._entry(job_id).asked
        await asyncio.sleep(max(0.0, FRESH - since))
        return await self.latest(job_id, refresh)

    def notice(self, job_id: str) -> None:
        """Remember that somebody outside wants to know about the job."""
        self._entry(job_id).watched = self._clock()

    def is_watched(self, job_id: str) -> bool:
        """Tell whether somebody outside has asked for the job within the last seconds."""
        entry = self._entries.get(job_id)
        return entry is not None and self._clock() - entry.watched < WATCHED

    def known(self, job_id: str) -> Job | None:
        """Return what is known without asking anybody."""
        entry = self._entries.get(job_id)
        return entry.job if entry else None

    def _settle(self, job_id: str, entry: _Entry, task: asyncio.Task[Job]) -> None:
        entry.refresh = None
        if task.cancelled() or task.exception() is not None:
            if entry.job is None:
                self._entries.pop(job_id, None)
        else:
            self.publish(task.result())

    def _entry(self, job_id: str) -> _Entry:
        entry = self._entries.setdefault(job_id, _Entry())
        self._entries.move_to_end(job_id)
        while len(self._entries) > CAPACITY:
            self._entries.popitem(last=False)
        return entry


async def _first_word(entry: _Entry, refresh: asyncio.Task[Job]) -> Job:
    """Wait for the refresh, but for a fal that hangs only until something is known."""
    await asyncio.wait({refresh}, timeout=PATIENCE)
    if not refresh.done() and entry.job is None:
        known = asyncio.create_task(entry.known.wait())
        await asyncio.wait({refresh, known}, return_when=asyncio.FIRST_COMPLETED)
        known.cancel()
    if refresh.done() or entry.job is None:
        return await asyncio.shield(refresh)
    return entry.job


def _is_newer(job: Job, than: Job) -> bool:
    """Two answers of the database may arrive in the wrong order; a terminal one is the last."""
    return not than.status.is_terminal and job.revision >= than.revision
