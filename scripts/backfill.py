"""Give the rows of the replaced stack what a job of today has, while the service reads and writes.

A row gets the model of its template, else --default-model; an unfinished job is handed to the
service. Rows that neither settles are left and listed, with exit status 1.
"""

import argparse
import time
from collections import Counter
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from typing import Any

from tqdm import tqdm

from app import schema
from app.adapters.surreal import Address, Database
from app.adapters.surreal_connection import Rejected, Thrown
from app.settings import Settings
from scripts.command import run

DEADLINE = 25.0
"""Seconds for one chunk, or one page."""
PAGE_ROWS = 50_000
"""Rows that are listed at a time: the table may have millions."""
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

# Page by page: the SDK waits 30 s for an answer, however many rows there are.
PAGE = f"""FROM video_job WHERE ($last IS NONE OR id > $last) AND {LACKING}
  ORDER BY id LIMIT $limit"""
SURVEY = f"""{{
LET $page = SELECT id, template_slug AS slug, fal_model IS NONE AS lacking,
    {UNFINISHED} AS unfinished {PAGE};
LET $groups = SELECT slug, lacking, unfinished, count() AS rows FROM $page
  GROUP BY slug, lacking, unfinished;
RETURN {{ groups: $groups, last: array::last($page).id }};
}}"""  # noqa: S608 put together from constants
IDS = f"SELECT VALUE id {PAGE}"
LEFT = f"SELECT id, template_slug {PAGE}"
# What was true when the ids were listed is asked again: the service may have moved a row on.
FILL = f"""{{
LET $handed_over = UPDATE $ids SET {COMMON},
    status = 'pending', stage = stage ?? 'queued', attempts = 0, revision = (revision ?? 0) + 1,
    due_at = fn::clock::now(), deadline_at = fn::clock::now() + duration::from_secs($deadline)
  WHERE {UNFINISHED} AND {SETTLED}
  RETURN VALUE {{ slug: template_slug, lacking: $before.fal_model IS NONE, unfinished: true }};
LET $filled = UPDATE $ids SET {COMMON},
    stage = stage ?? 'done',
    completed_at = completed_at ?? IF {TERMINAL} {{ updated_at }} ELSE {{ NONE }}
  WHERE fal_model IS NONE AND {SETTLED}
  RETURN VALUE {{ slug: template_slug, lacking: true, unfinished: false }};
RETURN array::concat($handed_over, $filled);
}}"""  # noqa: S608 put together from constants

BY_TEMPLATE = "filled with their template's model"
BY_DEFAULT = "filled with the default model"
HANDED_OVER = "unfinished jobs handed to the service"
LEFT_BEHIND = "left as they are"


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

    async def survey(self) -> tuple[int, Counter[str]]:
        """Count the rows that lack something, and foretell what becomes of them."""
        rows, fates, last = 0, Counter[str](), None
        while (page := await self._database.query(SURVEY, last=last, limit=PAGE_ROWS))["groups"]:
            last = page["last"]
            for group in page["groups"]:
                number = group.pop("rows")
                rows += number
                fates.update(dict.fromkeys(self._fates(**group), number))
        return rows, fates

    async def fill(self, chunk: int) -> AsyncIterator[tuple[int, Counter[str]]]:
        """Fill ``chunk`` rows a transaction; yield how many were looked at, and what they got."""
        last = None
        while page := await self._database.query(IDS, last=last, limit=PAGE_ROWS):
            last = page[-1]
            while ids := page[:chunk]:
                del page[:chunk]
                yield len(ids), await self._fill(ids)

    async def left(self) -> list[str]:
        """Name rows that still lack something, each with the reason."""
        return [
            f"{row['id']}: {self._reason(str(row['id']), row['template_slug'])}"
            for row in await self._database.query(LEFT, last=None, limit=LISTED)
        ]

    async def _fill(self, ids: Sequence[Any]) -> Counter[str]:
        try:
            rows = await self._database.query(
                FILL, ids=ids, models=self._models, default=self._default, deadline=self._deadline
            )
        except (Rejected, Thrown) as error:
            if len(ids) == 1:  # this very row is what the database refuses; the others go on
                if len(self._refused) < LISTED:
                    self._refused[str(ids[0])] = str(error)
                return Counter()
            middle = len(ids) // 2
            return await self._fill(ids[:middle]) + await self._fill(ids[middle:])
        return Counter(fate for row in rows for fate in self._fates(**row))

    def _fates(self, *, slug: str, lacking: bool, unfinished: bool) -> Iterator[str]:
        if lacking and slug not in self._models and self._default is None:
            yield LEFT_BEHIND
            return
        if lacking:
            yield BY_TEMPLATE if slug in self._models else BY_DEFAULT
        if unfinished:
            yield HANDED_OVER

    def _reason(self, row: str, slug: str) -> str:
        if row in self._refused:
            return self._refused[row]
        if slug in self._models or self._default is not None:
            return "it came in while this ran: run it again"
        return f"there is no template {slug!r}: add it, or name a --default-model"


async def prepare(database: Database, settings: Settings, default: str | None) -> Backfill:
    """Look up the templates.

    Raises:
        ConfigurationError: the schema is not far enough.

    """
    (await schema.state(database)).require_serviceable()
    rows = await database.query("SELECT record::id(id) AS slug, fal_model FROM template")
    models = {row["slug"]: row["fal_model"] for row in rows}
    deadline = round(settings.job_deadline_hours * 3600)
    return Backfill(database, models=models, default=default, deadline=deadline)


async def rehearse(backfill: Backfill) -> int:
    """Say what would become of the rows."""
    _, fates = await backfill.survey()
    _report(fates)
    print("Nothing was changed.")
    return 1 if fates[LEFT_BEHIND] else 0


async def carry_out(backfill: Backfill, chunk: int) -> int:
    """Fill the table and say what became of its rows; 1 where some are left."""
    began, seen, fates = time.monotonic(), 0, Counter[str]()
    rows, _ = await backfill.survey()
    with tqdm(total=rows, unit=" rows", disable=None) as bar:
        async for looked_at, became in backfill.fill(chunk):
            bar.update(looked_at)
            seen += looked_at
            fates += became
    seconds = time.monotonic() - began
    print(f"{seen:>9,} rows lacked something: {seconds:.1f} s, {seen / seconds:,.0f} a second")
    _report(fates)
    left, _ = await backfill.survey()
    if not left:
        return 0
    print(f"{left:>9,} rows are left:", *await backfill.left(), sep="\n  ")
    if left > LISTED:
        print(f"  … and {left - LISTED:,} more")
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
