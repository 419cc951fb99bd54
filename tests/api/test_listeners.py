"""What an open stream is told of its user's jobs: each change once, and nothing after the end."""

import asyncio
from dataclasses import replace

from app.domain.job import Job, Status
from app.jobs.snapshots import Listener, Watch
from tests.jobs.test_snapshots import job

LONG = 30.0
"""Seconds that no test comes near: who waits so long is woken."""
SOON = 0.01


def eves(revision: int) -> Job:
    """Return a job of somebody else."""
    return replace(job(revision, job_id="eve's"), user="eve")


async def told(listener: Listener) -> list[tuple[str, int]]:
    return [(each.id, each.revision) for each in await listener.news(SOON) or ()]


async def test_news_that_came_before_is_told_at_once() -> None:
    listener = Listener(None)
    listener.tell(job(1))
    assert await listener.news(LONG) == [job(1)]


async def test_stream_that_waits_is_woken_by_news() -> None:
    listener = Listener(None)
    waiting = asyncio.create_task(listener.news(LONG))
    await asyncio.sleep(0)
    listener.tell(job(1))
    assert await waiting == [job(1)]


async def test_silence_is_noticed_and_news_after_it_is_told() -> None:
    listener = Listener(None)
    assert await listener.news(SOON) == []
    listener.tell(job(1))
    assert await told(listener) == [("job", 1)]
    assert await listener.news(SOON) == []


async def test_only_the_latest_of_several_changes_is_told_job_by_job() -> None:
    listener = Listener(None)
    for each in (job(1), job(1, job_id="other"), job(2), job(3)):
        listener.tell(each)
    assert await told(listener) == [("job", 3), ("other", 1)]


async def test_what_has_been_told_is_not_told_again() -> None:
    listener = Listener(None)
    for revision, expected in ((2, [("job", 2)]), (2, []), (1, []), (3, [("job", 3)])):
        listener.tell(job(revision))
        assert await told(listener) == expected


async def test_job_of_the_replaced_stack_without_any_event_is_told_once() -> None:
    listener = Listener(None)
    for expected in ([("job", 0)], []):
        listener.tell(job(0))
        assert await told(listener) == expected


async def test_nothing_is_told_after_a_jobs_end() -> None:
    listener = Listener(None)
    listener.tell(job(5, Status.COMPLETED))
    listener.tell(job(6))
    assert await told(listener) == [("job", 5)]
    listener.tell(job(7))
    assert await told(listener) == []


async def test_listener_about_one_job_hears_of_no_other() -> None:
    listener = Listener("job")
    listener.tell(job(1, job_id="other"))
    listener.tell(job(1))
    assert await told(listener) == [("job", 1)]


async def test_jobs_are_followed_until_they_end() -> None:
    listener = Listener(None)
    assert list(listener.following) == []
    listener.tell(job(1))
    listener.tell(job(1, job_id="other"))
    assert list(listener.following) == ["job", "other"]
    listener.tell(job(2, Status.FAILED))
    assert list(listener.following) == ["other"]


async def test_stream_that_waits_ends_at_once() -> None:
    listener = Listener(None)
    waiting = asyncio.create_task(listener.news(LONG))
    await asyncio.sleep(0)
    listener.end()
    assert await waiting is None
    assert await listener.news(LONG) is None


async def test_stream_that_ends_tells_its_news_first() -> None:
    listener = Listener(None)
    listener.tell(job(1))
    listener.end()
    assert await listener.news(LONG) == [job(1)]
    assert await listener.news(LONG) is None


async def test_published_change_reaches_everybody_who_listens_for_its_user() -> None:
    watched, mine, also_mine, hers = Watch(), Listener(None), Listener("job"), Listener(None)
    with watched.listening("ada", mine), watched.listening("eve", hers):
        with watched.listening("ada", also_mine):
            watched.publish(job(1))
            watched.publish(eves(1))
        watched.publish(job(2))
        assert await told(also_mine) == [("job", 1)]
        assert await told(mine) == [("job", 2)]
        assert await told(hers) == [("eve's", 1)]
    watched.publish(job(3))
    assert await told(mine) == []
    assert not watched._listeners, "nothing is kept of users who have left"


async def test_change_that_is_older_than_what_is_known_reaches_nobody() -> None:
    watched, listener = Watch(), Listener(None)
    watched.publish(job(7))
    with watched.listening("ada", listener):
        watched.publish(job(6))
        assert await told(listener) == []
