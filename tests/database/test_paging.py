"""Pages have every row once, in the order of their times, whatever these are."""
# ruff: noqa: S311, S608 made up rows, and statements put together from constants

import random

import pytest

from app.database import paging
from app.database.client import Database
from app.database.paging import exact_page
from app.domain.job import whole_microseconds
from app.domain.page import PageRequest, Place

FRACTIONS = ["", ".1", ".100001", ".100001001", ".000001", ".999999999", ".5"]
TABLE = """
DEFINE TABLE made SCHEMAFULL;
DEFINE FIELD created_at ON made TYPE datetime;
DEFINE FIELD kind ON made TYPE string;
DEFINE INDEX made_created ON made FIELDS created_at;
DEFINE INDEX made_kind_created ON made FIELDS kind, created_at;
"""


async def all_pages(database: Database, limit: int, condition: str) -> list[str]:
    seen: list[str] = []
    after = None
    while True:
        page = PageRequest(limit=limit, after=after)
        rows = await exact_page(database, "made", page, condition=condition)
        shown = rows[:limit]
        seen += [row["id"].id for row in shown]
        if len(rows) <= limit:
            return seen
        last = shown[-1]
        after = Place(time=whole_microseconds(last["created_at"]), id=last["id"].id)


async def test_times_of_any_year(empty: Database) -> None:
    await empty.run_script(TABLE)
    years = ["0001", "0001", "1600", "1969", "2025", "2300", "2300", "9998"]
    for number, year in enumerate(years):
        await empty.query(
            f"CREATE made:⟨{number}⟩ SET kind = 'a', created_at = d'{year}-01-01T00:00:00Z'"
        )
    newest_first = ["7", "6", "5", "4", "3", "2", "1", "0"]
    for condition in "", "kind = 'a' AND":
        for limit in 1, 3:
            assert await all_pages(empty, limit, condition) == newest_first


@pytest.mark.parametrize("more", [1, 3, 100])
@pytest.mark.parametrize("seed", [1, 2])
async def test_times_of_any_precision(
    empty: Database, monkeypatch: pytest.MonkeyPatch, more: int, seed: int
) -> None:
    monkeypatch.setattr(paging, "_MORE_ROWS", (more, 10, 1000))
    chosen = random.Random(seed)
    await empty.run_script(TABLE)
    for number in range(80):
        fraction = chosen.choice([*FRACTIONS, f".{chosen.randrange(10**9):09}"])
        await empty.query(
            f"CREATE made:⟨{chosen.randrange(1000)}-{number}⟩ SET kind = '{chosen.choice('ab')}', "
            f"created_at = d'2025-10-08T10:00:0{chosen.randrange(3)}{fraction}Z'"
        )
    for condition in "", "kind = 'a' AND":
        of_kind = condition.removesuffix("AND") and f"WHERE {condition.removesuffix('AND')}"
        rows = await empty.query(f"SELECT * FROM made WITH NOINDEX {of_kind}")
        # By the database's own comparison of times, without an index.
        expected = await empty.query(
            "RETURN (SELECT * FROM $rows ORDER BY created_at DESC, id DESC)",
            rows=rows,
        )
        for limit in 1, 2, 7:
            assert await all_pages(empty, limit, condition) == [row["id"].id for row in expected]
