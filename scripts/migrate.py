"""Bring the database's schema up to date: migrations, functions and templates."""

import argparse
import sys
import time
from pathlib import Path

from app.database import migrations, schema
from app.database.client import Address, Database
from app.database.drift import drift
from app.database.migrations import MigrationFailed, Outcome
from app.database.schema import SchemaFile, State
from app.errors import ConfigurationError
from app.settings import Settings
from scripts.support.command import run

LOOK_DEADLINE = 30.0
"""Seconds for a look at the database; a file takes as long as it takes."""


async def migrate(database: Database, folder: Path = schema.FOLDER) -> int:
    """Apply what is pending; migrations behind one that waits for the backfill wait as well."""
    waiting = False
    for file in (await _sound_state(database, folder)).pending:
        if waiting and file.is_migration:
            _say(file, "waits for the one before")
            continue
        began = time.monotonic()
        outcome = await migrations.apply(database, file)
        took = f" in {time.monotonic() - began:.3f} s" if outcome is Outcome.APPLIED else ""
        _say(file, outcome + took)
        waiting = waiting or outcome is Outcome.WAITING
        if file.is_guarded and outcome is Outcome.APPLIED and await lacks_model(database):
            print("Rows without fal_model slipped in meanwhile: run `make backfill` once more.")
    print("Run `make backfill`, then this again." if waiting else "The schema is up to date.")
    return 0


async def rehearse(database: Database, folder: Path = schema.FOLDER) -> int:
    """Try what is pending in one transaction that is cancelled, and say what would happen."""
    files, waiting = list((await _sound_state(database, folder)).pending), list[SchemaFile]()
    while (stop := await migrations.rehearse(database, files)) and stop.waits:
        waiting += [file for file in files[files.index(stop.file) :] if file.is_migration]
        files = [file for file in files if file not in waiting]
    tried = files.index(stop.file) if stop else len(files)
    for file in files[:tried]:
        _say(file, "would be applied")
    for file in waiting:
        _say(file, Outcome.WAITING)
    if stop is None:
        print("Nothing was changed.")
        return 0
    for file in files[tried + 1 :]:
        _say(file, "could not be tried")
    raise MigrationFailed(f"schema/{stop.file.name} cannot be applied: {stop.error}")


async def check(database: Database, folder: Path = schema.FOLDER) -> int:
    """Say what is pending, waiting or drifted; 1 where anything is."""
    state = await schema.state(database, folder)
    findings = [*state.faults, *(f"{file.name} is pending" for file in state.pending)]
    if await lacks_model(database):
        findings.append("rows of video_job without fal_model wait for `make backfill`")
    if not state.faults:
        findings += [f"drift: {difference}" for difference in await drift(database, state.applied)]
    print(*findings or [f"All {len(state.applied)} files are applied, no drift."], sep="\n")
    return 1 if findings else 0


async def lacks_model(database: Database) -> bool:
    """Tell whether a row has no fal_model: 0.7 s per million rows where none lacks it."""
    rows = await database.query(
        "RETURN IF (INFO FOR DB).tables.video_job = NONE { [] } "
        "ELSE { RETURN (SELECT VALUE id FROM video_job WHERE fal_model IS NONE LIMIT 1) }"
    )
    return bool(rows)


async def _sound_state(database: Database, folder: Path) -> State:
    state = await schema.state(database, folder)
    if state.faults:
        raise ConfigurationError("; ".join(state.faults))
    return state


def _say(file: SchemaFile, fate: str) -> None:
    print(f"{file.name:<42} {fate}", flush=True)


async def main() -> int:
    parser = argparse.ArgumentParser(prog="migrate", description=__doc__)
    mode = parser.add_mutually_exclusive_group()
    mode.add_argument("--dry-run", action="store_true", help="try it all, change nothing")
    mode.add_argument(
        "--check", action="store_true", help="exit with 1 if anything is pending, waiting, drifted"
    )
    arguments = parser.parse_args()
    do = check if arguments.check else rehearse if arguments.dry_run else migrate
    address = Address.from_settings(Settings())
    async with Database(address, deadline=LOOK_DEADLINE) as database:
        # It may be another one than whoever migrates believes.
        print(f"At {address.url}, {address.place}:", file=sys.stderr)
        return await do(database)


if __name__ == "__main__":
    run(main())
