"""Each ending of a job is told to EVENTS_URL at least once, and never in a job's way."""

import asyncio
import logging
from typing import Any

import pytest
from starlette.responses import Response

from app import times
from app.database.outgoing_event_store import KEPT, WAITS, OutgoingEventStore
from app.jobs import outgoing_events
from app.jobs.outgoing_events import OutgoingEvents, forget_events
from app.settings import Settings
from app.telemetry.metrics import EVENTS, EVENTS_OLDEST
from tests.support.clock import set_clock_ahead
from tests.support.event_receiver import EventReceiver, Told, taken
from tests.support.outgoing_events import AN_HOUR, cancelled, completed, failed, rows, tell
from tests.support.service import Running, running
from tests.support.stand_ins.fal import FalStandIn

pytestmark = pytest.mark.usefixtures("every_poll_asks_fal", "only_when_asked")

RUN = OutgoingEvents.run


def without_addresses(job: dict[str, Any]) -> dict[str, Any]:
    """Return the job with its addresses' names only: they expire at other times."""
    return {name: value for name, value in job.items() if not name.lower().endswith("url")} | {
        name: "" for name in job if name.lower().endswith("url")
    }


async def test_every_kind_of_ending_is_told_with_the_status_object_and_its_user(
    telling: Running, fal: FalStandIn, receiver: EventReceiver
) -> None:
    jobs = [await completed(telling, fal), await failed(telling, fal), await cancelled(telling)]
    assert await tell(telling) == 3
    events = {told.job_id: told.event for told in receiver.told}
    assert events.keys() == set(jobs)
    for job_id, status in zip(jobs, ("completed", "failed", "cancelled"), strict=True):
        event, job = events[job_id], await telling.status(job_id)
        assert (event["type"], event["timestamp"]) == (f"video.{status}", job["completedAt"])
        assert without_addresses(event["data"]) == without_addresses(job | {"user": "ada"})
    assert await rows(telling) == []
    assert await tell(telling) == 0
    assert len(receiver.told) == 3


async def test_nothing_is_recorded_without_a_receiver(
    settings: Settings,
    fal: FalStandIn,
) -> None:
    async with running(settings, fal) as run:
        await completed(run, fal)
        assert run.service.outgoing_events is None
        assert await rows(run) == []


@pytest.mark.parametrize("status", [301, 307, 400, 404, 410, 429, 500, 503])
async def test_any_answer_but_2xx_is_told_again_with_the_same_id(
    telling: Running, fal: FalStandIn, receiver: EventReceiver, status: int
) -> None:
    await failed(telling, fal)
    receiver.answer_with(status, location=receiver.url)
    assert await tell(telling) == 1
    assert await tell(telling) == 0, "it is not due yet"
    receiver.answer = taken
    await set_clock_ahead(telling.service.database, 10)
    assert await tell(telling) == 1
    first, second = receiver.told
    assert first.message_id == second.message_id
    assert first.event == second.event
    assert await rows(telling) == []


async def test_two_endings_have_two_ids(
    telling: Running, fal: FalStandIn, receiver: EventReceiver
) -> None:
    await failed(telling, fal)
    await failed(telling, fal)
    await tell(telling)
    assert len({told.message_id for told in receiver.told}) == 2


