"""Event streams: every change of a user's jobs, to all who listen.

Server-sent events are written here on Starlette's own streaming response: the library for them
replaces uvicorn's signal handler when it is imported, and keeps four tasks a stream.
"""

import asyncio
import logging
import time
from collections import defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Iterator
from contextlib import contextmanager
from itertools import chain
from typing import Any

from starlette.responses import StreamingResponse
from starlette.types import Receive, Scope, Send

from app.database.job_store import JobStore
from app.domain.job import Job
from app.errors import DatabaseUnavailable, ServiceError, TooManyStreams
from app.jobs.snapshots import Listener, Watch
from app.server.tasks import BackgroundTasks
from app.telemetry.metrics import STREAMS

log = logging.getLogger(__name__)

SILENCE = 15.0
"""Seconds after which a comment shows both sides that the line is alive."""
LIFETIME = 300.0
"""Seconds after which a stream ends with a hint to come back: dead lines are not kept for ever."""
LOOK_INTERVAL = 1.0
"""Seconds between two looks at the jobs that listeners have been told of."""
LOOKS = 2
"""After so many the database is asked for jobs that other processes have begun."""
HEADERS = {
    "Content-Type": "text/event-stream; charset=utf-8",
    "Cache-Control": "no-store",
    "X-Accel-Buffering": "no",
}
COME_BACK = b"retry: 1000\n\n"

Latest = Callable[[str], Coroutine[Any, Any, Job]]
Present = Callable[[Job], Awaitable[bytes]]


class Streams:
    """Opens streams, and looks after the jobs of those who listen."""

    def __init__(
        self,
        *,
        watch: Watch,
        store: JobStore,
        background: BackgroundTasks,
        latest: Latest,
        max_per_user: int,
    ) -> None:
        self._watch = watch
        self._store = store
        self._background = background
        self._latest = latest
        self._max_per_user = max_per_user
        self._listeners: defaultdict[str, set[Listener]] = defaultdict(set)
        self._newcomers: set[str] = set()
        self._over = False

    async def end_with(self, stopping: asyncio.Event) -> None:
        """End every stream once the service stops; its client comes back to whoever serves then."""
        await stopping.wait()
        self._over = True
        for listeners in self._listeners.values():
            for listener in listeners:
                listener.end()

    @contextmanager
    def open(self, user: str, listener: Listener) -> Iterator[None]:
        """Tell the listener of one job, or of all that the user has under way.

        Raises:
            TooManyStreams: the user has as many open as allowed.

        """
        if len(self._listeners[user]) >= self._max_per_user:
            raise TooManyStreams(
                f"At most {self._max_per_user} streams may be open.", retry_after=5
            )
        if self._over:  # it was asked for before the end began
            listener.end()
        self._listeners[user].add(listener)
        try:
            with STREAMS.track_inprogress(), self._watch.listening(user, listener):
                self._newcomers.add(user)
                self._background.start("look for newcomers", self._look_for_newcomers())
                self._background.start("look after all", self._look_after_all())
                yield
        finally:
            self._listeners[user].discard(listener)
            if not self._listeners[user]:
                del self._listeners[user]

    async def _look_for_newcomers(self) -> None:
        """Ask at once, and once for all who come while a question is open."""
        while self._newcomers:
            users, self._newcomers = list(self._newcomers), set()
            await self._look_for(users)

    async def _look_after_all(self) -> None:
        """Keep the jobs of everybody who listens fresh."""
        while self._listeners:
            for _ in range(LOOKS):
                await asyncio.sleep(LOOK_INTERVAL)
                listening = chain.from_iterable(self._listeners.values())
                await self._look_at({job_id for each in listening for job_id in each.following})
            await self._look_for(list(self._listeners))

    async def _look_for(self, users: list[str]) -> None:
        """Find what has begun elsewhere, with one question for all who want to know everything."""
        listening = ((user, self._listeners.get(user, ())) for user in users)
        curious = [
            user for user, listeners in listening if any(each.job_id is None for each in listeners)
        ]
        if not curious:
            return
        try:
            found = set(await self._store.under_way(curious))
        except DatabaseUnavailable:
            return  # the streams stay open, and go on once it is back
        except ServiceError as error:
            log.error("Nobody's new jobs are found: %s", error)  # noqa: TRY400 the line says it all
            return
        await self._look_at(found)

    async def _look_at(self, jobs: set[str]) -> None:
        # One job that nobody can make anything of must not hold up the others.
        outcomes = await asyncio.gather(*map(self._tell, jobs), return_exceptions=True)
        for job_id, outcome in zip(jobs, outcomes, strict=True):
            if isinstance(outcome, Exception) and not isinstance(outcome, ServiceError):
                log.error("[VIDEO JOB %s] Cannot be told", job_id, exc_info=outcome)

    async def _tell(self, job_id: str) -> None:
        job = await self._latest(job_id)
        for listener in self._listeners.get(job.user, ()):
            listener.tell(job)


class EventStream(StreamingResponse):
    """The answer to somebody who listens; it holds its place among the user's streams."""

    def __init__(self, streams: Streams, user: str, job: Job | None, present: Present) -> None:
        self._streams = streams
        self._user = user
        self._listener = Listener(job.id if job else None)
        if job is not None:
            self._listener.tell(job)
        super().__init__(_body(self._listener, present), headers=HEADERS)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        with self._streams.open(self._user, self._listener):
            await super().__call__(scope, receive, send)


async def _body(listener: Listener, present: Present) -> AsyncIterator[bytes]:
    """Write a stream: the present state at once, then each change; a job's last is terminal."""
    end = time.monotonic() + LIFETIME
    yield b": hello\n\n"
    while time.monotonic() < end:
        news = await listener.news(SILENCE)
        if news is None:
            break
        for job in news:
            yield _event(job, await present(job))
            if job.status.is_terminal and job.id == listener.job_id:
                return
        if not news:
            yield b": still here\n\n"
    yield COME_BACK


def _event(job: Job, shape: bytes) -> bytes:
    return b"event: job\nid: %d\ndata: %s\n\n" % (job.revision, shape)
