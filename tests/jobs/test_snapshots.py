import asyncio
from datetime import UTC, datetime

import pytest

from app import times
from app.domain.job import Job, Stage, Status
from app.errors import DatabaseUnavailable, JobNotFound
from app.jobs.snapshots import Snapshots
from app.jobs.subscriptions import Subscription, Subscriptions
from tests.support.clock import Clock

NOW = datetime(2025, 10, 8, tzinfo=UTC)


def job(revision: int = 1, status: Status = Status.PENDING, job_id: str = "job") -> Job:
    return Job(
        id=job_id,
        user="ada",
        user_email="ada",
        template_slug="night-life-roller",
        fal_model="fal-ai/test",
        request_id="request",
        status=status,
        stage=Stage.DONE if status.is_terminal else Stage.QUEUED,
        revision=revision,
        credits=1,
        created_at=NOW,
        updated_at=NOW,
    )


class Refresher:
    """Counts refreshes; each publishes its answer, as the store does, once ``go`` is set."""

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
        assert self.snapshots is not None, "a test makes the snapshots first"
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
    assert set(await asyncio.gather(*polls)) == {job()}
    assert refresh.calls == 1


async def test_within_a_second_nobody_is_asked_again(
    snapshots: Snapshots, clock: Clock, refresh: Refresher
) -> None:
    await snapshots.latest("job", refresh)
    clock.now += 0.999
    await snapshots.latest("job", refresh)
    assert refresh.calls == 1
    clock.now += 0.001
    await snapshots.latest("job", refresh)
    assert refresh.calls == 2


async def test_a_hint_is_followed_at_once_and_polls_wait_that_much_longer(
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


async def test_a_further_hint_waits_for_the_second_that_the_first_was_lent(
    snapshots: Snapshots, clock: Clock, refresh: Refresher, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def sleep(seconds: float) -> None:
        clock.now += seconds

    monkeypatch.setattr(asyncio, "sleep", sleep)
    began = clock.now
    for hints in range(1, 6):
        await snapshots.refresh_now("job", refresh)
        assert clock.now == began + max(0, hints - 2)
    assert refresh.calls == 5


async def test_a_hint_asks_anew_where_an_earlier_question_is_still_open(
    snapshots: Snapshots, refresh: Refresher
) -> None:
    refresh.go.clear()
    poll = asyncio.create_task(snapshots.latest("job", refresh))
    await refresh.called.wait()
    hint = asyncio.create_task(snapshots.refresh_now("job", refresh))
    refresh.answer = job(1)
    refresh.go.set()
    await poll
    refresh.answer = job(2, Status.COMPLETED)
    assert (await hint).status is Status.COMPLETED
    assert refresh.calls == 2


async def test_a_hint_about_a_job_that_has_ended_asks_nobody(
    snapshots: Snapshots, refresh: Refresher
) -> None:
    snapshots.publish(job(5, Status.FAILED))
    assert (await snapshots.refresh_now("job", refresh)).status is Status.FAILED
    assert refresh.calls == 0


async def test_terminal_job_is_never_asked_about_again(
    snapshots: Snapshots, clock: Clock, refresh: Refresher
) -> None:
    refresh.answer = job(5, Status.COMPLETED)
    await snapshots.latest("job", refresh)
    clock.now += 3600
    assert (await snapshots.latest("job", refresh)).status is Status.COMPLETED
    assert refresh.calls == 1


async def test_published_change_is_seen_at_once(snapshots: Snapshots, refresh: Refresher) -> None:
    await snapshots.latest("job", refresh)
    snapshots.publish(job(2, Status.COMPLETED))
    assert (await snapshots.latest("job", refresh)).status is Status.COMPLETED
    assert refresh.calls == 1


async def test_late_answer_does_not_turn_back_the_time(
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


async def test_while_fal_hangs_what_is_known_is_answered(
    snapshots: Snapshots, refresh: Refresher, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(times, "FAL_WAIT", 0.01)
    snapshots.publish(job(3))
    refresh.go.clear()
    assert (await snapshots.latest("job", refresh)).revision == 3
    assert (await snapshots.latest("job", refresh)).revision == 3
    assert refresh.calls == 1
    refresh.go.set()


async def test_first_poll_waits_until_the_job_is_known_and_no_longer(
    snapshots: Snapshots, refresh: Refresher, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(times, "FAL_WAIT", 0.0)
    refresh.go.clear()
    poll = asyncio.create_task(snapshots.latest("job", refresh))
    for _ in range(10):  # its patience is over by then
        await asyncio.sleep(0)
    assert not poll.done()
    snapshots.publish(job(2))
    assert (await poll).revision == 2
    refresh.go.set()


async def test_first_poll_is_told_of_an_error_that_comes_late(
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
    assert asyncio.all_tasks() == {asyncio.current_task()}, "nothing waits any longer"


async def test_each_job_is_asked_about_by_its_own_name(snapshots: Snapshots) -> None:
    asked = []

    async def refresh(job_id: str) -> Job:
        asked.append(job_id)
        snapshots.publish(job(job_id=job_id))
        return job(job_id=job_id)

    assert (await snapshots.latest("polled", refresh)).id == "polled"
    assert (await snapshots.refresh_now("hinted", refresh)).id == "hinted"
    assert asked == ["polled", "hinted"]


async def test_missing_job_is_an_error_each_time_and_is_not_remembered(
    snapshots: Snapshots, refresh: Refresher
) -> None:
    refresh.answer = JobNotFound("There is no such job.")
    for expected in (1, 2):
        with pytest.raises(JobNotFound):
            await snapshots.latest("job", refresh)
        await asyncio.sleep(0)
        assert refresh.calls == expected
    refresh.answer = job()
    assert await snapshots.latest("job", refresh) == job()


async def test_error_is_told_to_all_who_wait(snapshots: Snapshots, refresh: Refresher) -> None:
    refresh.go.clear()
    refresh.answer = JobNotFound("There is no such job.")
    polls = [asyncio.create_task(snapshots.latest("job", refresh)) for _ in range(5)]
    await asyncio.sleep(0)
    refresh.go.set()
    answers = await asyncio.gather(*polls, return_exceptions=True)
    assert [type(answer) for answer in answers] == [JobNotFound] * 5


async def test_poller_that_leaves_does_not_stop_the_others(
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


async def test_refresh_that_fails_leaves_what_is_known(
    snapshots: Snapshots, refresh: Refresher
) -> None:
    snapshots.publish(job(2))
    refresh.answer = DatabaseUnavailable("away")
    with pytest.raises(DatabaseUnavailable):
        await snapshots.latest("job", refresh)
    assert snapshots.known("job") == job(2)
