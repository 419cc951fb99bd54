"""One refresh a second serves all who ask for a job, and no answer is older than the last."""

import asyncio
from dataclasses import replace

import pytest

from app import times
from app.domain.job import Job, Status
from app.jobs.snapshots import FRESH_AT_END, Snapshots
from app.jobs.subscriptions import Subscription, Subscriptions
from app.problems import DatabaseUnavailable, JobNotFound
from tests.support.clock import Clock
from tests.support.job_rows import UPDATED, job


class Refresher:
    """Counts refreshes. Each waits for ``go`` and publishes its answer, as the store does."""

    def __init__(self) -> None:
        self.snapshots: Snapshots | None = None
        self.calls = 0
        self.answer: Job | Exception = job()
        self.go = asyncio.Event()
        self.go.set()
        self.called = asyncio.Event()

    async def __call__(self, _job_id: str) -> Job:
        self.calls += 1
        self.called.set()
        await self.go.wait()
        if isinstance(self.answer, Exception):
            raise self.answer
        assert self.snapshots is not None, "set by the fixture"
        self.snapshots.publish(self.answer)
        return self.answer


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def refresh() -> Refresher:
    return Refresher()


@pytest.fixture
def subscriptions() -> Subscriptions:
    return Subscriptions(max_per_user=10)


@pytest.fixture
def snapshots(clock: Clock, refresh: Refresher, subscriptions: Subscriptions) -> Snapshots:
    refresh.snapshots = Snapshots(subscriptions.publish, clock=clock)
    return refresh.snapshots


async def test_a_thousand_pollers_share_one_refresh(
    snapshots: Snapshots, refresh: Refresher
) -> None:
    refresh.go.clear()
    polls = [asyncio.create_task(snapshots.latest("job", refresh)) for _ in range(1000)]
    await asyncio.sleep(0)
    refresh.go.set()
    assert await asyncio.gather(*polls) == [job()] * len(polls)
    assert refresh.calls == 1


async def test_snapshot_younger_than_a_second_is_not_refreshed(
    snapshots: Snapshots, clock: Clock, refresh: Refresher
) -> None:
    await snapshots.latest("job", refresh)
    clock.now += 0.999
    await snapshots.latest("job", refresh)
    assert refresh.calls == 1
    clock.now += 0.001
    await snapshots.latest("job", refresh)
    assert refresh.calls == 2


async def test_refresh_now_delays_the_next_refresh_by_a_second(
    snapshots: Snapshots, clock: Clock, refresh: Refresher
) -> None:
    await snapshots.latest("job", refresh)
    await snapshots.refresh_now("job", refresh)
    assert refresh.calls == 2
    clock.now += 1.999
    await snapshots.latest("job", refresh)
    assert refresh.calls == 2
    clock.now += 0.001
    await snapshots.latest("job", refresh)
    assert refresh.calls == 3


