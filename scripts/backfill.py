"""Give the rows of the replaced stack what a job of today has, while the service reads and writes.

A row gets the model of its template, else --default-model; an unfinished job is handed to the
service. Rows that neither settles are left and listed, with exit status 1.
"""

import argparse
import asyncio
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tqdm import tqdm

from app.database import schema
from app.database.client import Address, Database
from app.database.connection import Rejected, Thrown
from app.database.spans import RANGE, Chunk, Span, cut, pages
from app.settings import Settings
from scripts.support.command import run

DEADLINE = 25.0
"""Seconds for one call: the SDK waits 30 for an answer, however many rows there are."""
AT_ONCE = 2
"""Chunks under way beside each other: one writes while another is read."""
LISTED = 20
"""Rows that are named in the end; of the others there is a number."""

TERMINAL = "status IN ['completed', 'failed', 'cancelled']"
UNFINISHED = f"(due_at IS NONE AND !({TERMINAL}))"
LACKING = f"(fal_model IS NONE OR {UNFINISHED})"
SETTLED = "(fal_model ?? $models[template_slug] ?? $default) IS NOT NONE"
COMMON = """
    fal_model = fal_model ?? $models[template_slug] ?? $default,
    fal_request_id = fal_request_id ?? record::id(id),
    credits = credits ?? 0"""

SURVEY = f"""{{
LET $rows = SELECT id, template_slug AS slug, fal_model IS NONE AS lacking,
    {UNFINISHED} AS unfinished FROM {RANGE} WHERE {LACKING};
LET $groups = SELECT slug, lacking, unfinished, count() AS rows FROM $rows
  GROUP BY slug, lacking, unfinished;
RETURN {{ groups: $groups, named: array::slice($rows, 0, $listed) }};
}}"""  # noqa: S608 put together from constants
# What was true when the chunk was found is asked again: the service may have moved a row on. The
# few unfinished rows are selected first: an UPDATE takes three times as long to pass a row by.
FILL = f"""{{
LET $rows = {RANGE};
LET $unfinished = SELECT VALUE id FROM $rows WHERE {UNFINISHED} AND {SETTLED};
LET $handed_over = UPDATE $unfinished SET {COMMON},
    status = 'pending', stage = stage ?? 'queued', attempts = 0, revision = (revision ?? 0) + 1,
    due_at = fn::clock::now(), deadline_at = fn::clock::now() + duration::from_secs($deadline)
  RETURN VALUE {{ slug: template_slug, lacking: $before.fal_model IS NONE, unfinished: true }};
LET $filled = UPDATE $rows SET {COMMON},
    stage = stage ?? 'done',
    completed_at = completed_at ?? IF {TERMINAL} {{ updated_at }} ELSE {{ NONE }}
  WHERE fal_model IS NONE AND {SETTLED}
  RETURN VALUE template_slug;
RETURN {{ handed_over: $handed_over, filled: $filled }};
}}"""  # noqa: S608 put together from constants

BY_TEMPLATE = "filled with their template's model"
BY_DEFAULT = "filled with the default model"
HANDED_OVER = "unfinished jobs handed to the service"
LEFT_BEHIND = "left as they are"


@dataclass(frozen=True)
class Survey:
    """The rows that lack something: what is to become of them, and the first of them by name."""

    fates: Counter[str]
    rows: int
    named: Sequence[str]


