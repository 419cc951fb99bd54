"""Each ending of a job is told to EVENTS_URL at least once, and never in a job's way."""

import asyncio
import logging
from collections.abc import AsyncIterator
from typing import Any

import pytest
from starlette.responses import Response

from app import times
from app.database.outgoing_event_store import KEPT, WAITS, OutgoingEventStore
from app.errors import StorageUnavailable
from app.jobs import outgoing_events
from app.jobs.outgoing_events import OutgoingEvents, forget_events
from app.problems import DatabaseUnavailable
from app.settings import Settings
from app.telemetry.metrics import EVENTS, EVENTS_OLDEST
from tests.support.clock import set_clock_ahead
from tests.support.event_receiver import EventReceiver, Told, event_receiver, taken
from tests.support.seams import FailingSeam
from tests.support.service import Running, running
from tests.support.stand_ins.fal import FalStandIn
from tests.support.stand_ins.videos import small_video

pytestmark = pytest.mark.usefixtures("every_poll_asks_fal", "only_when_asked")

AN_HOUR = 3600
RUN = OutgoingEvents.run


@pytest.fixture
async def receiver() -> AsyncIterator[EventReceiver]:
    async with event_receiver() as one:
        yield one


@pytest.fixture
def told_settings(settings: Settings, receiver: EventReceiver) -> Settings:
    return changed(settings, **receiver.settings)


@pytest.fixture
def only_when_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let events be told when a test asks, and not by the service's own loop."""

    async def idle(_: OutgoingEvents) -> None:
        await asyncio.Event().wait()

    monkeypatch.setattr(OutgoingEvents, "run", idle)


@pytest.fixture
async def run(
    told_settings: Settings,
    fal: FalStandIn,
) -> AsyncIterator[Running]:
    async with running(told_settings, fal) as service:
        yield service
        await service.wait_for_background()
        assert await service.audit() == []


def changed(settings: Settings, **changes: Any) -> Settings:
    return Settings(_env_file=None, **(settings.model_dump() | changes))


async def rows(run: Running) -> list[dict[str, Any]]:
    return list(await run.rows("SELECT * FROM outgoing_event ORDER BY created_at"))


async def tell(run: Running) -> int:
    assert run.service.outgoing_events is not None
    return await run.service.outgoing_events.once()


async def completed(run: Running, fal: FalStandIn, *, seed: int = 0, user: str = "ada") -> str:
    job_id = await run.submitted(user=user)
    fal.complete(fal.newest, small_video(seed=seed))
    assert (await run.finished(job_id, user=user))["status"] == "completed"
    return job_id


async def failed(run: Running, fal: FalStandIn) -> str:
    job_id = await run.submitted()
    fal.fail(fal.newest)
    assert (await run.finished(job_id))["status"] == "failed"
    return job_id


async def cancelled(run: Running) -> str:
    job_id = await run.submitted()
    await run.cancel(job_id)
    assert (await run.finished(job_id))["status"] == "cancelled"
    return job_id


def without_addresses(job: dict[str, Any]) -> dict[str, Any]:
    """Return the job with its addresses' names only: they expire at other times."""
    return {name: value for name, value in job.items() if not name.lower().endswith("url")} | {
        name: "" for name in job if name.lower().endswith("url")
    }


async def test_every_kind_of_ending_is_told_with_the_status_object_and_its_user(
    run: Running, fal: FalStandIn, receiver: EventReceiver
) -> None:
    jobs = [await completed(run, fal), await failed(run, fal), await cancelled(run)]
    assert await tell(run) == 3
    events = {told.job_id: told.event for told in receiver.told}
    assert events.keys() == set(jobs)
    for job_id, status in zip(jobs, ("completed", "failed", "cancelled"), strict=True):
        event, job = events[job_id], await run.status(job_id)
        assert (event["type"], event["timestamp"]) == (f"video.{status}", job["completedAt"])
        assert without_addresses(event["data"]) == without_addresses(job | {"user": "ada"})
    assert await rows(run) == []
    assert await tell(run) == 0
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
    run: Running, fal: FalStandIn, receiver: EventReceiver, status: int
) -> None:
    await failed(run, fal)
    receiver.answer_with(status, location=receiver.url)
    assert await tell(run) == 1
    assert await tell(run) == 0, "it is not due yet"
    receiver.answer = taken
    await set_clock_ahead(run.service.database, 10)
    assert await tell(run) == 1
    first, second = receiver.told
    assert first.message_id == second.message_id
    assert first.event == second.event
    assert await rows(run) == []


