"""Nothing that fails on the way loses an event: processes, database, storage, receiver, clock."""

import asyncio

import pytest

from app import times
from app.database.outgoing_event_store import OutgoingEventStore
from app.errors import StorageUnavailable
from app.problems import DatabaseUnavailable
from app.settings import Settings
from tests.support.clock import set_clock_ahead
from tests.support.event_receiver import EventReceiver, event_receiver, taken
from tests.support.outgoing_events import AN_HOUR, cancelled, changed, completed, failed, rows, tell
from tests.support.seams import FailingSeam
from tests.support.service import Running, running
from tests.support.stand_ins.fal import FalStandIn

pytestmark = pytest.mark.usefixtures("every_poll_asks_fal", "only_when_asked")


async def test_a_storage_that_is_away_postpones_the_event(
    telling: Running, fal: FalStandIn, receiver: EventReceiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    await completed(telling, fal)

    async def away(*_: object) -> str:
        raise StorageUnavailable("away")

    with monkeypatch.context() as patched:
        patched.setattr(type(telling.service.storage), "url", away)
        assert await tell(telling) == 1
    assert receiver.told == []
    await set_clock_ahead(telling.service.database, 10)
    assert await tell(telling) == 1
    assert len(receiver.told) == 1


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
    telling: Running, fal: FalStandIn, receiver: EventReceiver
) -> None:
    for _ in range(5):
        await failed(telling, fal)
    assert sum(await asyncio.gather(*(tell(telling) for _ in range(4)))) == 5
    assert len(receiver.told) == len({told.message_id for told in receiver.told}) == 5


async def test_an_event_of_a_process_that_died_is_told_when_its_lease_runs_out(
    telling: Running, fal: FalStandIn, receiver: EventReceiver
) -> None:
    await failed(telling, fal)
    await telling.rows(
        "RETURN fn::outgoing_event::claim((SELECT VALUE id FROM outgoing_event), 'dead', 60, 9999)"
    )
    assert await tell(telling) == 0
    await set_clock_ahead(telling.service.database, times.EVENT_LEASE + 1)
    assert await tell(telling) == 1
    assert len(receiver.told) == 1


async def test_a_late_failure_does_not_disturb_the_process_that_took_over(
    telling: Running, fal: FalStandIn
) -> None:
    job_id = await failed(telling, fal)
    claim = "RETURN fn::outgoing_event::claim((SELECT VALUE id FROM outgoing_event), $me, 60, 9999)"
    ((row,), n) = await telling.rows(claim, me="slow"), (await rows(telling))[0]["id"].id[1]
    await set_clock_ahead(telling.service.database, 61)
    (taken_over,) = await telling.rows(claim, me="quick")
    postpone = "RETURN fn::outgoing_event::postpone($job, $n, 'slow', 5, 9)"
    assert await telling.rows(postpone, job=job_id, n=n) is False
    assert (row["holder"], taken_over["holder"]) == ("slow", "quick")
    assert await rows(telling) == [taken_over]


async def test_a_due_time_of_a_clock_that_was_set_back_counts_as_passed(
    telling: Running, fal: FalStandIn, receiver: EventReceiver
) -> None:
    await set_clock_ahead(telling.service.database, 24 * AN_HOUR)
    await failed(telling, fal)
    await set_clock_ahead(telling.service.database, 0)
    assert await tell(telling) == 1
    assert len(receiver.told) == 1


async def test_a_time_that_no_driver_can_read_does_not_hold_up_the_others(
    telling: Running, fal: FalStandIn, receiver: EventReceiver
) -> None:
    odd, well = await failed(telling, fal), await failed(telling, fal)
    await telling.rows("DEFINE FIELD OVERWRITE created_at ON outgoing_event TYPE datetime")
    await telling.rows(
        "UPDATE type::record('outgoing_event', [$odd, 0]..[$odd, 99])"
        " SET created_at = d'+12000-01-01T00:00:00Z' RETURN NONE",
        odd=odd,
    )
    assert await tell(telling) == 2
    assert {told.job_id for told in receiver.told} == {odd, well}


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
    telling: Running, fal: FalStandIn, receiver: EventReceiver, caplog: pytest.LogCaptureFixture
) -> None:
    await telling.rows(
        "CREATE type::record('outgoing_event', ['gone', 3]) SET due_at = time::now(), "
        "attempts = 0, created_at = time::now()"
    )
    broken = await failed(telling, fal)
    sound = await cancelled(telling)
    (job,) = await telling.rows("SELECT VALUE id FROM video_job WHERE status = 'failed'")
    await telling.rows("UPDATE $job SET completed_at = NONE", job=job)
    assert await tell(telling) == 3
    assert [told.job_id for told in receiver.told] == [sound]
    assert f"[VIDEO JOB {broken}] Its end cannot be told" in caplog.text
    assert "[VIDEO JOB gone] Its end was not told, attempt 1: There is no such job." in caplog.text
    await telling.rows("UPDATE $job SET completed_at = time::now()", job=job)
    await telling.rows("DELETE type::record('outgoing_event', ['gone', 3])")


async def test_two_processes_take_different_events(telling: Running, fal: FalStandIn) -> None:
    for _ in range(8):
        await failed(telling, fal)
    processes = [OutgoingEventStore(telling.service.database) for _ in range(4)]

    async def take(process: OutgoingEventStore) -> list[str]:
        due, _ = await process.due(5)
        return [event.job_id for event in await process.take(due)]

    jobs = [job for taken in await asyncio.gather(*map(take, processes)) for job in taken]
    while len(jobs) < 8:
        jobs += await take(processes[0])
    assert len(jobs) == len(set(jobs)) == 8
