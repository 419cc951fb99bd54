"""A row that cannot be changed holds up no other: of jobs, deletions, erasures and events."""

from contextlib import AsyncExitStack

import pytest

from app.telemetry.logs import digest_of_user
from tests.support.clock import set_clock_ahead
from tests.support.deletions import carry_on, completed, delete, erase, objects
from tests.support.event_receiver import EventReceiver
from tests.support.job_rows import stored_row
from tests.support.outgoing_events import failed, key_of
from tests.support.service import Running
from tests.support.spoiled_rows import faults, left_out, spoiled
from tests.support.stand_ins.fal import FalStandIn
from tests.support.stand_ins.videos import small_video

pytestmark = pytest.mark.usefixtures("every_poll_asks_fal", "rounds_only_when_asked")


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
