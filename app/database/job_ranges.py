"""Splits a table that may have millions of rows into ranges of ids.

Each range is small enough for one call.
"""

from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from app.database.client import Database

RANGE_ROWS = 10_000
"""Rows of a range. One call reads all of them: on a busy machine, too, within the SDK's 30 s."""


def rows_of(table: str) -> str:
    """Return the rows of a range in SurrealQL; ``$first`` and ``$end`` are its bounds."""
    # A range without an end reads every row after its start, whatever the LIMIT, so ranges have
    # two bounds.
    return f"type::record('{table}', IF $end IS NONE {{ $first.. }} ELSE {{ $first..$end }})"


RANGE = rows_of("video_job")


@dataclass(frozen=True)
class IdRange:
    """The ids from ``first`` up to but without ``end``; no end is None."""

    first: Any
    end: Any


@dataclass(frozen=True)
class Chunk(IdRange):
    """A range that contains ``rows`` matching rows and starts with one of them."""

    rows: int


async def split_table(database: Database, table: str = "video_job") -> list[IdRange]:
    """Return ranges that cover the whole table."""
    # Finding a bound by its position skips keys and reads no rows.
    nth_id = f"SELECT VALUE record::id(id) FROM {table} ORDER BY id LIMIT 1 START $position"  # noqa: S608 a constant
    firsts = list[Any]()
    while found := await database.query(nth_id, position=len(firsts) * RANGE_ROWS):
        firsts += found
    return [IdRange(*bounds) for bounds in pairwise([*firsts, None])]


async def split_range(
    database: Database, ids: IdRange, *, condition: str, rows: int
) -> list[Chunk]:
    """Split a range of ``video_job`` into chunks with ``rows`` matching rows each."""
    found = await database.query(
        f"array::clump((SELECT VALUE record::id(id) FROM {RANGE} WHERE {condition}), $rows)"  # noqa: S608 a constant
        ".map(|$ids| [array::first($ids), array::len($ids)])",
        first=ids.first,
        end=ids.end,
        rows=rows,
    )
    bounds = pairwise([*(first for first, _ in found), ids.end])
    return [Chunk(*each, number) for each, (_, number) in zip(bounds, found, strict=True)]
