"""The jobs of open streams are kept up to date, including jobs of other processes."""

import asyncio
import logging

import pytest

from app.domain.job import Job
from app.jobs import live_updates
from app.jobs.live_updates import LiveUpdates
from app.jobs.subscriptions import Subscription, Subscriptions
from app.problems import DatabaseUnavailable, JobNotFound
from tests.support.job_rows import job

NOW = 0.0
"""Seconds to wait for changes that are pending already."""


class Jobs:
    """The unfinished jobs of every user, as the database and fal report them."""

    def __init__(self) -> None:
        self.known: dict[str, Job | Exception] = {}
        self.error: Exception | None = None
        self.lookups: list[set[str]] = []
        self.refreshed: list[str] = []

    async def under_way(self, users: list[str]) -> list[str]:
        self.lookups.append(set(users))
        if self.error is not None:
            raise self.error
        return list(self.known)

    async def latest(self, job_id: str) -> Job:
        self.refreshed.append(job_id)
        found = self.known[job_id]
        if isinstance(found, Exception):
            raise found
        return found


@pytest.fixture
def jobs() -> Jobs:
    return Jobs()


@pytest.fixture
def subscriptions() -> Subscriptions:
    return Subscriptions(max_per_user=2)


@pytest.fixture
def updates(
    jobs: Jobs, subscriptions: Subscriptions, monkeypatch: pytest.MonkeyPatch
) -> LiveUpdates:
    monkeypatch.setattr(live_updates, "REFRESH_INTERVAL", 0.0)
    return LiveUpdates(subscriptions=subscriptions, under_way=jobs.under_way, latest=jobs.latest)


async def test_welcome_pushes_the_unfinished_jobs_of_a_new_subscription(
    updates: LiveUpdates, jobs: Jobs, subscriptions: Subscriptions
) -> None:
    jobs.known = {"job": job(3)}
    subscription = Subscription(None)
    with subscriptions.open("ada", subscription):
        await updates.welcome()
    assert jobs.lookups == [{"ada"}]
    assert await subscription.changes(NOW) == [job(3)]


async def test_welcome_makes_one_query_for_all_users_who_arrived(
    updates: LiveUpdates, jobs: Jobs, subscriptions: Subscriptions
) -> None:
    with (
        subscriptions.open("ada", Subscription(None)),
        subscriptions.open("ada", Subscription(None)),
        subscriptions.open("eve", Subscription(None)),
    ):
        await updates.welcome()
    assert jobs.lookups == [{"ada", "eve"}]


async def test_welcome_waits_for_the_next_arrival(
    updates: LiveUpdates, jobs: Jobs, subscriptions: Subscriptions
) -> None:
    with subscriptions.open("ada", Subscription(None)):
        await updates.welcome()
        waiting = asyncio.create_task(updates.welcome())
        await asyncio.sleep(0)
        assert not waiting.done()
        with subscriptions.open("eve", Subscription(None)):
            await waiting
    assert jobs.lookups == [{"ada"}, {"eve"}]


async def test_welcome_looks_up_no_jobs_for_a_subscription_to_one_job(
    updates: LiveUpdates, jobs: Jobs, subscriptions: Subscriptions
) -> None:
    with subscriptions.open("ada", Subscription("job")):
        await updates.welcome()
    assert jobs.lookups == []


async def test_welcome_looks_up_no_jobs_of_users_who_left(
    updates: LiveUpdates, jobs: Jobs, subscriptions: Subscriptions
) -> None:
    with subscriptions.open("ada", Subscription(None)):
        pass
    await updates.welcome()
    assert jobs.lookups == []


async def test_refresh_pushes_a_job_that_another_process_started(
    updates: LiveUpdates, jobs: Jobs, subscriptions: Subscriptions
) -> None:
    subscription = Subscription(None)
    with subscriptions.open("ada", subscription):
        await updates.welcome()
        assert await subscription.changes(NOW) == []
        jobs.known = {"job": job(1)}
        await updates.refresh()
    assert await subscription.changes(NOW) == [job(1)]


async def test_refresh_asks_for_the_unfinished_jobs_of_subscriptions_only(
    updates: LiveUpdates, jobs: Jobs, subscriptions: Subscriptions
) -> None:
    jobs.known = {"job": job(2), "other": job(2, job_id="other")}
    subscription = Subscription("job")
    subscription.push(job(1))
    with subscriptions.open("ada", subscription):
        await updates.refresh()
    assert jobs.refreshed == ["job"] * live_updates.ROUNDS
    assert jobs.lookups == []
    assert await subscription.changes(NOW) == [job(2)]


@pytest.mark.parametrize(
    ("error", "logged"),
    [
        (JobNotFound("There is no such job."), []),
        (DatabaseUnavailable(), []),
        (ZeroDivisionError(), ["[VIDEO JOB odd] Cannot be refreshed"] * live_updates.ROUNDS),
    ],
    ids=["missing", "unavailable", "fault"],
)
async def test_job_that_cannot_be_refreshed_does_not_hold_up_the_others(
    updates: LiveUpdates,
    jobs: Jobs,
    subscriptions: Subscriptions,
    caplog: pytest.LogCaptureFixture,
    error: Exception,
    logged: list[str],
) -> None:
    subscription = Subscription("job")
    odd = Subscription("odd")
    odd.push(job(1, job_id="odd"))
    subscription.push(job(1))
    jobs.known = {"odd": error, "job": job(2)}
    with subscriptions.open("ada", odd), subscriptions.open("ada", subscription):
        await updates.refresh()
    assert await subscription.changes(NOW) == [job(2)]
    assert [record.getMessage() for record in caplog.records] == logged


@pytest.mark.parametrize(
    ("error", "logged"),
    [
        (DatabaseUnavailable(), []),
        (JobNotFound("refused"), ["Cannot look up new jobs: refused"]),
    ],
    ids=["unavailable", "refused"],
)
async def test_failed_lookup_of_new_jobs_is_repeated_by_the_next_refresh(
    updates: LiveUpdates,
    jobs: Jobs,
    subscriptions: Subscriptions,
    caplog: pytest.LogCaptureFixture,
    error: Exception,
    logged: list[str],
) -> None:
    caplog.set_level(logging.WARNING)
    subscription = Subscription(None)
    jobs.known, jobs.error = {"job": job(1)}, error
    with subscriptions.open("ada", subscription):
        await updates.refresh()
        assert await subscription.changes(NOW) == []
        assert [record.getMessage() for record in caplog.records] == logged
        jobs.error = None
        await updates.refresh()
    assert await subscription.changes(NOW) == [job(1)]
