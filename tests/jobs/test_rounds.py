"""Rounds of work: what the database rejects is a fault and no outage, and the rest goes on."""

import asyncio
import functools
import logging
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

import pytest

from app import times
from app.database.errors import StatementRejected
from app.jobs.rounds import Rounds
from app.server.tasks import supervise
from tests.support.clock import set_clock_ahead
from tests.support.deletions import completed, delete
from tests.support.event_receiver import EventReceiver
from tests.support.outgoing_events import failed, key_of
from tests.support.service import Running
from tests.support.spoiled_rows import faults, spoiled
from tests.support.stand_ins.fal import FalStandIn

pytestmark = pytest.mark.usefixtures("every_poll_asks_fal", "rounds_only_when_asked")

RUN = Rounds.run
WHO = {
    "sweep": lambda run: run.service.sweep,
    "deletions": lambda run: run.service.deletions,
    "erasures": lambda run: run.service.erasures,
    "tell events": lambda run: run.service.outgoing_events,
}
"""The rounds, by their names in the metric."""


@pytest.mark.parametrize("task", WHO)
async def test_a_statement_that_the_database_rejects_is_a_fault_and_the_next_round_tries_again(
    telling: Running, task: str, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    rounds, tried_again = WHO[task](telling), asyncio.Event()
    causes = [StatementRejected("Couldn't coerce value")]

    async def rejects_once(_rounds: Rounds) -> int:
        if causes:
            raise causes.pop()
        tried_again.set()
        return 0

    monkeypatch.setattr(type(rounds), "_round", rejects_once)
    before = faults(task)
    working = asyncio.create_task(supervise(task, functools.partial(RUN, rounds), pause=0.0))
    async with asyncio.timeout(20):
        await tried_again.wait()
    working.cancel()
    with suppress(asyncio.CancelledError):
        await working
    assert rounds.task == task
    assert faults(task) == before + 1
    (record,) = [each for each in caplog.records if "starts again in" in each.message]
    assert record.levelno == logging.ERROR
    assert "Couldn't coerce value" in caplog.text
    assert "waits for the database" not in caplog.text


async def test_a_deletion_whose_end_cannot_be_recorded_holds_up_no_other(
    telling: Running,
    fal: FalStandIn,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    odd, well = await completed(telling, fal), await completed(telling, fal)
    for job in (odd, well):
        await delete(telling, job)
    store, before = telling.service.deletions._store, faults("deletions")
    done = store.done

    async def rejected_for_one(due: Any, left: Any) -> None:
        if due.job_id == odd:
            raise StatementRejected("Couldn't coerce value")
        await done(due, left)

    with monkeypatch.context() as patched:
        patched.setattr(store, "done", rejected_for_one)
        assert await telling.service.deletions.once() == 2
    rounds = await telling.rows("SELECT VALUE rounds FROM type::record('deletion', $job)", job=well)
    assert rounds == [1]
    assert faults("deletions") == before + 1
    assert f"[VIDEO JOB {odd}] Not processed" in caplog.text
    await set_clock_ahead(telling.service.database, times.DELETION_LEASE + 1)
    assert await telling.service.deletions.once() == 1


@pytest.mark.parametrize("method", ["told", "postpone"])
async def test_an_event_whose_telling_cannot_be_recorded_is_a_fault_and_holds_up_no_other(
    telling: Running,
    fal: FalStandIn,
    receiver: EventReceiver,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
    method: str,
) -> None:
    jobs = {await failed(telling, fal), await failed(telling, fal)}
    rounds = telling.service.outgoing_events
    assert rounds is not None
    if method == "postpone":
        receiver.answer_with(500)

    async def rejected(_event: object) -> None:
        raise StatementRejected("Couldn't coerce value")

    before = faults("tell events")
    with monkeypatch.context() as patched:
        patched.setattr(rounds._events, method, rejected)
        assert await rounds.once() == 2
    assert {told.job_id for told in receiver.told} == jobs
    assert faults("tell events") == before + 2
    assert all(f"[VIDEO JOB {job}] Not processed" in caplog.text for job in jobs)


async def test_while_only_rows_that_cannot_be_changed_are_due_rounds_keep_their_distance(
    telling: Running, fal: FalStandIn
) -> None:
    key = await key_of(telling, await failed(telling, fal))
    rounds = telling.service.outgoing_events
    assert rounds is not None
    async with spoiled(telling, "outgoing_event", key, "attempts", "many"):
        assert await rounds.once() == 0
    assert await rounds.once() == 1


class Spoiled:
    """Due rows of which the first ``odd`` cannot be changed."""

    def __init__(self, odd: int) -> None:
        self._odd = odd
        self._rows = list(range(odd + 1))

    async def due(self, limit: int) -> list[int]:
        return self._rows[:limit]

    async def take_due(self, limit: int, only: Sequence[int] | None = None) -> list[int]:
        ids = [row for row in self._rows[:limit] if only is None or row in only]
        if any(row < self._odd for row in ids):
            raise StatementRejected("Couldn't coerce value")
        self._rows = [row for row in self._rows if row not in ids]
        return ids


class RoundsOf(Rounds):
    task, work, batch = "spoiled", "round of spoiled rows", 16

    def __init__(self, store: Spoiled) -> None:
        super().__init__()
        self._store = store

    async def _round(self) -> int:
        return len(await self._take_due(self._store))


async def test_however_many_rows_cannot_be_changed_the_others_have_their_turn() -> None:
    odd = 1100
    rounds, before = RoundsOf(Spoiled(odd)), faults("spoiled")
    numbers = [await rounds.once() for _ in range(odd // rounds.batch + 1)]
    assert numbers == [0] * (odd // rounds.batch) + [1]
    assert faults("spoiled") == before + odd
