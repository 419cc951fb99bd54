"""The statement of a user's credits is read at one moment, and at the same cost for any account."""

from typing import Any

from app.database.account_store import STATEMENT, AccountStore
from app.database.client import Database

ENTRIES = """
FOR $n IN 0..120 {
  CREATE type::record('credit_entry', [<string> $n, 'grant']) SET
    user = 'ada', kind = 'grant', credits = $n
}
"""


def operators(plan: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the operators of a query's plan, from the outermost to the innermost."""
    return [plan, *(each for child in plan.get("children", []) for each in operators(child))]


async def test_only_the_entries_that_are_returned_are_read(current: Database) -> None:
    await current.run_script(ENTRIES)
    explained = STATEMENT.replace("LIMIT $latest", "LIMIT $latest EXPLAIN FULL")
    plan = (await current.query(explained, user="ada", latest=50))["entries"]
    scan = operators(plan)[-1]
    assert scan["operator"] == "IndexScan"
    assert scan["attributes"]["limit"] == "$latest"
    assert scan["metrics"]["output_rows"] == 50


async def test_the_latest_entries_are_returned_and_the_first_call_opens_the_account(
    current: Database,
) -> None:
    await current.run_script(ENTRIES)
    statement = await AccountStore(current, signup_grant=100).credits("ada")
    assert (statement.balance, statement.held, statement.available) == (100, 0, 100)
    credits_ = [entry.credits for entry in statement.entries]
    assert credits_ == [100, *range(119, 70, -1)]
