"""Two releases migrate one database: the older never undoes the work of the newer."""

import asyncio
import shutil
from pathlib import Path

import pytest

from app.database import migrations, schema
from app.database.client import Database
from app.database.errors import MigrationFailed
from app.database.migrations import MigrationOutcome
from app.database.schema_status import read_status
from app.errors import ConfigurationError
from scripts.migrate import check, dry_run, migrate, replace_newer
from tests.support.database import SurrealServer, connected

CLOCK = "DEFINE FUNCTION OVERWRITE fn::clock::now() {{ RETURN '{}' }}"


def change(folder: Path, *, time: str, removed: str) -> Path:
    """Edit a function and a template, remove a template."""
    (folder / "functions/clock.surql").write_text(CLOCK.format(time))
    (folder / f"templates/{removed}.json").unlink()
    template = folder / "templates/gentle-zoom.json"
    template.write_text(template.read_text().replace("Gentle zoom", f"Zoom at {time}"))
    return folder


def next_number(folder: Path) -> str:
    return f"{len(list(folder.glob('*.surql'))) + 1:03}"


@pytest.fixture
def older(tmp_path: Path) -> Path:
    folder = shutil.copytree(schema.FOLDER, tmp_path / "older")
    return change(folder, time="morning", removed="poster-parallax")


@pytest.fixture
def newer(tmp_path: Path) -> Path:
    """A later release: with a migration of its own, one template more and another one less."""
    folder = shutil.copytree(schema.FOLDER, tmp_path / "newer")
    (folder / f"{next_number(folder)}_later.surql").write_text(
        "CREATE probe:later SET nonce = 'later'"
    )
    shutil.copy(folder / "templates/gentle-zoom.json", folder / "templates/new.json")
    return change(folder, time="noon", removed="dance-floor")


@pytest.fixture
def edited(newer: Path) -> Path:
    """A later release without a migration of its own."""
    max(newer.glob("*.surql")).unlink()
    return newer


@pytest.fixture
def raised(edited: Path) -> Path:
    """A later release that says so in release.txt."""
    release = edited / "release.txt"
    release.write_text(f"{int(release.read_text()) + 1}\n")
    return edited


async def content(database: Database) -> object:
    tables = ("migration", "template", "probe")
    rows = [await database.query(f"SELECT * FROM {table} ORDER BY id") for table in tables]  # noqa: S608
    return (await database.query("INFO FOR DB"))["functions"], rows


async def is_at_newer(database: Database) -> None:
    assert await database.call("clock::now") == "noon"
    templates = await database.query("SELECT VALUE record::id(id) FROM template")
    assert {"new", "poster-parallax"} < set(templates)
    assert "dance-floor" not in templates
    zoom = await database.query("SELECT VALUE title FROM ONLY template:⟨gentle-zoom⟩")
    assert zoom == "Zoom at noon"


@pytest.mark.parametrize("release", ["newer", "edited"])
async def test_older_checkout_changes_nothing_after_the_newer(
    empty: Database, older: Path, release: str, request: pytest.FixtureRequest
) -> None:
    newer = request.getfixturevalue(release)
    assert await migrate(empty, older) == 0
    assert await migrate(empty, newer) == 0
    await is_at_newer(empty)
    before = await content(empty)
    for action in (migrate, dry_run):
        with pytest.raises(ConfigurationError, match="the database is newer than this checkout"):
            await action(empty, older)
    with pytest.raises(ConfigurationError, match="the database is newer than this checkout"):
        (await read_status(empty, older)).require_serviceable()
    assert await check(empty, older) == 1
    assert await content(empty) == before
    assert await check(empty, newer) == 0


@pytest.mark.parametrize("release", ["newer", "raised"])
async def test_older_checkout_changes_nothing_in_a_database_that_it_never_migrated(
    empty: Database, older: Path, release: str, request: pytest.FixtureRequest
) -> None:
    newer = request.getfixturevalue(release)
    assert await migrate(empty, newer) == 0
    before = await content(empty)
    with pytest.raises(ConfigurationError, match="the database is newer than this checkout"):
        await migrate(empty, older)
    assert await content(empty) == before


