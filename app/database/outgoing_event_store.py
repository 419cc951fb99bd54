"""Outgoing events in SurrealDB: the functions of ``schema/functions/outgoing_event.surql``."""

from collections.abc import Sequence
from typing import Any
from uuid import uuid4

from app import times
from app.database.client import Database
from app.domain.outgoing_event import OutgoingEvent

KEPT = 3 * 24 * 3600
"""Seconds for which an event is told again and again, and for which endings are recorded after the
last process with ``EVENTS_URL`` has looked."""
WAITS = (5, 30, 2 * 60, 10 * 60, 30 * 60, 3600, 2 * 3600, 4 * 3600)
"""Seconds after each attempt; the last wait is repeated. The database varies each by 15 %."""
LONGEST_DUE = 5 * 3600
"""Seconds ahead that no due time is, unless the database's clock was ahead."""
FORGOTTEN = 1000
"""Events that one call deletes."""

# A query and not a function: inside a function, SurrealDB 3.2 reads every matching row.
_LOOK = """{
fn::outgoing_event::want($kept);
LET $now = fn::clock::now();
LET $far = $now + duration::from_secs($longest);
LET $due = SELECT VALUE id FROM outgoing_event
  WHERE due_at <= $now ORDER BY due_at LIMIT $limit;
LET $misdated = SELECT VALUE id FROM outgoing_event
  WHERE due_at > $far ORDER BY due_at LIMIT $limit;
LET $oldest = SELECT VALUE created_at FROM outgoing_event ORDER BY created_at LIMIT 1;
RETURN {
  due: array::slice(array::concat($due, $misdated), 0, $limit),
  oldest: duration::millis($now - array::min([$oldest[0] ?? $now, $now])) / 1000.0
}
}"""


class OutgoingEventStore:
    """Takes events and records how telling them went, in the name of this process."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._holder = str(uuid4())

    async def want(self) -> None:
        """Have endings recorded from now on."""
        await self._database.call("outgoing_event::want", KEPT)

    async def due(self, limit: int) -> tuple[list[Any], float]:
        """Return the ids of at most ``limit`` due events, and the seconds that the oldest waits."""
        found = await self._database.query(_LOOK, kept=KEPT, longest=LONGEST_DUE, limit=limit)
        return found["due"], found["oldest"]

    async def take(self, ids: Sequence[Any]) -> list[OutgoingEvent]:
        """Lease those of the events that are due.

        Raises:
            Refused: the database cannot change one of the rows, and has changed none.

        """
        rows = await self._database.call(
            "outgoing_event::claim", list(ids), self._holder, times.EVENT_LEASE, LONGEST_DUE
        )
        return [OutgoingEvent.from_row(row) for row in rows]

    async def told(self, event: OutgoingEvent) -> None:
        """Delete an event that the receiver has taken."""
        await self._database.call("outgoing_event::told", event.job_id, event.revision)

    async def postpone(self, event: OutgoingEvent) -> bool:
        """Tell the event again later; return True if it was given up and deleted instead."""
        wait = WAITS[min(event.attempts, len(WAITS)) - 1]
        given_up: bool = await self._database.call(
            "outgoing_event::postpone", event.job_id, event.revision, self._holder, wait, KEPT
        )
        return given_up

    async def forget(self) -> int:
        """Delete some events that nobody wants any more, and return their number."""
        number: int = await self._database.call("outgoing_event::forget", KEPT, FORGOTTEN)
        return number
