"""What this engine promises to those who write at once: it decides whether the SDK's pin may move.

Earlier releases answered OK to updates that they lost, and let two callers create one record; the
in-memory store still does, now and then. Each caller here is one of fifty on one connection, as in
the service, and on the server half of them come by a second one.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from itertools import cycle, islice
from pathlib import Path

import pytest

from app.database.client import Database
from app.database.connection import Rejected
from tests.support.database import connected, embedded

RACERS = 50
ROUNDS = 20


@pytest.fixture(params=["embedded", "server"])
async def racers(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[list[Database]]:
    """Fifty connections to one database, as far as the engine allows: some are the same."""
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


async def test_a_record_is_created_by_one(racers: list[Database]) -> None:
    create = "CREATE type::record('race', $number)"
    for number in range(ROUNDS):
        outcomes = await asyncio.gather(
            *(each.query(create, number=number) for each in racers), return_exceptions=True
        )
        refusals = [str(each) for each in outcomes if isinstance(each, Rejected)]
        assert len(refusals) == RACERS - 1
        assert all("already exists" in refusal for refusal in refusals)


async def test_a_compare_and_set_is_won_by_one(racers: list[Database]) -> None:
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