async def test_older_runner_that_read_the_ledger_before_the_newer_migrated_changes_nothing(
    current: Database, older: Path, newer: Path
) -> None:
    planned = (await read_status(current, older)).pending
    assert {file.name for file in planned} >= {"functions/clock.surql"}
    assert await migrate(current, newer) == 0
    before = await content(current)
    for file in planned:
        with pytest.raises(MigrationFailed, match="the database is newer than this checkout"):
            await migrations.apply(current, file)
    assert await content(current) == before


async def test_runner_whose_file_was_replaced_meanwhile_changes_nothing(
    current: Database, older: Path, edited: Path
) -> None:
    planned = (await read_status(current, older)).pending
    first = next(file for file in planned if file.name == "functions/clock.surql")
    assert await migrations.apply(current, first) is MigrationOutcome.APPLIED
    assert await migrate(current, edited) == 0
    with pytest.raises(MigrationFailed, match="the database is newer than this checkout"):
        await migrations.apply(current, first)
    assert await current.call("clock::now") == "noon"


async def test_later_release_may_return_to_the_text_of_an_earlier_one(
    current: Database, older: Path, newer: Path
) -> None:
    assert await migrate(current, older) == 0
    assert await migrate(current, newer) == 0
    clock = "functions/clock.surql"
    (newer / f"{next_number(newer)}_latest.surql").write_text("CREATE probe:latest SET nonce = 'a'")
    shutil.copy(older / clock, newer / clock)
    assert await migrate(current, newer) == 0
    assert await current.call("clock::now") == "morning"


@pytest.mark.parametrize("turn", range(3))
async def test_releases_that_migrate_at_once_leave_the_work_of_the_newer(
    server: SurrealServer, older: Path, newer: Path, turn: int
) -> None:
    address = server.address()
    folders = [older, newer] if turn % 2 else [newer, older]
    async with connected(address) as one, connected(address) as two:
        await migrate(one)
        outcomes = await asyncio.gather(
            *(migrate(*each) for each in zip((one, two), folders, strict=True)),
            return_exceptions=True,
        )
        assert outcomes[folders.index(newer)] == 0
        await is_at_newer(one)
        assert await check(one, newer) == 0


async def test_ledger_of_an_earlier_release_gains_its_fields(
    current: Database, folder: Path
) -> None:
    await current.run_script(
        "REMOVE FIELD release ON migration; REMOVE FIELD replaced ON migration;"
        "REMOVE FIELD tables ON migration; UPDATE migration UNSET release, replaced, tables"
    )
    (folder / "functions/clock.surql").write_text(CLOCK.format("noon"))
    assert await migrate(current, folder) == 0
    assert await check(current, folder) == 0
    with pytest.raises(ConfigurationError, match="the database is newer than this checkout"):
        await migrate(current)


@pytest.mark.parametrize("release", ["edited", "raised"])
async def test_operator_may_return_to_an_earlier_checkout_without_a_migration_between(
    current: Database, release: str, request: pytest.FixtureRequest
) -> None:
    assert await migrate(current, request.getfixturevalue(release)) == 0
    assert await replace_newer(current) == 0
    assert await current.call("clock::now") != "noon"
    assert await check(current) == 0


async def test_operator_may_not_return_behind_a_migration(
    empty: Database, older: Path, newer: Path
) -> None:
    assert await migrate(empty, newer) == 0
    before = await content(empty)
    with pytest.raises(ConfigurationError, match="it has 013_later"):
        await replace_newer(empty, older)
    assert await content(empty) == before


async def test_release_that_migrated_may_do_so_again_and_a_later_one_may_follow(
    current: Database, raised: Path
) -> None:
    assert await migrate(current, raised) == 0
    assert await migrate(current, raised) == 0
    (raised / "functions/clock.surql").write_text(CLOCK.format("evening"))
    assert await migrate(current, raised) == 0
    assert await current.call("clock::now") == "evening"
