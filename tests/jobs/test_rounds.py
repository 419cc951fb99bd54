"""Rounds of work: a fault is no outage, and a row that cannot be changed holds up no other."""

import asyncio
import functools
import logging
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from typing import Any

import pytest

from app import times
from app.database.errors import StatementRejected
from app.jobs.rounds import Rounds
from app.server.tasks import supervise
from app.telemetry.logs import digest_of_user
from app.telemetry.metrics import TASK_FAILURES
from tests.support.clock import set_clock_ahead
from tests.support.deletions import carry_on, completed, delete, erase, objects
from tests.support.event_receiver import EventReceiver
from tests.support.job_rows import stored_row
from tests.support.outgoing_events import failed
from tests.support.service import Running
from tests.support.stand_ins.fal import FalStandIn
from tests.support.stand_ins.videos import small_video

pytestmark = pytest.mark.usefixtures("every_poll_asks_fal", "only_when_asked")

RUN = Rounds.run
WHO = {
    "sweep": lambda run: run.service.sweep,
    "deletions": lambda run: run.service.deletions,
    "erasures": lambda run: run.service.erasures,
    "tell events": lambda run: run.service.outgoing_events,
}
"""The rounds, by their names in the metric."""


@pytest.fixture
def only_when_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let no round be done but those that a test asks for."""

    async def idle(_: Rounds) -> None:
        await asyncio.Event().wait()

    monkeypatch.setattr(Rounds, "run", idle)


def faults(task: str) -> float:
    return float(TASK_FAILURES.labels(task)._value.get())


@asynccontextmanager
async def spoiled(
    run: Running, table: str, key: object, field: str, value: object
) -> AsyncIterator[None]:
    """Give a row a value that its table does not allow, as an earlier schema may have left one."""
    definition = (await run.rows(f"INFO FOR TABLE {table}"))["fields"][field]
    row = "type::record($table, $key)"
    given = {"table": table, "key": key}
    (before,) = await run.rows(f"SELECT VALUE {field} FROM {row}", **given)  # noqa: S608 no input

    async def put(value: object) -> None:
        await run.rows(f"DEFINE FIELD OVERWRITE {field} ON {table} TYPE any")
        await run.rows(f"UPDATE {row} SET {field} = $value", value=value, **given)  # noqa: S608 no input
        await run.rows(definition.replace("DEFINE FIELD", "DEFINE FIELD OVERWRITE", 1))

    await put(value)
    yield
    await put(before)


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


async def test_a_due_job_that_cannot_be_changed_holds_up_no_other(
    telling: Running, fal: FalStandIn, caplog: pytest.LogCaptureFixture
) -> None:
    odd = await telling.submitted()
    well = [await telling.submitted() for _ in range(3)]
    await telling.wait_for_background()
    for request_id in fal.requests:
        fal.complete(request_id, small_video())
    before = faults("sweep")
    await set_clock_ahead(telling.service.database, 25)
    async with spoiled(telling, "video_job", odd, "credits", "ten"):
        assert await telling.service.sweep.once() == 3
        await telling.wait_for_background()
        assert [(await stored_row(telling, job))["status"] for job in well] == ["completed"] * 3
        assert faults("sweep") == before + 1
        assert odd in left_out(caplog)
    assert await telling.service.sweep.once() == 1
    await telling.wait_for_background()
    assert (await stored_row(telling, odd))["status"] == "completed"


async def test_a_deletion_that_cannot_be_changed_holds_up_no_other(
    telling: Running, fal: FalStandIn, caplog: pytest.LogCaptureFixture
) -> None:
    odd, *well = [await completed(telling, fal) for _ in range(4)]
    for job in (odd, *well):
        await delete(telling, job)
    before = faults("deletions")
    async with spoiled(telling, "deletion", odd, "rounds", "none"):
        assert await telling.service.deletions.once() == 3
        assert [await objects(telling, job) for job in well] == [[]] * 3
        assert len(await objects(telling, odd)) == 3
        assert faults("deletions") == before + 1
        assert odd in left_out(caplog)
    assert await telling.service.deletions.once() == 1
    assert await objects(telling, odd) == []


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


async def test_an_erasure_that_cannot_be_changed_holds_up_no_other_and_names_nobody(
    telling: Running, fal: FalStandIn, caplog: pytest.LogCaptureFixture
) -> None:
    for user in ("ada", "eve"):
        await completed(telling, fal, user=user)
        await erase(telling, user)
    before = faults("erasures")
    async with spoiled(telling, "erasure", "ada", "finished_at", "never"):
        assert await telling.service.erasures.once() == 1
        assert await telling.rows("SELECT VALUE user FROM video_job WHERE erased_at != NONE") == [
            "eve"
        ]
        assert faults("erasures") == before + 1
        assert left_out(caplog) == f"The erasure of users leaves out {digest_of_user('ada')}"
    await carry_on(telling, 60)


async def test_an_event_that_cannot_be_changed_holds_up_no_other(
    telling: Running, fal: FalStandIn, receiver: EventReceiver, caplog: pytest.LogCaptureFixture
) -> None:
    odd, *well = [await failed(telling, fal) for _ in range(4)]
    key, before = await key_of(telling, odd), faults("tell events")
    rounds = telling.service.outgoing_events
    assert rounds is not None
    async with spoiled(telling, "outgoing_event", key, "attempts", "many"):
        assert await rounds.once() == 3
        assert {told.job_id for told in receiver.told} == set(well)
        assert faults("tell events") == before + 1
        assert odd in left_out(caplog)
    assert await rounds.once() == 1
    assert len(receiver.told) == 4


async def test_a_batch_of_jobs_that_cannot_be_changed_hides_no_other(
    telling: Running, fal: FalStandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    *odd, well = [await telling.submitted() for _ in range(4)]
    await telling.wait_for_background()
    for request_id in fal.requests:
        fal.complete(request_id, small_video())
    await telling.rows("UPDATE type::record('video_job', $job) SET due_at = due_at + 30s", job=well)
    sweep, before = telling.service.sweep, faults("sweep")
    monkeypatch.setattr(type(sweep), "batch", 2)
    await set_clock_ahead(telling.service.database, 90)
    async with AsyncExitStack() as stack:
        for job in odd:
            await stack.enter_async_context(spoiled(telling, "video_job", job, "credits", "ten"))
        assert [await sweep.once() for _ in range(3)] == [0, 1, 0]
        await telling.wait_for_background()
        assert (await stored_row(telling, well))["status"] == "completed"
        assert faults("sweep") == before + len(odd)
    while await sweep.once():
        pass
    await telling.wait_for_background()
    assert [(await stored_row(telling, job))["status"] for job in odd] == ["completed"] * 3


async def test_a_batch_of_events_that_cannot_be_changed_hides_no_other(
    telling: Running, fal: FalStandIn, receiver: EventReceiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    *odd, well = [await failed(telling, fal) for _ in range(4)]
    rounds, before = telling.service.outgoing_events, faults("tell events")
    assert rounds is not None
    monkeypatch.setattr(type(rounds), "batch", 2)
    async with AsyncExitStack() as stack:
        for job in odd:
            key = await key_of(telling, job)
            await stack.enter_async_context(
                spoiled(telling, "outgoing_event", key, "attempts", "many")
            )
        assert [await rounds.once() for _ in range(3)] == [0, 1, 0]
        assert [told.job_id for told in receiver.told] == [well]
        assert faults("tell events") == before + len(odd)
    while await rounds.once():
        pass
    assert len(receiver.told) == 4


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


async def key_of(run: Running, job_id: str) -> Any:
    """Return the key of the job's event."""
    keys = await run.rows("SELECT VALUE record::id(id) FROM outgoing_event")
    return next(key for key in keys if key[0] == job_id)


def left_out(caplog: pytest.LogCaptureFixture) -> str:
    records = [each for each in caplog.records if " leaves out " in each.message]
    assert all(each.levelno == logging.ERROR and each.exc_info for each in records)
    return "\n".join(each.message for each in records)
