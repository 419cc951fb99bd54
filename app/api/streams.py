"""Server-sent events: the changes of a user's jobs.

They are written with Starlette's own StreamingResponse: the library for them (sse-starlette)
replaces uvicorn's signal handler when it is imported, and keeps four tasks for each stream.
"""

import time
from collections.abc import AsyncIterator, Awaitable, Callable

from starlette.responses import StreamingResponse
from starlette.types import Receive, Scope, Send

from app import times
from app.domain.job import Job
from app.jobs.shared_places import SharedPlaces
from app.jobs.subscriptions import Subscription, Subscriptions

SILENCE = 15.0
"""Seconds after which a comment shows both sides that the connection is alive."""
HEADERS = {
    "Content-Type": "text/event-stream; charset=utf-8",
    "Cache-Control": "no-store, no-transform",  # proxies that compress hold events back
    "X-Accel-Buffering": "no",
}
RECONNECT = b"retry: 1000\n\n"

Body = Callable[[Job], Awaitable[bytes]]


class EventStream(StreamingResponse):
    """An open event stream of one job, or of all jobs of a user if ``job`` is None.

    ``HEAD`` opens none.

    Raises:
        TooManyStreams: the user has as many streams open as allowed.

    """

    def __init__(
        self,
        subscriptions: Subscriptions,
        places: SharedPlaces,
        *,
        user: str,
        job: Job | None,
        body: Body,
    ) -> None:
        self._subscriptions = subscriptions
        self._places = places
        self._user = user
        self._subscription = Subscription(job.id if job else None)
        if job is not None:
            self._subscription.push(job)
        super().__init__(_events(self._subscription, body), headers=HEADERS)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["method"] == "HEAD":  # its answer ends with the headers
            start = {"status": self.status_code, "headers": self.raw_headers}
            await send({"type": "http.response.start", **start})
            await send({"type": "http.response.body"})
            return
        with self._subscriptions.open(self._user, self._subscription):
            async with self._places.held(self._user):
                await super().__call__(scope, receive, send)


async def _events(subscription: Subscription, body: Body) -> AsyncIterator[bytes]:
    """Yield the present state, then each change; the last event of a job is terminal."""
    end = time.monotonic() + times.STREAM
    yield b": hello\n\n"
    while time.monotonic() < end:
        changes = await subscription.changes(SILENCE)
        if changes is None:
            break
        for job in changes:
            yield b"event: job\nid: %d\ndata: %s\n\n" % (job.revision, await body(job))
            if job.status.is_terminal and job.id == subscription.job_id:
                return
        if not changes:
            yield b": still here\n\n"
    yield RECONNECT
