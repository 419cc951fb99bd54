"""What an open stream gets of its user's jobs: each change once, and nothing after the end."""

import asyncio
from dataclasses import replace

from app.domain.job import Job, Status
from app.jobs.snapshots import Snapshots
from app.jobs.subscriptions import Subscription, Subscriptions
from tests.jobs.test_snapshots import job

LONG = 30.0
"""Seconds that no test comes near: who waits so long is woken."""
SOON = 0.01


def eves(revision: int) -> Job:
    """Return a job of somebody else."""
    return replace(job(revision, job_id="eve's"), user="eve")


async def received(subscription: Subscription) -> list[tuple[str, int]]:
    return [(each.id, each.revision) for each in await subscription.changes(SOON) or ()]


async def test_news_that_came_before_is_told_at_once() -> None:
    subscription = Subscription(None)
    subscription.push(job(1))
    assert await subscription.changes(LONG) == [job(1)]


async def test_stream_that_waits_is_woken_by_news() -> None:
    subscription = Subscription(None)
    waiting = asyncio.create_task(subscription.changes(LONG))
    await asyncio.sleep(0)
    subscription.push(job(1))
    assert await waiting == [job(1)]


async def test_silence_is_noticed_and_news_after_it_is_received() -> None:
    subscription = Subscription(None)
    assert await subscription.changes(SOON) == []
    subscription.push(job(1))
    assert await received(subscription) == [("job", 1)]
    assert await subscription.changes(SOON) == []


async def test_only_the_latest_of_several_changes_is_told_job_by_job() -> None:
    subscription = Subscription(None)
    for each in (job(1), job(1, job_id="other"), job(2), job(3)):
        subscription.push(each)
    assert await received(subscription) == [("job", 3), ("other", 1)]


async def test_what_has_been_told_is_not_told_again() -> None:
    subscription = Subscription(None)
    for revision, expected in ((2, [("job", 2)]), (2, []), (1, []), (3, [("job", 3)])):
        subscription.push(job(revision))
        assert await received(subscription) == expected


async def test_job_of_the_replaced_stack_without_any_event_is_told_once() -> None:
    subscription = Subscription(None)
    for expected in ([("job", 0)], []):
        subscription.push(job(0))
        assert await received(subscription) == expected


async def test_nothing_is_told_after_a_jobs_end() -> None:
    subscription = Subscription(None)
    subscription.push(job(5, Status.COMPLETED))
    subscription.push(job(6))
    assert await received(subscription) == [("job", 5)]
    subscription.push(job(7))
    assert await received(subscription) == []


async def test_listener_about_one_job_hears_of_no_other() -> None:
    subscription = Subscription("job")
    subscription.push(job(1, job_id="other"))
    subscription.push(job(1))
    assert await received(subscription) == [("job", 1)]


async def test_jobs_are_followed_until_they_end() -> None:
    subscription = Subscription(None)
    assert list(subscription.unfinished) == []
    subscription.push(job(1))
    subscription.push(job(1, job_id="other"))
    assert list(subscription.unfinished) == ["job", "other"]
    subscription.push(job(2, Status.FAILED))
    assert list(subscription.unfinished) == ["other"]


async def test_stream_that_waits_ends_at_once() -> None:
    subscription = Subscription(None)
    waiting = asyncio.create_task(subscription.changes(LONG))
    await asyncio.sleep(0)
    subscription.end()
    assert await waiting is None
    assert await subscription.changes(LONG) is None


async def test_stream_that_ends_tells_its_news_first() -> None:
    subscription = Subscription(None)
    subscription.push(job(1))
    subscription.end()
    assert await subscription.changes(LONG) == [job(1)]
    assert await subscription.changes(LONG) is None


async def test_published_change_reaches_every_stream_of_its_user() -> None:
    subscriptions = Subscriptions(max_per_user=2)
    mine, also_mine, hers = Subscription(None), Subscription("job"), Subscription(None)
    with subscriptions.open("ada", mine), subscriptions.open("eve", hers):
        with subscriptions.open("ada", also_mine):
            subscriptions.publish(job(1))
            subscriptions.publish(eves(1))
        subscriptions.publish(job(2))
        assert await received(also_mine) == [("job", 1)]
        assert await received(mine) == [("job", 2)]
        assert await received(hers) == [("eve's", 1)]
    subscriptions.publish(job(3))
    assert await received(mine) == []
    assert not subscriptions._by_user, "nothing is kept of users who have left"


async def test_change_that_is_older_than_the_snapshot_reaches_nobody() -> None:
    subscriptions, subscription = Subscriptions(max_per_user=1), Subscription(None)
    snapshots = Snapshots(subscriptions.publish)
    snapshots.publish(job(7))
    with subscriptions.open("ada", subscription):
        snapshots.publish(job(6))
        assert await received(subscription) == []
