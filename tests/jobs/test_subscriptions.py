"""A subscription gets each change of its user's jobs once, and nothing after their end."""

import asyncio
from dataclasses import replace

from app.domain.job import Job, Status
from app.jobs.snapshots import Snapshots
from app.jobs.subscriptions import Subscription, Subscriptions
from tests.support.job_rows import UPDATED, job

LONG = 30.0
"""Seconds that no test waits: a change must wake the subscription before."""
SOON = 0.01


def job_of_eve(revision: int) -> Job:
    """Return a job of another user."""
    return replace(job(revision, job_id="eves-job"), user="eve")


async def received(subscription: Subscription) -> list[tuple[str, int]]:
    """Return the id and the revision of each pending change."""
    return [(each.id, each.revision) for each in await subscription.changes(SOON) or ()]


async def test_pending_change_is_returned_at_once() -> None:
    subscription = Subscription(None)
    subscription.push(job(1))
    assert await subscription.changes(LONG) == [job(1)]


async def test_change_wakes_a_waiting_subscription() -> None:
    subscription = Subscription(None)
    waiting = asyncio.create_task(subscription.changes(LONG))
    await asyncio.sleep(0)
    subscription.push(job(1))
    assert await waiting == [job(1)]


async def test_subscription_returns_nothing_after_the_timeout_and_continues() -> None:
    subscription = Subscription(None)
    assert await subscription.changes(SOON) == []
    subscription.push(job(1))
    assert await received(subscription) == [("job", 1)]
    assert await subscription.changes(SOON) == []


async def test_only_the_latest_change_of_each_job_is_returned() -> None:
    subscription = Subscription(None)
    for each in (job(1), job(1, job_id="other"), job(2), job(3)):
        subscription.push(each)
    assert await received(subscription) == [("job", 3), ("other", 1)]


async def test_change_is_returned_once() -> None:
    subscription = Subscription(None)
    for revision, expected in ((2, [("job", 2)]), (2, []), (1, []), (3, [("job", 3)])):
        subscription.push(job(revision))
        assert await received(subscription) == expected


async def test_legacy_job_without_events_is_returned_once() -> None:
    subscription = Subscription(None)
    for expected in ([("job", 0)], []):
        subscription.push(job(0))
        assert await received(subscription) == expected


async def test_change_after_the_end_of_a_job_is_ignored() -> None:
    subscription = Subscription(None)
    subscription.push(job(5, Status.COMPLETED))
    subscription.push(job(6))
    assert await received(subscription) == [("job", 5)]
    subscription.push(job(7))
    assert await received(subscription) == []


async def test_deletion_is_returned_once_to_those_who_know_the_job() -> None:
    deleted = replace(job(6, Status.COMPLETED), deleted_at=UPDATED)
    subscription, stranger, of_the_job = Subscription(None), Subscription(None), Subscription("job")
    subscription.push(job(5, Status.COMPLETED))
    for each in (subscription, stranger, of_the_job):
        for _ in range(2):
            each.push(deleted)
    assert await received(subscription) == [("job", 6)]
    assert await received(of_the_job) == [("job", 6)]
    assert await received(stranger) == []


async def test_subscription_to_one_job_gets_no_other_job() -> None:
    subscription = Subscription("job")
    subscription.push(job(1, job_id="other"))
    subscription.push(job(1))
    assert await received(subscription) == [("job", 1)]


async def test_job_is_unfinished_until_its_terminal_change() -> None:
    subscription = Subscription(None)
    assert list(subscription.unfinished) == []
    subscription.push(job(1))
    subscription.push(job(1, job_id="other"))
    assert list(subscription.unfinished) == ["job", "other"]
    subscription.push(job(2, Status.FAILED))
    assert list(subscription.unfinished) == ["other"]


async def test_end_wakes_a_waiting_subscription() -> None:
    subscription = Subscription(None)
    waiting = asyncio.create_task(subscription.changes(LONG))
    await asyncio.sleep(0)
    subscription.end()
    assert await waiting is None
    assert await subscription.changes(LONG) is None


async def test_ended_subscription_returns_its_pending_changes_first() -> None:
    subscription = Subscription(None)
    subscription.push(job(1))
    subscription.end()
    assert await subscription.changes(LONG) == [job(1)]
    assert await subscription.changes(LONG) is None


async def test_published_change_reaches_every_subscription_of_its_user_only() -> None:
    subscriptions = Subscriptions(max_per_user=2)
    all_jobs, one_job, jobs_of_eve = Subscription(None), Subscription("job"), Subscription(None)
    with subscriptions.open("ada", all_jobs), subscriptions.open("eve", jobs_of_eve):
        with subscriptions.open("ada", one_job):
            subscriptions.publish(job(1))
            subscriptions.publish(job_of_eve(1))
        subscriptions.publish(job(2))
        assert await received(one_job) == [("job", 1)]
        assert await received(all_jobs) == [("job", 2)]
        assert await received(jobs_of_eve) == [("eves-job", 1)]
    subscriptions.publish(job(3))
    assert await received(all_jobs) == []
    assert not subscriptions._by_user, "users without a stream are forgotten"


async def test_change_that_is_older_than_the_snapshot_is_not_published() -> None:
    subscriptions, subscription = Subscriptions(max_per_user=1), Subscription(None)
    snapshots = Snapshots(subscriptions.publish)
    snapshots.publish(job(7))
    with subscriptions.open("ada", subscription):
        snapshots.publish(job(6))
        assert await received(subscription) == []
