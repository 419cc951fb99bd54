"""Fill in what jobs of the legacy stack lack, while the service reads and writes.

A job gets the model of its template, or --default-model. An unfinished job is handed to the
service. Rows without a known model or with an unknown status are left unchanged and listed, with
exit status 1. --library lists the finished videos in their users' libraries.
"""

import argparse
import time
from collections import Counter
from collections.abc import Mapping

from tqdm import tqdm

from app.database.backfill import LISTED, NO_MEANING, NO_MODEL, WORDS, Backfill
from app.database.client import Database
from app.database.job_ranges import RANGE_ROWS, Chunk
from app.database.legacy_library import list_videos, unlisted
from app.domain.job import Status
from app.settings import Settings
from app.storage.protocol import Storage
from scripts.support.command import run, whole_number
from scripts.support.opening import open_migrated, open_store

DEADLINE = 25.0
"""Seconds for one call: below the 30 that the SDK waits for an answer."""


async def prepare(
    database: Database,
    settings: Settings,
    default: str | None,
    words: Mapping[str, str] = WORDS,
) -> Backfill:
    """Return a backfill with the models of the database's templates.

    Raises:
        ConfigurationError: the user may not write.

    """
    await database.check()
    rows = await database.query("SELECT record::id(id) AS slug, fal_model FROM template")
    models = {row["slug"]: row["fal_model"] for row in rows}
    deadline = round(settings.job_deadline_hours * 3600)
    return Backfill(database, models=models, default=default, deadline=deadline, words=words)


async def dry_run(backfill: Backfill) -> int:
    """Print the outcomes that a run would have; return 1 if rows would be left."""
    outcomes = (await backfill.survey()).outcomes
    _print(outcomes)
    print("Nothing was changed.")
    return 1 if outcomes[NO_MODEL] or outcomes[NO_MEANING] else 0


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


async def fill_library(database: Database, storage: Storage) -> int:
    """List the finished legacy videos in the library; return 1 if some cannot be listed."""
    rows = await database.query("SELECT record::id(id) AS slug, title FROM template")
    titles = {row["slug"]: row["title"] for row in rows}
    jobs, left = await unlisted(database), list[str]()
    with tqdm(total=len(jobs), unit=" videos", disable=None) as bar:
        async for job, reason in list_videos(database, storage, jobs, titles):
            bar.update()
            if reason is not None:
                left.append(f"{job}: {reason}")
    print(f"{len(jobs) - len(left):>9,} videos listed in the library")
    if left:
        print(f"{len(left):>9,} videos cannot be listed:", *left, sep="\n  ")
    return 1 if left else 0


def status_word(text: str) -> tuple[str, str]:
    """Return a word, which may be empty, in lower case and the status that it means."""
    word, equals, status = text.rpartition("=")
    if not equals or status not in set(Status):
        raise argparse.ArgumentTypeError(f"must be WORD= and one of {', '.join(Status)}")
    return word.lower(), status


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
    parser.add_argument(
        "--status",
        metavar="WORD=STATUS",
        type=status_word,
        action="append",
        default=[],
        help="what a word for a status means; may be repeated",
    )
    parser.add_argument(
        "--library", action="store_true", help="list finished videos in the library"
    )
    arguments = parser.parse_args()
    if arguments.dry_run and arguments.library:
        parser.error("--library has no dry run")
    settings = Settings()
    async with open_migrated(settings, deadline=DEADLINE) as database:
        words = {**WORDS, **dict(arguments.status)}
        backfill = await prepare(database, settings, arguments.default_model or None, words)
        if arguments.dry_run:
            return await dry_run(backfill)
        status = await fill_all(backfill, arguments.chunk)
        if not arguments.library:
            return status
        async with open_store(settings) as storage:
            await storage.check()  # else every video would be reported as missing
            return max(status, await fill_library(database, storage))


if __name__ == "__main__":
    run(main())
