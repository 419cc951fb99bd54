"""Bring the database's schema up to date: migrations, functions, access and templates."""

import argparse
import time
from pathlib import Path

from app.database import migrations, schema
from app.database.address import Address
from app.database.adoption import find_obstacles
from app.database.client import Database
from app.database.drift import find_drift
from app.database.errors import MigrationFailed
from app.database.migrations import MigrationOutcome
from app.database.schema import SchemaFile
from app.database.schema_status import read_ledger, read_status
from app.settings import Settings
from scripts.support.command import run
from scripts.support.opening import print_target

DEADLINE = 30.0
"""Seconds for one query; applying a file has no deadline."""


async def migrate(database: Database, folder: Path = schema.FOLDER) -> int:
    """Apply the pending files; migrations after one that waits for the backfill wait too."""
    await _require_adoptable(database, folder)
    waiting = set[str]()
    # Read again after each pass: another release may have migrated at the same time.
    while files := [f for f in await _pending(database, folder) if f.name not in waiting]:
        for file in files:
            if waiting and file.is_migration:
                _print(file, "waits for the one before")
                waiting.add(file.name)
            elif await _apply(database, file) is MigrationOutcome.WAITING:
                waiting.add(file.name)
    print("Run `make backfill`, then this again." if waiting else "The schema is up to date.")
    return 0


async def replace_newer(database: Database, folder: Path = schema.FOLDER) -> int:
    """Return to this checkout's functions, access and templates, then migrate.

    A database with a migration that this checkout lacks is still refused.
    """
    files, ledger = schema.load(folder), await read_ledger(database)
    if all("/" in name for name in ledger.keys() - {file.name for file in files}):
        await database.query(
            "UPDATE migration SET replaced = NONE, release = math::min([release, $release]) "
            "WHERE replaced != NONE OR release > $release",
            release=files[0].release,
        )
    return await migrate(database, folder)


async def _require_adoptable(database: Database, folder: Path) -> None:
    obstacles = await find_obstacles(database, schema.load(folder))
    if obstacles:
        print(*obstacles, sep="\n")
        raise MigrationFailed(
            f"{database.address.place} cannot be migrated as it is, and nothing was changed: mend "
            "what is named above, or set SURREAL_DATABASE to a database of its own"
        )


async def _pending(database: Database, folder: Path) -> tuple[SchemaFile, ...]:
    status = await read_status(database, folder)
    status.require_sound()
    return status.pending


async def _apply(database: Database, file: SchemaFile) -> MigrationOutcome:
    began = time.monotonic()
    outcome = await migrations.apply(database, file)
    applied = outcome is MigrationOutcome.APPLIED
    _print(file, outcome + (f" in {time.monotonic() - began:.3f} s" if applied else ""))
    if file.is_guarded and applied and await lacks_model(database):
        print("Rows without fal_model were written meanwhile: run `make backfill` once more.")
    return outcome


async def dry_run(database: Database, folder: Path = schema.FOLDER) -> int:
    """Run the pending files in one transaction, cancel it, and print the outcomes."""
    await _require_adoptable(database, folder)
    files, waiting = list(await _pending(database, folder)), list[SchemaFile]()
    while (failure := await migrations.dry_run(database, files)) and failure.needs_backfill:
        waiting += [file for file in files[files.index(failure.file) :] if file.is_migration]
        files = [file for file in files if file not in waiting]
    tried = files.index(failure.file) if failure else len(files)
    for file in files[:tried]:
        _print(file, "would be applied")
    for file in waiting:
        _print(file, MigrationOutcome.WAITING)
    if failure is None:
        print("Nothing was changed.")
        return 0
    for file in files[tried + 1 :]:
        _print(file, "was not tried")
    raise MigrationFailed(f"schema/{failure.file.name} cannot be applied: {failure.error}")


async def check(database: Database, folder: Path = schema.FOLDER) -> int:
    """Print what is pending, waiting or drifted; return 1 if anything is."""
    status = await read_status(database, folder)
    obstacles = await find_obstacles(database, schema.load(folder))
    findings = [*status.faults, *obstacles, *(f"{file.name} is pending" for file in status.pending)]
    if await lacks_model(database):
        findings.append("rows of video_job without fal_model wait for `make backfill`")
    if status.applied and not status.faults:
        drift = await find_drift(database, status.applied)
        for difference in drift:
            if difference.harmless:
                print(f"does no harm: {difference}")
        findings += [f"drift: {each}" for each in drift if not each.harmless]
    print(*findings or [f"All {len(status.applied)} files are applied, no drift."], sep="\n")
    return 1 if findings else 0


async def lacks_model(database: Database) -> bool:
    """Return whether a row has no fal_model; takes 0.7 s per million rows if none lacks it."""
    rows = await database.query(
        "RETURN IF (INFO FOR DB).tables.video_job = NONE { [] } "
        "ELSE { RETURN (SELECT VALUE id FROM video_job WHERE fal_model IS NONE LIMIT 1) }"
    )
    return bool(rows)


def _print(file: SchemaFile, outcome: str) -> None:
    print(f"{file.name:<42} {outcome}", flush=True)


async def main() -> int:
    parser = argparse.ArgumentParser(prog="migrate", description=__doc__)
    mode = parser.add_mutually_exclusive_group()
    mode.add_argument(
        "--dry-run", action="store_true", help="try each pending file, change nothing"
    )
    mode.add_argument(
        "--check",
        action="store_true",
        help="exit with 1 if anything is pending, waiting, drifted",
    )
    mode.add_argument(
        "--replace-newer",
        action="store_true",
        help="return to this checkout's functions and templates, which a later one replaced",
    )
    arguments = parser.parse_args()
    do = (
        check
        if arguments.check
        else dry_run
        if arguments.dry_run
        else replace_newer
        if arguments.replace_newer
        else migrate
    )
    address = Address.from_settings(Settings())
    async with Database(address, deadline=DEADLINE) as database:
        print_target(address)
        return await do(database)


if __name__ == "__main__":
    run(main())
