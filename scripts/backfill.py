"""Fill in what jobs of the legacy stack lack, while the service reads and writes.

A job gets the model of its template, or --default-model. An unfinished job is handed to the
service. Rows without a known model are left unchanged and listed, with exit status 1.
"""

import argparse
import time
from collections import Counter

from tqdm import tqdm

from app.database.backfill import LISTED, NO_MODEL, Backfill
from app.database.client import Database
from app.database.job_ranges import RANGE_ROWS, Chunk
from app.settings import Settings
from scripts.support.command import run, whole_number
from scripts.support.opening import open_migrated

DEADLINE = 25.0
"""Seconds for one call: below the 30 that the SDK waits for an answer."""


async def prepare(database: Database, settings: Settings, default: str | None) -> Backfill:
    """Return a backfill with the models of the database's templates.

    Raises:
        ConfigurationError: the user may not write.

    """
    await database.check()
    rows = await database.query("SELECT record::id(id) AS slug, fal_model FROM template")
    models = {row["slug"]: row["fal_model"] for row in rows}
    deadline = round(settings.job_deadline_hours * 3600)
    return Backfill(database, models=models, default=default, deadline=deadline)


async def dry_run(backfill: Backfill) -> int:
    """Print the outcomes that a run would have; return 1 if rows would be left."""
    outcomes = (await backfill.survey()).outcomes
    _print(outcomes)
    print("Nothing was changed.")
    return 1 if outcomes[NO_MODEL] else 0


async def fill_all(backfill: Backfill, chunk_rows: int) -> int:
    """Fill the table and print the outcomes; return 1 if rows are left."""
    began, outcomes = time.monotonic(), Counter[str]()
    chunks = await backfill.chunks(chunk_rows)
    total = sum(chunk.rows for chunk in chunks)
    with tqdm(total=total, unit=" rows", disable=None) as bar:

        def report(chunk: Chunk, found: Counter[str]) -> None:
            bar.update(chunk.rows)
            outcomes.update(found)

        await backfill.fill(chunks, report)
    seconds = time.monotonic() - began
    print(f"{total:>9,} rows were incomplete: {seconds:.1f} s, {total / seconds:,.0f} a second")
    _print(outcomes)
    left = await backfill.survey()
    if not left.rows:
        return 0
    print(f"{left.rows:>9,} rows are left:", *left.named, sep="\n  ")
    if left.rows > LISTED:
        print(f"  … and {left.rows - LISTED:,} more")
    return 1


def _print(outcomes: Counter[str]) -> None:
    for outcome, rows in sorted(outcomes.items()):
        print(f"{rows:>9,} {outcome}")


async def main() -> int:
    parser = argparse.ArgumentParser(prog="backfill", description=__doc__)
    parser.add_argument("--dry-run", action="store_true", help="print the outcomes, change nothing")
    parser.add_argument("--default-model", metavar="MODEL", help="for rows of unknown templates")
    parser.add_argument(
        "--chunk", type=whole_number(RANGE_ROWS), default=1000, help="rows per transaction (1000)"
    )
    arguments = parser.parse_args()
    settings = Settings()
    async with open_migrated(settings, deadline=DEADLINE) as database:
        backfill = await prepare(database, settings, arguments.default_model or None)
        return await (
            dry_run(backfill) if arguments.dry_run else fill_all(backfill, arguments.chunk)
        )


if __name__ == "__main__":
    run(main())
