"""The database's functions for shares, also in races over two connections."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from app.database.client import Database
from app.database.errors import Thrown
from tests.support.database import SurrealServer, connected, migrated

ROUNDS = 30


@pytest.fixture
async def databases(server: SurrealServer) -> AsyncIterator[tuple[Database, Database]]:
    """Two connections to one database with a video, as two service processes have."""
    async with migrated(server.address()) as one, connected(one.address) as other:
        await one.query(
            "CREATE library_video:job SET user = 'ada', key = 'k.mp4', title = 'T', "
            "template_slug = 't', bytes = 1"
        )
        yield one, other


async def tokens(database: Database) -> tuple[list[str], str | None]:
    """Return the tokens of all shares, and the one that the video names."""
    shares = await database.query("SELECT VALUE record::id(id) FROM share")
    (named,) = await database.query("SELECT VALUE share FROM library_video:job")
    return shares, named


async def test_the_first_token_wins_whatever_later_calls_bring(
    databases: tuple[Database, Database],
) -> None:
    one, other = databases
    assert await one.call("share::create", "job", "ada", "first") == "first"
    assert await one.call("share::create", "job", "ada", "first") == "first"
    assert await other.call("share::create", "job", "ada", "second") == "first"
    assert await tokens(one) == (["first"], "first")


async def test_racing_calls_over_two_connections_get_one_token(
    databases: tuple[Database, Database],
) -> None:
    one, other = databases
    for number in range(ROUNDS):
        answers = await asyncio.gather(
            *(
                database.call("share::create", "job", "ada", f"{name}-{number}")
                for name, database in (("one", one), ("other", other))
            )
        )
        assert len(set(answers)) == 1
        assert await tokens(one) == ([answers[0]], answers[0])
        await one.call("share::revoke", "job", "ada")


async def test_a_revocation_that_races_a_share_leaves_both_rows_or_neither(
    databases: tuple[Database, Database],
) -> None:
    one, other = databases
    for number in range(ROUNDS):
        await asyncio.gather(
            one.call("share::create", "job", "ada", f"token-{number}"),
            other.call("share::revoke", "job", "ada"),
        )
        shares, named = await tokens(one)
        assert shares == ([named] if named else [])
        for _ in range(2):
            await one.call("share::revoke", "job", "ada")
        assert await tokens(other) == ([], None)


@pytest.mark.parametrize(("job", "user"), [("job", "eve"), ("no-such", "ada")])
async def test_another_user_s_video_is_as_missing_as_none(
    databases: tuple[Database, Database], job: str, user: str
) -> None:
    one, _ = databases
    await one.call("share::create", "job", "ada", "token")
    for call in (
        one.call("share::create", job, user, "mine"),
        one.call("share::revoke", job, user),
    ):
        with pytest.raises(Thrown) as thrown:
            await call
        assert thrown.value.code == "video_not_found"
    assert await tokens(one) == (["token"], "token")