class Backfill:
    """One run over the table. It may be killed at any point: the next one goes on from there."""

    def __init__(
        self, database: Database, *, models: Mapping[str, str], default: str | None, deadline: int
    ) -> None:
        """Take each template's model, and the seconds that an unfinished job is given."""
        self._database = database
        self._models = models
        self._default = default
        self._deadline = deadline
        self._refused: dict[str, str] = {}

    async def survey(self) -> Survey:
        """Count the rows that lack something, and foretell what becomes of them."""
        fates, total, named = Counter[str](), 0, list[str]()
        for page in await pages(self._database):
            found = await self._query(SURVEY, page, listed=LISTED - len(named))
            named += [self._named(**row) for row in found["named"]]
            for group in found["groups"]:
                rows = group.pop("rows")
                total += rows
                fates.update(dict.fromkeys(self._fates(**group), rows))
        return Survey(fates, total, named)

    async def chunks(self, rows: int) -> list[Chunk]:
        """Find the rows that lack something, so many in each chunk."""
        return [
            chunk for page in await pages(self._database) for chunk in await self._cut(page, rows)
        ]

    async def fill(
        self, chunks: Iterable[Chunk], tell: Callable[[Chunk, Counter[str]], None]
    ) -> None:
        """Fill each chunk in a transaction of its own, and tell what became of its rows."""
        waiting = iter(chunks)

        async def work() -> None:
            for chunk in waiting:
                tell(chunk, await self._fill(chunk))

        await asyncio.gather(*(work() for _ in range(AT_ONCE)))

    async def _cut(self, span: Span, rows: int) -> list[Chunk]:
        return await cut(self._database, span, wanted=LACKING, rows=rows)

    async def _fill(self, chunk: Chunk) -> Counter[str]:
        try:
            became = await self._query(FILL, chunk, deadline=self._deadline)
        except (Rejected, Thrown) as error:
            if chunk.rows == 1:  # this very row is what the database refuses; the others go on
                if len(self._refused) < LISTED:
                    self._refused[str(chunk.first)] = str(error)
                return Counter()
            halves = await self._cut(chunk, (chunk.rows + 1) // 2)
            return sum([await self._fill(half) for half in halves], Counter())
        fates = Counter(fate for row in became["handed_over"] for fate in self._fates(**row))
        for slug, rows in Counter(became["filled"]).items():
            fates[self._source(slug)] += rows
        return fates

    async def _query(self, statement: str, span: Span, **variables: Any) -> Any:
        bounds = {"first": span.first, "end": span.end}
        models = {"models": self._models, "default": self._default}
        return await self._database.query(statement, **bounds, **models, **variables)

    def _fates(self, *, slug: str, lacking: bool, unfinished: bool) -> Iterator[str]:
        if lacking and self._source(slug) == LEFT_BEHIND:
            yield LEFT_BEHIND
            return
        if lacking:
            yield self._source(slug)
        if unfinished:
            yield HANDED_OVER

    def _source(self, slug: str) -> str:
        if slug in self._models:
            return BY_TEMPLATE
        return LEFT_BEHIND if self._default is None else BY_DEFAULT

    def _named(self, *, id: Any, slug: str, **_: bool) -> str:  # noqa: A002 the row's own name
        if (refusal := self._refused.get(str(id.id))) is not None:
            return f"{id}: {refusal}"
        if self._source(slug) == LEFT_BEHIND:
            return f"{id}: there is no template {slug!r}: add it, or name a --default-model"
        if len(self._refused) == LISTED:
            return f"{id}: it was refused, or came in while this ran: run it again"
        return f"{id}: it came in while this ran: run it again"


async def prepare(database: Database, settings: Settings, default: str | None) -> Backfill:
    """Look up the templates.

    Raises:
        ConfigurationError: the schema is not far enough, or the user may not write.

    """
    (await schema.state(database)).require_serviceable()
    await database.check()
    rows = await database.query("SELECT record::id(id) AS slug, fal_model FROM template")
    models = {row["slug"]: row["fal_model"] for row in rows}
    deadline = round(settings.job_deadline_hours * 3600)
    return Backfill(database, models=models, default=default, deadline=deadline)


async def rehearse(backfill: Backfill) -> int:
    """Say what would become of the rows."""
    fates = (await backfill.survey()).fates
    _report(fates)
    print("Nothing was changed.")
    return 1 if fates[LEFT_BEHIND] else 0


async def carry_out(backfill: Backfill, chunk: int) -> int:
    """Fill the table and say what became of its rows; 1 where some are left."""
    began, fates = time.monotonic(), Counter[str]()
    chunks = await backfill.chunks(chunk)
    total = sum(each.rows for each in chunks)
    with tqdm(total=total, unit=" rows", disable=None) as bar:

        def tell(done: Chunk, became: Counter[str]) -> None:
            bar.update(done.rows)
            fates.update(became)

        await backfill.fill(chunks, tell)
    seconds = time.monotonic() - began
    print(f"{total:>9,} rows lacked something: {seconds:.1f} s, {total / seconds:,.0f} a second")
    _report(fates)
    left = await backfill.survey()
    if not left.rows:
        return 0
    print(f"{left.rows:>9,} rows are left:", *left.named, sep="\n  ")
    if left.rows > LISTED:
        print(f"  … and {left.rows - LISTED:,} more")
    return 1


def _report(fates: Counter[str]) -> None:
    for fate, rows in sorted(fates.items()):
        print(f"{rows:>9,} {fate}")


def _count(text: str) -> int:
    if (number := int(text)) < 1:
        raise ValueError(text)
    return number


async def main() -> int:
    parser = argparse.ArgumentParser(prog="backfill", description=__doc__)
    parser.add_argument("--dry-run", action="store_true", help="say what would be done")
    parser.add_argument("--default-model", metavar="MODEL", help="for rows of unknown templates")
    parser.add_argument("--chunk", type=_count, default=1000, help="rows a transaction (1000)")
    arguments = parser.parse_args()
    settings = Settings()
    async with Database(Address.from_settings(settings), deadline=DEADLINE) as database:
        backfill = await prepare(database, settings, arguments.default_model or None)
        return await (
            rehearse(backfill) if arguments.dry_run else carry_out(backfill, arguments.chunk)
        )


if __name__ == "__main__":
    run(main())