async def test_two_endings_have_two_ids(
    run: Running, fal: FalStandIn, receiver: EventReceiver
) -> None:
    await failed(run, fal)
    await failed(run, fal)
    await tell(run)
    assert len({told.message_id for told in receiver.told}) == 2


async def test_addresses_are_new_at_each_attempt(
    run: Running, fal: FalStandIn, receiver: EventReceiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    await completed(run, fal)
    receiver.answer_with(500)
    await tell(run)

    async def later(_: object, key: str) -> str:
        return f"/media/{key}?expires=later"

    monkeypatch.setattr(type(run.service.storage), "url", later)
    await set_clock_ahead(run.service.database, AN_HOUR)
    await tell(run)
    first, second = (told.event["data"]["url"] for told in receiver.told)
    assert first != second
    assert second.endswith("expires=later")


async def test_a_storage_that_is_away_postpones_the_event(
    run: Running, fal: FalStandIn, receiver: EventReceiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    await completed(run, fal)

    async def away(*_: object) -> str:
        raise StorageUnavailable("away")

    with monkeypatch.context() as patched:
        patched.setattr(type(run.service.storage), "url", away)
        assert await tell(run) == 1
    assert receiver.told == []
    await set_clock_ahead(run.service.database, 10)
    assert await tell(run) == 1
    assert len(receiver.told) == 1


async def test_waits_grow_and_after_three_days_an_event_is_given_up(
    run: Running, fal: FalStandIn, receiver: EventReceiver, caplog: pytest.LogCaptureFixture
) -> None:
    job_id = await failed(run, fal)
    receiver.answer_with(503)
    given_up = EVENTS.labels("given_up")._value.get()
    now, waits = 0.0, list[float]()
    while await rows(run):
        assert await tell(run) == 1
        for row in await rows(run):
            wait = (
                await run.rows(
                    "RETURN duration::millis($due - fn::clock::now())", due=row["due_at"]
                )
            ) / 1000
            waits.append(wait)
            now += wait + 1
            await set_clock_ahead(run.service.database, now)
        assert await run.audit() == []
    for wait, expected in zip(waits, (*WAITS, *[WAITS[-1]] * len(waits)), strict=False):
        assert 0.8 * expected < wait < 1.2 * expected
    assert KEPT < now < KEPT + 1.3 * WAITS[-1]
    assert len(receiver.told) == len(waits) + 1
    assert len({told.message_id for told in receiver.told}) == 1
    (line,) = [r.getMessage() for r in caplog.records if r.levelno == logging.ERROR]
    assert line == f"[VIDEO JOB {job_id}] Given up: EVENTS_URL has not taken its end"
    assert EVENTS.labels("given_up")._value.get() == given_up + 1


async def test_a_receiver_that_hangs_delays_no_job(
    run: Running, fal: FalStandIn, receiver: EventReceiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(times, "EVENT_ATTEMPT", 0.5)
    await failed(run, fal)
    released = receiver.hang()
    telling = asyncio.create_task(tell(run))
    while not receiver.told:  # noqa: ASYNC110 it hangs from then on
        await asyncio.sleep(0.01)
    await completed(run, fal)
    assert await telling == 1
    released.set()
    first, second = await rows(run)
    assert first["attempts"] == 1
    assert second["attempts"] == 0, "the ending that came meanwhile is recorded"


async def test_a_receiver_that_cannot_be_reached_is_tried_again(
    settings: Settings,
    fal: FalStandIn,
) -> None:
    async with event_receiver() as gone:
        pass
    async with running(changed(settings, **gone.settings), fal) as run:
        await failed(run, fal)
        assert await tell(run) == 1
        async with event_receiver(int(gone.url.rpartition(":")[2].partition("/")[0])) as back:
            await set_clock_ahead(run.service.database, 10)
            assert await tell(run) == 1
            assert len(back.told) == 1
        assert await run.audit() == []


async def test_an_event_is_taken_by_one_process_at_a_time(
    run: Running, fal: FalStandIn, receiver: EventReceiver
) -> None:
    for _ in range(5):
        await failed(run, fal)
    assert sum(await asyncio.gather(*(tell(run) for _ in range(4)))) == 5
    assert len(receiver.told) == len({told.message_id for told in receiver.told}) == 5


async def test_an_event_of_a_process_that_died_is_told_when_its_lease_runs_out(
    run: Running, fal: FalStandIn, receiver: EventReceiver
) -> None:
    await failed(run, fal)
    await run.rows(
        "RETURN fn::outgoing_event::claim((SELECT VALUE id FROM outgoing_event), 'dead', 60, 9999)"
    )
    assert await tell(run) == 0
    await set_clock_ahead(run.service.database, times.EVENT_LEASE + 1)
    assert await tell(run) == 1
    assert len(receiver.told) == 1


async def test_a_late_failure_does_not_disturb_the_process_that_took_over(
    run: Running, fal: FalStandIn
) -> None:
    job_id = await failed(run, fal)
    claim = "RETURN fn::outgoing_event::claim((SELECT VALUE id FROM outgoing_event), $me, 60, 9999)"
    ((row,), n) = await run.rows(claim, me="slow"), (await rows(run))[0]["id"].id[1]
    await set_clock_ahead(run.service.database, 61)
    (taken_over,) = await run.rows(claim, me="quick")
    postpone = "RETURN fn::outgoing_event::postpone($job, $n, 'slow', 5, 9)"
    assert await run.rows(postpone, job=job_id, n=n) is False
    assert (row["holder"], taken_over["holder"]) == ("slow", "quick")
    assert await rows(run) == [taken_over]


async def test_a_due_time_of_a_clock_that_was_set_back_counts_as_passed(
    run: Running, fal: FalStandIn, receiver: EventReceiver
) -> None:
    await set_clock_ahead(run.service.database, 24 * AN_HOUR)
    await failed(run, fal)
    await set_clock_ahead(run.service.database, 0)
    assert await tell(run) == 1
    assert len(receiver.told) == 1


async def test_lost_answers_of_the_database_tell_it_again_and_lose_nothing(
    told_settings: Settings,
    fal: FalStandIn,
    receiver: EventReceiver,
) -> None:
    seam = FailingSeam(DatabaseUnavailable(), "db.outgoing_event::told")
    async with running(told_settings, fal, seam=seam) as run:
        await failed(run, fal)
        assert await tell(run) == 1
        seam.name = ""
        await set_clock_ahead(run.service.database, times.EVENT_LEASE + 1)
        assert await tell(run) == 1
        assert len({told.message_id for told in receiver.told}) == 1
        assert len(receiver.told) == 2
        seam.name = "db.query"
        assert await tell(run) == 0, "the loop goes on"
        seam.name = "db.outgoing_event::postpone"
        await failed(run, fal)
        receiver.answer_with(500)
        assert await tell(run) == 1
        seam.name = ""
        receiver.answer = taken
        await set_clock_ahead(run.service.database, 3 * times.EVENT_LEASE)
        assert await tell(run) == 1
        assert await rows(run) == []


async def test_an_event_that_cannot_be_built_does_not_hold_up_the_others(
    run: Running, fal: FalStandIn, receiver: EventReceiver, caplog: pytest.LogCaptureFixture
) -> None:
    await run.rows(
        "CREATE type::record('outgoing_event', ['gone', 3]) SET due_at = time::now(), "
        "attempts = 0, created_at = time::now()"
    )
    broken = await failed(run, fal)
    sound = await cancelled(run)
    (job,) = await run.rows("SELECT VALUE id FROM video_job WHERE status = 'failed'")
    await run.rows("UPDATE $job SET completed_at = NONE", job=job)
    assert await tell(run) == 3
    assert [told.job_id for told in receiver.told] == [sound]
    assert f"[VIDEO JOB {broken}] Its end cannot be told" in caplog.text
    assert "[VIDEO JOB gone] Its end was not told, attempt 1: There is no such job." in caplog.text
    await run.rows("UPDATE $job SET completed_at = time::now()", job=job)
    await run.rows("DELETE type::record('outgoing_event', ['gone', 3])")


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
    run: Running, fal: FalStandIn, receiver: EventReceiver
) -> None:
    await failed(run, fal)
    receiver.answer_with(500)
    await tell(run)
    await set_clock_ahead(run.service.database, AN_HOUR)
    receiver.answer = taken
    await tell(run)
    assert AN_HOUR <= EVENTS_OLDEST._value.get() < AN_HOUR + 60
    await tell(run)
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