async def test_addresses_are_new_at_each_attempt(
    telling: Running, fal: FalStandIn, receiver: EventReceiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    await completed(telling, fal)
    receiver.answer_with(500)
    await tell(telling)

    async def later(_: object, key: str, *, download: bool = False) -> str:
        assert key.endswith(".mp4") or not download
        return f"/media/{key}?expires=later"

    monkeypatch.setattr(type(telling.service.storage), "url", later)
    await set_clock_ahead(telling.service.database, AN_HOUR)
    await tell(telling)
    first, second = (told.event["data"]["url"] for told in receiver.told)
    assert first != second
    assert second.endswith("expires=later")


async def test_waits_grow_and_after_three_days_an_event_is_given_up(
    telling: Running, fal: FalStandIn, receiver: EventReceiver, caplog: pytest.LogCaptureFixture
) -> None:
    job_id = await failed(telling, fal)
    receiver.answer_with(503)
    given_up = EVENTS.labels("given_up")._value.get()
    now, waits = 0.0, list[float]()
    while await rows(telling):
        assert await tell(telling) == 1
        for row in await rows(telling):
            wait = (
                await telling.rows(
                    "RETURN duration::millis($due - fn::clock::now())", due=row["due_at"]
                )
            ) / 1000
            waits.append(wait)
            now += wait + 1
            await set_clock_ahead(telling.service.database, now)
        assert await telling.audit() == []
    for wait, expected in zip(waits, (*WAITS, *[WAITS[-1]] * len(waits)), strict=False):
        assert 0.5 * expected < wait < 1.2 * expected
    assert KEPT < now < KEPT + 1.3 * WAITS[-1]
    assert len(receiver.told) == len(waits) + 1
    assert len({told.message_id for told in receiver.told}) == 1
    (line,) = [r.getMessage() for r in caplog.records if r.levelno == logging.ERROR]
    assert line == f"[VIDEO JOB {job_id}] Given up: EVENTS_URL has not taken its end"
    assert EVENTS.labels("given_up")._value.get() == given_up + 1


async def test_a_receiver_that_hangs_delays_no_job(
    telling: Running, fal: FalStandIn, receiver: EventReceiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(times, "EVENT_ATTEMPT", 0.5)
    await failed(telling, fal)
    released = receiver.hang()
    attempt = asyncio.create_task(tell(telling))
    while not receiver.told:  # noqa: ASYNC110 it hangs from then on
        await asyncio.sleep(0.01)
    await completed(telling, fal)
    assert await attempt == 1
    released.set()
    first, second = await rows(telling)
    assert first["attempts"] == 1
    assert second["attempts"] == 0, "the ending that came meanwhile is recorded"


async def test_what_ends_while_the_setting_is_off_is_told_when_it_is_on_again(
    settings: Settings,
    told_settings: Settings,
    fal: FalStandIn,
    receiver: EventReceiver,
) -> None:
    async with running(told_settings, fal):
        pass
    async with running(settings, fal) as off:
        job_id = await failed(off, fal)
    async with running(told_settings, fal) as run:
        assert await tell(run) == 1
    assert [told.job_id for told in receiver.told] == [job_id]


async def test_rows_do_not_pile_up_after_the_setting_was_turned_off(
    settings: Settings,
    told_settings: Settings,
    fal: FalStandIn,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(outgoing_events, "FORGET_INTERVAL", 0.0)
    async with running(told_settings, fal):
        pass
    async with running(settings, fal) as off:
        events = OutgoingEventStore(off.service.database)
        await failed(off, fal)
        await forget_events(events)
        assert len(await rows(off)) == 1, "it may still be turned on again"
        await set_clock_ahead(off.service.database, KEPT + 1)
        await failed(off, fal)
        assert len(await rows(off)) <= 1, "endings are not recorded any more"
        await forget_events(events)
        assert await rows(off) == []


async def test_the_age_of_the_oldest_event_is_a_metric(
    telling: Running, fal: FalStandIn, receiver: EventReceiver
) -> None:
    await failed(telling, fal)
    receiver.answer_with(500)
    await tell(telling)
    await set_clock_ahead(telling.service.database, AN_HOUR)
    receiver.answer = taken
    await tell(telling)
    assert AN_HOUR <= EVENTS_OLDEST._value.get() < AN_HOUR + 60
    await tell(telling)
    assert EVENTS_OLDEST._value.get() == 0


async def test_the_loop_tells_without_being_asked(
    told_settings: Settings,
    fal: FalStandIn,
    receiver: EventReceiver,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(outgoing_events, "INTERVAL", 0.05)
    monkeypatch.setattr(OutgoingEvents, "run", RUN)
    told = asyncio.Event()

    async def heard(event: Told) -> Response:
        told.set()
        return await taken(event)

    receiver.answer = heard
    async with running(told_settings, fal) as run:
        await failed(run, fal)
        await asyncio.wait_for(told.wait(), 20)
