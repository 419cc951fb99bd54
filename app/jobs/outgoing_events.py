"""Tells another service how jobs end: at least once, again for three days, and in no job's way."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from contextlib import suppress

from app.database.job_store import JobStore
from app.database.outgoing_event_store import FORGOTTEN, OutgoingEventStore
from app.domain.job import Job
from app.domain.outgoing_event import OutgoingEvent
from app.events.receiver import CONNECTIONS, Receiver
from app.jobs.rounds import Rounds, is_fault
from app.problems import DatabaseUnavailable
from app.telemetry.metrics import EVENTS, EVENTS_OLDEST

log = logging.getLogger(__name__)

INTERVAL = 2.0
"""Seconds between two looks at the database."""
FORGET_INTERVAL = 3600.0
"""Seconds between two clearings of a service without ``EVENTS_URL``."""

Describe = Callable[[Job], Awaitable[bytes]]
"""Returns the message about a job that has ended, with addresses that work now."""


class OutgoingEvents(Rounds):
    """Takes due events from the database and tells them, all of a round at the same time."""

    task, work, batch = "tell events", "telling of events", CONNECTIONS

    def __init__(
        self, events: OutgoingEventStore, store: JobStore, receiver: Receiver, describe: Describe
    ) -> None:
        super().__init__()
        self._events = events
        self._store = store
        self._receiver = receiver
        self._describe = describe

    @property
    def interval(self) -> float:
        return INTERVAL

    async def _round(self) -> int:
        due, oldest = await self._events.due(self._to_look_at())
        EVENTS_OLDEST.set(oldest)
        taken = await self._take(self._to_try(due), self._events.take)
        await self._do_all(taken, self._tell)
        return len(taken)

    async def _tell(self, event: OutgoingEvent) -> None:
        try:
            job = await self._store.get(event.job_id)
            await self._receiver.tell(event.message_id, await self._describe(job))
        except Exception as error:  # any: it is told again later, and no other waits for it
            if is_fault(error):
                self._count_fault()
                log.exception("[VIDEO JOB %s] Its end cannot be told", event.job_id)
            else:
                log.warning(
                    "[VIDEO JOB %s] Its end was not told, attempt %d: %s",
                    event.job_id,
                    event.attempts,
                    error,
                )
            await self._postpone(event)
        else:
            EVENTS.labels("told").inc()
            log.info("[VIDEO JOB %s] Told EVENTS_URL that it is %s", job.id, job.status)
            with suppress(DatabaseUnavailable):  # it is told once more when the lease runs out
                await self._events.told(event)

    async def _postpone(self, event: OutgoingEvent) -> None:
        EVENTS.labels("failed").inc()
        try:
            given_up = await self._events.postpone(event)
        except DatabaseUnavailable:  # it is due again when the lease runs out
            return
        if given_up:
            EVENTS.labels("given_up").inc()
            log.error("[VIDEO JOB %s] Given up: EVENTS_URL has not taken its end", event.job_id)


async def forget_events(events: OutgoingEventStore) -> None:
    """Delete old events of a service without ``EVENTS_URL``, then wait; called for ever."""
    with suppress(DatabaseUnavailable):
        while await events.forget() == FORGOTTEN:
            pass
    await asyncio.sleep(FORGET_INTERVAL)
