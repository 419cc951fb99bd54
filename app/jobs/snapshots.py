"""What is known of each job just now, and who waits for more.

However many clients poll a job, one refresh a second is made for all of them; a terminal job
is never asked about again.
"""

import asyncio
import logging
import math
import time
from collections import OrderedDict, defaultdict
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from app import times
from app.domain.job import Job, Status
from app.telemetry.metrics import STAGES

log = logging.getLogger(__name__)

FRESH = 1.0
"""Seconds for which a job is not asked about again."""
WATCHED = 5.0
"""Seconds since the last question for which a job counts as watched: browsers ask every 3."""
CAPACITY = 10_000
"""Jobs that are remembered; the least recently asked for are forgotten first."""

Refresh = Callable[[str], Coroutine[Any, Any, Job]]


@dataclass
class _Entry:
    job: Job | None = None
    in_stage_since: float = -math.inf
    asked: float = -math.inf
    watched: float = -math.inf
    refresh: "asyncio.Task[Job] | None" = None
    known: asyncio.Event = field(default_factory=asyncio.Event)


class Listener:
    """What one open stream has not been told yet; later news of a job replaces the earlier."""

    __slots__ = ("_news", "_over", "_some", "_told", "job_id")  # there are thousands

    def __init__(self, job_id: str | None) -> None:
        self.job_id = job_id
        """The one job that it is about; None for all of its user's."""
        self._news: dict[str, Job] = {}
        self._told: dict[str, float] = {}
        self._some: asyncio.Future[None] | None = None
        self._over = False

    def tell(self, job: Job) -> None:
        """Pass on how a job stands now, unless that much or more has been told."""
        if self.job_id in {None, job.id} and self._told.get(job.id, -1) < job.revision:
            self._told[job.id] = math.inf if job.status.is_terminal else job.revision
            self._news[job.id] = job
            self._wake()

    @property
    def following(self) -> Iterator[str]:
        """The jobs that it has been told of and that have not ended."""
        return (job_id for job_id, revision in self._told.items() if revision < math.inf)

    def end(self) -> None:
        """Let the stream end once it has told its news."""
        self._over = True
        self._wake()

    async def news(self, patience: float) -> list[Job] | None:
        """Wait for news: [] where there was none for so many seconds, None at the end."""
        if not self._news and not self._over:
            self._some = asyncio.get_running_loop().create_future()
            try:
                async with asyncio.timeout(patience):
                    await self._some
            except TimeoutError:
                return []
        if not self._news and self._over:
            return None
        news, self._news = list(self._news.values()), {}
        return news

    def _wake(self) -> None:
        if self._some is not None and not self._some.done():
            self._some.set_result(None)


class Watch:
    """Snapshots of jobs, shared by all who ask, and passed on to all who listen."""

    def __init__(self, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._entries: OrderedDict[str, _Entry] = OrderedDict()
        self._listeners: defaultdict[str, set[Listener]] = defaultdict(set)

    def publish(self, job: Job) -> None:
        """Let everybody see a job as the database has just answered it."""
        entry = self._entry(job.id)
        if entry.job is None or _is_newer(job, entry.job):
            if job.status is Status.FAILED:
                log.warning("[VIDEO JOB %s] Failed, %s: %s", job.id, job.error_code, job.error)
            elif job.status is Status.CANCELLED:
                log.info("[VIDEO JOB %s] Cancelled", job.id)
            self._time_stage(entry, job)
            entry.job = job
            entry.known.set()
            for listener in self._listeners.get(job.user, ()):
                listener.tell(job)

    def _time_stage(self, entry: _Entry, job: Job) -> None:
        if entry.job is not None and entry.job.stage is job.stage:
            return
        now = self._clock()
        if entry.job is not None:
            STAGES.labels(entry.job.stage, job.fal_model).observe(now - entry.in_stage_since)
        entry.in_stage_since = now

    @contextmanager
    def listening(self, user: str, listener: Listener) -> Iterator[None]:
        """Tell the listener of every change of the user's jobs."""
        self._listeners[user].add(listener)
        try:
            yield
        finally:
            self._listeners[user].discard(listener)
            if not self._listeners[user]:
                del self._listeners[user]

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
            self._begin(job_id, entry, refresh)
        return await _first_word(entry)

    async def hint(self, job_id: str, refresh: Refresh) -> Job:
        """Refresh for a reason: at once, at the expense of the second to come.

        Polls wait that much longer, and so does a further hint: in the long run a job is
        refreshed once a second all the same.
        """
        entry = self._entry(job_id)
        if entry.refresh is not None:  # it may have asked before there was a reason
            await asyncio.wait({entry.refresh})
        await asyncio.sleep(max(0.0, entry.asked - self._clock()))
        if entry.job is not None and entry.job.status.is_terminal:
            return entry.job
        if entry.refresh is None:
            entry.asked = max(self._clock(), entry.asked + FRESH)
            self._begin(job_id, entry, refresh)
        return await _first_word(entry)

    def _begin(self, job_id: str, entry: _Entry, refresh: Refresh) -> None:
        entry.refresh = asyncio.create_task(refresh(job_id))
        entry.refresh.add_done_callback(lambda task: self._settle(job_id, entry, task))

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
        entry = self._entries.get(job_id)
        if entry is None:
            entry = self._entries[job_id] = _Entry()
        self._entries.move_to_end(job_id)
        while len(self._entries) > CAPACITY:
            self._entries.popitem(last=False)
        return entry


async def _first_word(entry: _Entry) -> Job:
    """Wait for the refresh, but for a fal that hangs only until something is known."""
    refresh = entry.refresh
    assert refresh is not None, "one has just begun, or is under way"
    await asyncio.wait({refresh}, timeout=times.FAL_WAIT)
    if not refresh.done() and entry.job is None:
        known = asyncio.create_task(entry.known.wait())
        await asyncio.wait({refresh, known}, return_when=asyncio.FIRST_COMPLETED)
        known.cancel()
    if refresh.done() or entry.job is None:
        job = await asyncio.shield(refresh)
        return job if entry.job is None or _is_newer(job, entry.job) else entry.job
    return entry.job


def _is_newer(job: Job, than: Job) -> bool:
    """Two answers of the database may arrive in the wrong order; a terminal one is the last."""
    return not than.status.is_terminal and job.revision >= than.revision
