"""The table of jobs in pieces, each of which one call can look through: it may have millions."""

from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from app.database.client import Database

PAGE_ROWS = 50_000
"""Rows that are looked through in one call."""

# A scan from one id on reads all that follows, its LIMIT notwithstanding: so ranges have two
# bounds. Finding a bound by its place skips keys and reads no rows.
BOUND = "SELECT VALUE record::id(id) FROM video_job ORDER BY id LIMIT 1 START $place"
RANGE = "type::record('video_job', IF $end IS NONE { $first.. } ELSE { $first..$end })"
"""What a statement reads or writes of a span, whose bounds are its parameters."""


@dataclass(frozen=True)
class Span:
    """The ids from the first up to the end, which is not in it; None where it is open."""

    first: Any
    end: Any


@dataclass(frozen=True)
class Chunk(Span):
    """A span with so many rows that are wanted, the first of them first."""

    rows: int


async def pages(database: Database) -> list[Span]:
    """Cut the whole table."""
    firsts = list[Any]()
    while found := await database.query(BOUND, place=len(firsts) * PAGE_ROWS):
        firsts += found
    return [Span(*bounds) for bounds in pairwise([*firsts, None])]


async def cut(database: Database, span: Span, *, wanted: str, rows: int) -> list[Chunk]:
    """Cut a span into chunks of so many rows for which the condition ``wanted`` holds."""
    found = await database.query(
        f"array::clump((SELECT VALUE record::id(id) FROM {RANGE} WHERE {wanted}), $rows)"  # noqa: S608 a constant
        ".map(|$ids| [array::first($ids), array::len($ids)])",
        first=span.first,
        end=span.end,
        rows=rows,
    )
    bounds = pairwise([*(first for first, _ in found), span.end])
    return [Chunk(*each, number) for each, (_, number) in zip(bounds, found, strict=True)]