async def test_repeated_refresh_now_refreshes_once_a_second(
    snapshots: Snapshots, clock: Clock, refresh: Refresher, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def sleep(seconds: float) -> None:
        clock.now += seconds

    monkeypatch.setattr(asyncio, "sleep", sleep)
    began = clock.now
    for calls in range(1, 6):
        await snapshots.refresh_now("job", refresh)
        assert clock.now == began + max(0, calls - 2)
    assert refresh.calls == 5


async def test_refresh_now_refreshes_again_after_a_running_refresh(
    snapshots: Snapshots, refresh: Refresher
) -> None:
    refresh.go.clear()
    poll = asyncio.create_task(snapshots.latest("job", refresh))
    await refresh.called.wait()
    refreshed = asyncio.create_task(snapshots.refresh_now("job", refresh))
    refresh.answer = job(1)
    refresh.go.set()
    await poll
    refresh.answer = job(2, Status.COMPLETED)
    assert (await refreshed).status is Status.COMPLETED
    assert refresh.calls == 2


async def test_refresh_now_of_a_terminal_job_returns_the_snapshot(
    snapshots: Snapshots, refresh: Refresher
) -> None:
    snapshots.publish(job(5, Status.FAILED))
    assert (await snapshots.refresh_now("job", refresh)).status is Status.FAILED
    assert refresh.calls == 0


async def test_terminal_job_is_read_again_after_half_a_minute(
    snapshots: Snapshots, clock: Clock, refresh: Refresher
) -> None:
    snapshots.publish(job(5, Status.COMPLETED))
    clock.now += FRESH_AT_END - 0.1
    await snapshots.latest("job", refresh)
    assert refresh.calls == 0
    clock.now += 0.1
    refresh.answer = replace(job(6, Status.COMPLETED), deleted_at=UPDATED)
    for _ in range(2):
        assert (await snapshots.latest("job", refresh)).deleted_at == UPDATED
        assert refresh.calls == 1


async def test_terminal_job_is_answered_from_its_snapshot_while_the_database_is_away(
    snapshots: Snapshots, clock: Clock, refresh: Refresher
) -> None:
    snapshots.publish(job(5, Status.COMPLETED))
    clock.now += 3600
    refresh.answer = DatabaseUnavailable()
    assert await snapshots.latest("job", refresh) == job(5, Status.COMPLETED)
    assert refresh.calls == 1


async def test_older_state_of_a_terminal_job_does_not_replace_its_deletion(
    snapshots: Snapshots, refresh: Refresher
) -> None:
    deleted = replace(job(6, Status.COMPLETED), deleted_at=UPDATED)
    for each in (job(5, Status.COMPLETED), deleted, job(5, Status.COMPLETED), job(7)):
        snapshots.publish(each)
    assert await snapshots.latest("job", refresh) == deleted


async def test_published_change_is_returned_without_a_refresh(
    snapshots: Snapshots, refresh: Refresher
) -> None:
    await snapshots.latest("job", refresh)
    snapshots.publish(job(2, Status.COMPLETED))
    assert (await snapshots.latest("job", refresh)).status is Status.COMPLETED
    assert refresh.calls == 1


async def test_older_answer_does_not_replace_a_newer_snapshot(
    snapshots: Snapshots, clock: Clock, refresh: Refresher
) -> None:
    snapshots.publish(job(7, Status.PROCESSING))
    snapshots.publish(job(3))
    clock.now += 5
    refresh.answer = job(4)
    for _ in range(2):
        assert (await snapshots.latest("job", refresh)).revision == 7
    subscription = Subscription(None)
    subscription.push(job(7))
    subscription.push(job(4))
    assert [each.revision for each in await subscription.changes(1) or ()] == [7]
    snapshots.publish(job(8, Status.FAILED))
    snapshots.publish(job(9))
    assert (await snapshots.latest("job", refresh)).status is Status.FAILED


async def test_snapshot_is_returned_while_fal_hangs(
    snapshots: Snapshots, refresh: Refresher, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(times, "FAL_WAIT", 0.01)
    snapshots.publish(job(3))
    refresh.go.clear()
    assert (await snapshots.latest("job", refresh)).revision == 3
    assert (await snapshots.latest("job", refresh)).revision == 3
    assert refresh.calls == 1
    refresh.go.set()


async def test_first_poll_returns_when_the_job_is_known_although_fal_hangs(
    snapshots: Snapshots, refresh: Refresher, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(times, "FAL_WAIT", 0.0)
    refresh.go.clear()
    poll = asyncio.create_task(snapshots.latest("job", refresh))
    for _ in range(10):  # the wait for fal has ended by then
        await asyncio.sleep(0)
    assert not poll.done()
    snapshots.publish(job(2))
    assert (await poll).revision == 2
    refresh.go.set()


async def test_first_poll_raises_a_late_error_and_leaves_no_task(
    snapshots: Snapshots, refresh: Refresher, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(times, "FAL_WAIT", 0.0)
    refresh.go.clear()
    refresh.answer = JobNotFound("There is no such job.")
    poll = asyncio.create_task(snapshots.latest("job", refresh))
    for _ in range(10):
        await asyncio.sleep(0)
    refresh.go.set()
    with pytest.raises(JobNotFound):
        await poll
    await asyncio.sleep(0)
    assert asyncio.all_tasks() == {asyncio.current_task()}, "no task is left"


async def test_refresh_gets_the_id_of_its_job(snapshots: Snapshots) -> None:
    refreshed = []

    async def refresh(job_id: str) -> Job:
        refreshed.append(job_id)
        snapshots.publish(job(job_id=job_id))
        return job(job_id=job_id)

    assert (await snapshots.latest("polled", refresh)).id == "polled"
    assert (await snapshots.refresh_now("of a webhook", refresh)).id == "of a webhook"
    assert refreshed == ["polled", "of a webhook"]


async def test_missing_job_is_looked_up_each_time(snapshots: Snapshots, refresh: Refresher) -> None:
    refresh.answer = JobNotFound("There is no such job.")
    for expected in (1, 2):
        with pytest.raises(JobNotFound):
            await snapshots.latest("job", refresh)
        await asyncio.sleep(0)
        assert refresh.calls == expected
    refresh.answer = job()
    assert await snapshots.latest("job", refresh) == job()


async def test_error_is_raised_to_all_who_wait(snapshots: Snapshots, refresh: Refresher) -> None:
    refresh.go.clear()
    refresh.answer = JobNotFound("There is no such job.")
    polls = [asyncio.create_task(snapshots.latest("job", refresh)) for _ in range(5)]
    await asyncio.sleep(0)
    refresh.go.set()
    answers = await asyncio.gather(*polls, return_exceptions=True)
    assert [type(answer) for answer in answers] == [JobNotFound] * 5


async def test_cancelled_poll_does_not_cancel_the_others(
    snapshots: Snapshots, refresh: Refresher
) -> None:
    refresh.go.clear()
    leaving = asyncio.create_task(snapshots.latest("job", refresh))
    staying = asyncio.create_task(snapshots.latest("job", refresh))
    await asyncio.sleep(0)
    leaving.cancel()
    await asyncio.sleep(0)
    refresh.go.set()
    assert await staying == job()


async def test_failed_refresh_keeps_the_snapshot(snapshots: Snapshots, refresh: Refresher) -> None:
    snapshots.publish(job(2))
    refresh.answer = DatabaseUnavailable("away")
    with pytest.raises(DatabaseUnavailable):
        await snapshots.latest("job", refresh)
    assert snapshots.known("job") == job(2)
