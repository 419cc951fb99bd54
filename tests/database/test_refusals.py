"""Which of the database's errors are answers, and which say that it cannot answer now."""

from collections.abc import AsyncIterator
from itertools import chain, repeat
from pathlib import Path

import pytest

from app.database.client import Database
from app.database.errors import StatementRejected, TableMissing, Thrown
from app.problems import DatabaseUnavailable
from tests.support.database import connected, embedded
from tests.support.database_failures import CONFLICTS, FAILURES, failing_sdk, server_error

SCHEMA = """
    DEFINE TABLE thing SCHEMAFULL;
    DEFINE FIELD n ON thing TYPE int ASSERT $value > 0;
    DEFINE FIELD once ON thing TYPE option<int> READONLY;
    DEFINE FIELD single ON thing TYPE option<int>;
    DEFINE INDEX single ON thing FIELDS single UNIQUE;
    DEFINE EVENT kept ON thing WHEN $event = 'DELETE' THEN { THROW 'append only' };
    DEFINE FUNCTION fn::number($n: int) -> int { RETURN <any> 'text' };
    DEFINE FUNCTION fn::endless() { RETURN fn::endless() };
    CREATE thing:1 SET n = 1, once = 1, single = 1;
"""
REFUSED = [
    "SELEC 1",
    "CREATE thing:2 SET n = 'text'",
    "CREATE thing:2 SET n = NULL",
    "CREATE thing:2 SET n = -1",
    "CREATE thing:2 SET n = 1, unknown = 1",
    "CREATE thing:1 SET n = 1",
    "CREATE thing:2 SET n = 1, single = 1",
    "UPDATE thing:1 SET once = 2",
    "DELETE thing:1",
    "RETURN fn::unknown()",
    "RETURN fn::number()",
    "RETURN fn::number('text')",
    "RETURN fn::number(1)",
    "RETURN fn::endless()",
    "RETURN type::record('thing', '')",
    "RETURN time::from_millis(9e30)",
    "RETURN 1 + 'text'",
    "RETURN <int> 'text'",
    "RETURN $missing.foo.bar()",
    "SELECT * FROM ONLY thing, thing",
]


@pytest.fixture(params=["embedded", "server"])
async def database(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Database]:
    if request.param == "embedded":
        address = embedded(f"surrealkv://{tmp_path}/store")
    else:
        address = request.getfixturevalue("server").address()
    async with connected(address) as database:
        assert all(each["status"] == "OK" for each in await database.run_script(SCHEMA))
        yield database


async def test_refusals_of_a_real_engine_are_answers(database: Database) -> None:
    for statement in REFUSED:
        with pytest.raises(StatementRejected):
            await database.query(statement)
    with pytest.raises(TableMissing):
        await database.query("SELECT * FROM missing")
    with pytest.raises(Thrown, match=r"^taken already$"):
        await database.query("THROW 'taken already'")


@pytest.mark.parametrize(
    "user",
    ["ada", "ada@example.com", "0198a6c2-ada", "ada b", "a`ada`", "it's ada", "\\\"' ]` ada\\"],
)
async def test_refusals_name_no_user(database: Database, user: str) -> None:
    for table, row_id in ("credit_account", "$user"), ("event_stream", "[$user, 'x']"):
        await database.run_script(
            f"DEFINE TABLE {table} SCHEMAFULL; DEFINE FIELD n ON {table} TYPE int"
        )
        row = f"type::record('{table}', {row_id})"
        await database.query(f"CREATE {row} SET n = 1", user=user)
        for statement in f"CREATE {row} SET n = 1", f"UPDATE {row} SET n = 'many'":  # noqa: S608 no input
            with pytest.raises(StatementRejected) as raised:
                await database.query(statement, user=user)
            assert f"`{table}:…`" in str(raised.value)
            assert "ada" not in str(raised.value)


async def test_a_timeout_of_the_engine_is_not_an_answer(database: Database) -> None:
    with pytest.raises(DatabaseUnavailable):
        await database.query("UPDATE thing SET n = 2 WHERE sleep(1s) = NONE TIMEOUT 1ms")


@pytest.mark.parametrize("failure", FAILURES, ids=str)
async def test_every_other_error_says_that_the_database_is_unavailable(
    current: Database, failure: Exception, monkeypatch: pytest.MonkeyPatch
) -> None:
    failing_sdk(monkeypatch, [failure]).failing = True
    with pytest.raises(DatabaseUnavailable) as raised:
        await current.query("RETURN 1")
    assert raised.value.__cause__ is failure


@pytest.mark.parametrize("conflict", CONFLICTS, ids=str)
async def test_conflicts_in_the_words_of_every_engine_are_retried(
    current: Database, conflict: Exception, monkeypatch: pytest.MonkeyPatch
) -> None:
    sdk = failing_sdk(monkeypatch)
    sdk.failing = True
    thrown = server_error("An error occurred: this transaction can be retried", "Thrown")
    sdk.errors = chain(repeat(conflict, 3), [thrown])
    with pytest.raises(Thrown):
        await current.query("RETURN 1")
