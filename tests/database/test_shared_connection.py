"""One connection for all callers: what an overdue call, a drop and a slow sign-in do to it."""

import asyncio
import functools
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress
from dataclasses import replace

import pytest

from app.database import shared_connection
from app.database.address import Address
from app.database.client import Database
from app.database.connection import is_dropped
from app.problems import DatabaseUnavailable
from tests.support.database import SurrealServer
from tests.support.database_line import DatabaseLine, database_line

OVERDUE = "RETURN sleep(20s)"
QUICK = 0.3
"""A deadline in seconds for calls that are expected to fail."""


@pytest.fixture
async def line(server: SurrealServer) -> AsyncIterator[tuple[DatabaseLine, Address]]:
    """A line to the server, and the address of a new database at its end."""
    async with database_line(server.port) as (line, url):
        yield line, replace(server.address(), url=url)


async def answers(database: Database) -> bool:
    with suppress(DatabaseUnavailable):
        return bool(await database.query("RETURN true"))
    return False


async def until(holds: Callable[[], Awaitable[bool]]) -> None:
    async with asyncio.timeout(20):
        while not await holds():  # noqa: ASYNC110 the SDK and the server show it in no other way
            await asyncio.sleep(0.02)


async def until_it_answers(database: Database) -> None:
    await until(functools.partial(answers, database))


async def until_dropped(database: Database) -> None:
    """Wait until the SDK has noticed the end of its connection."""
    connection = await database._shared.get()

    async def dropped() -> bool:
        return is_dropped(connection)

    await until(dropped)


async def until_connecting(line: DatabaseLine) -> None:
    """Wait for the second connection."""

    async def connecting() -> bool:
        return len(line.connections) == 2

    await until(connecting)


async def test_an_overdue_call_leaves_the_other_calls_and_the_connection_alone(
    line: tuple[DatabaseLine, Address],
) -> None:
    async with Database(line[1]) as database:
        overdue = asyncio.create_task(database.query(OVERDUE))
        while not overdue.done():
            await database.query("RETURN sleep(300ms)")
        with pytest.raises(DatabaseUnavailable):
            await overdue
        assert await answers(database)
    assert len(line[0].connections) == 1


async def test_a_connection_that_hangs_is_replaced(
    line: tuple[DatabaseLine, Address], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shared_connection, "CHECK_DEADLINE", QUICK)
    async with Database(line[1]) as database:
        line[0].hang()
        assert not await answers(database)
        await until_it_answers(database)
    assert len(line[0].connections) == 2


async def test_a_connection_that_is_opened_more_slowly_than_a_call_serves_the_calls_after_it(
    line: tuple[DatabaseLine, Address],
) -> None:
    async with Database(line[1], deadline=QUICK) as database:
        line[0].open.clear()
        line[0].drop()
        assert not any([await answers(database) for _ in range(3)])
        line[0].open.set()
        await until_it_answers(database)
    assert len(line[0].connections) == 2


async def test_a_caller_who_leaves_does_not_cancel_the_connecting(
    line: tuple[DatabaseLine, Address],
) -> None:
    async with Database(line[1], deadline=20) as database:
        line[0].open.clear()
        line[0].drop()
        await until_dropped(database)
        leaves, stays = (asyncio.create_task(database.query("RETURN true")) for _ in range(2))
        await until_connecting(line[0])
        leaves.cancel()
        line[0].open.set()
        assert await stays
    assert len(line[0].connections) == 2


async def test_attempts_to_connect_are_shared_and_become_rarer(
    line: tuple[DatabaseLine, Address], monkeypatch: pytest.MonkeyPatch
) -> None:
    attempts = 0

    def refused(_address: Address) -> None:
        nonlocal attempts
        attempts += 1
        raise ValueError("an error that nobody foresaw")

    async with Database(line[1]) as database:
        line[0].drop()
        await until_dropped(database)
        with monkeypatch.context() as patch:
            patch.setattr(shared_connection, "new_connection", refused)
            database._shared._pause = 60.0
            assert not any(await asyncio.gather(*(answers(database) for _ in range(20))))
            assert not await answers(database)
            assert attempts == 1
        database._shared._next_attempt = 0.0
        assert await answers(database)


async def test_a_closed_database_ends_an_attempt_to_connect(
    line: tuple[DatabaseLine, Address],
) -> None:
    async with Database(line[1], deadline=20) as database:
        line[0].open.clear()
        line[0].drop()
        await until_dropped(database)
        waits = asyncio.create_task(database.query("RETURN true"))
        await until_connecting(line[0])
    with pytest.raises(DatabaseUnavailable):
        await waits
    with pytest.raises(DatabaseUnavailable):
        await database.query("RETURN true")
