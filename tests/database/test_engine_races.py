"""The engine's guarantees for concurrent writes; the SDK may be updated only while these hold.

Earlier releases reported success for updates that they lost, and let two callers create the same
record; the in-memory store sometimes still does. Fifty callers share one connection, as in the
service. On the server half of them use a second connection.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from itertools import cycle, islice
from pathlib import Path

import pytest

from app.database.client import Database
from app.database.errors import StatementRejected
from tests.support.database import connected, embedded

RACERS = 50
ROUNDS = 20


@pytest.fixture(params=["embedded", "server"])
async def racers(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[list[Database]]:
    """Fifty callers of one database: on one embedded connection, or on two to a server."""
    if request.param == "embedded":
        address, connections = embedded(f"surrealkv://{tmp_path}/store"), 1
    else:
        address, connections = request.getfixturevalue("server").address(), 2
    async with AsyncExitStack() as stack:
        opened = [await stack.enter_async_context(connected(address)) for _ in range(connections)]
        await opened[0].query("DEFINE TABLE race")
        yield list(islice(cycle(opened), RACERS))


async def test_no_acknowledged_increment_is_lost(racers: list[Database]) -> None:
    await racers[0].query("CREATE race:counter SET n = 0")
    for _ in range(ROUNDS):
        await asyncio.gather(*(each.query("UPDATE race:counter SET n += 1") for each in racers))
    assert await racers[0].query("SELECT VALUE n FROM ONLY race:counter") == ROUNDS * RACERS


async def test_concurrent_creates_of_a_record_have_one_winner(racers: list[Database]) -> None:
    create = "CREATE type::record('race', $number)"
    for number in range(ROUNDS):
        outcomes = await asyncio.gather(
            *(each.query(create, number=number) for each in racers), return_exceptions=True
        )
        refusals = [str(each) for each in outcomes if isinstance(each, StatementRejected)]
        assert len(refusals) == RACERS - 1
        assert all("already exists" in refusal for refusal in refusals)


async def test_concurrent_compare_and_sets_have_one_winner(racers: list[Database]) -> None:
    claim = "UPDATE ONLY race:claim SET holder = $holder WHERE holder IS NONE"
    for _ in range(ROUNDS):
        await racers[0].query("UPSERT race:claim SET holder = NONE")
        holders = range(RACERS)
        claimed = await asyncio.gather(
            *(
                each.query(claim, holder=holder)
                for each, holder in zip(racers, holders, strict=True)
            )
        )
        [winner] = [row["holder"] for row in claimed if row]
        assert await racers[0].query("SELECT VALUE holder FROM ONLY race:claim") == winner
