"""A user's limit of event streams over several processes on one database."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from app import times
from app.database.stream_places import StreamPlaces
from app.jobs.shared_places import SharedPlaces
from app.problems import DatabaseUnavailable, TooManyStreams
from app.server.tasks import BackgroundTasks
from tests.support.clock import set_clock_ahead
from tests.support.database import connected, embedded
from tests.support.job_functions import Jobs

LIMIT = 3


@pytest.fixture
async def jobs(store_url: str) -> AsyncIterator[Jobs]:
    async with connected(embedded(store_url)) as database:
        yield Jobs(database)


def process(jobs: Jobs) -> StreamPlaces:
    return StreamPlaces(jobs.database, max_per_user=LIMIT)


async def test_limit_holds_over_two_processes_that_open_at_once(jobs: Jobs) -> None:
    first, second = process(jobs), process(jobs)
    await asyncio.gather(first.renew(), second.renew())
    opened = await asyncio.gather(
        *(
            each.open("ada", f"{name}{number}")
            for name, each in (("a", first), ("b", second))
            for number in range(LIMIT)
        ),
        return_exceptions=True,
    )
    assert opened.count(None) == LIMIT
    assert sum(isinstance(outcome, TooManyStreams) for outcome in opened) == LIMIT
    await first.open("eve", "hers")


async def test_repeated_open_takes_one_place_and_close_returns_it(jobs: Jobs) -> None:
    places = process(jobs)
    await places.renew()
    for stream in ("a", "a", "b", "c"):
        await places.open("ada", stream)
    with pytest.raises(TooManyStreams):
        await places.open("ada", "d")
    await places.close("ada", "a")
    await places.close("ada", "a")
    await places.open("ada", "d")
    for stream in ("b", "c", "d"):
        await places.close("ada", stream)
    assert await jobs.all("event_stream") == []


async def test_places_of_a_killed_process_are_free_within_two_minutes(jobs: Jobs) -> None:
    killed, lives = process(jobs), process(jobs)
    await killed.renew()
    for number in range(LIMIT):
        await killed.open("ada", str(number))
    with pytest.raises(TooManyStreams):
        await lives.open("ada", "new")
    await set_clock_ahead(jobs.database, times.PLACES_FREE)
    await lives.renew()
    await lives.open("ada", "new")


async def test_place_that_was_never_returned_is_free_when_its_stream_must_be_over(
    jobs: Jobs,
) -> None:
    places = process(jobs)
    for number in range(LIMIT):
        await places.open("ada", str(number))
    await set_clock_ahead(jobs.database, times.STREAM + times.STREAM_MARGIN + 1)
    await places.renew()
    await places.open("ada", "new")


async def test_place_of_a_clock_that_was_ahead_is_free(jobs: Jobs) -> None:
    places = process(jobs)
    await set_clock_ahead(jobs.database, 24 * 3600)
    for number in range(LIMIT):
        await places.open("ada", str(number))
    await set_clock_ahead(jobs.database, 0)
    await places.open("ada", "new")


async def test_stream_is_let_in_while_the_database_is_unavailable() -> None:
    class Away:
        async def open(self, _user: str, _stream_id: str) -> None:
            raise DatabaseUnavailable

        async def close(self, _user: str, _stream_id: str) -> None:
            raise DatabaseUnavailable

    background = BackgroundTasks()
    places = SharedPlaces(Away(), background)  # type: ignore[arg-type] # its two calls
    entered = False
    async with places.held("ada"):
        entered = True
    assert entered
    await asyncio.wait(background.tasks)
    assert background.tasks == []
