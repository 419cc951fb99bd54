"""A database of the legacy stack is adopted, waits for its backfill, and is then finished."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from app.database import schema
from app.database.client import Database
from app.database.errors import StatementRejected
from app.database.schema_status import read_status
from app.errors import ConfigurationError
from scripts.migrate import check, dry_run, migrate
from tests.support.database import connected, embedded
from tests.support.legacy import legacy_row, make_legacy, run_backfill

GUARDED = "012_fal_model_required.surql"


@pytest.fixture
async def legacy(tmp_path: Path) -> AsyncIterator[Database]:
    async with connected(embedded(f"surrealkv://{tmp_path}/legacy")) as database:
        await make_legacy(database, legacy_row("one"), legacy_row("two", "running"))
        yield database


async def pending(database: Database, folder: Path = schema.FOLDER) -> list[str]:
    return [file.name for file in (await read_status(database, folder)).pending]


async def test_it_is_adopted_up_to_the_guarded_migration_and_can_be_served(
    legacy: Database, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = await legacy.query("SELECT * FROM video_job")
    assert await migrate(legacy) == 0
    assert f"{GUARDED} " in (printed := capsys.readouterr().out)
    assert "waits for `make backfill`" in printed
    assert await pending(legacy) == [GUARDED]
    (await read_status(legacy)).require_serviceable()
    assert await legacy.query("SELECT * FROM video_job") == rows


async def test_migrations_after_the_guarded_one_wait_and_functions_do_not(
    legacy: Database, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "013_behind.surql").write_text("CREATE probe:behind SET nonce = 'x'")
    assert await dry_run(legacy, folder) == 0
    assert "would be applied" in (printed := capsys.readouterr().out)
    assert [line.split()[0] for line in printed.splitlines() if "waits" in line] == [
        GUARDED,
        "013_behind.surql",
    ]
    assert await pending(legacy, folder) == [file.name for file in schema.load(folder)]
    assert await migrate(legacy, folder) == 0
    assert await pending(legacy, folder) == [GUARDED, "013_behind.surql"]
    with pytest.raises(ConfigurationError, match=r"lacks 013_behind\.surql"):
        (await read_status(legacy, folder)).require_serviceable()


async def test_after_the_backfill_migrate_finishes_and_every_row_keeps_a_model(
    legacy: Database,
) -> None:
    await migrate(legacy)
    assert await check(legacy) == 1
    await run_backfill(legacy)
    (await read_status(legacy)).require_serviceable()
    assert await migrate(legacy) == 0
    assert await check(legacy) == 0
    assert await legacy.query("SELECT VALUE fal_model FROM video_job WHERE fal_model IS NONE") == []
    row = {key: value for key, value in legacy_row("three").items() if key != "id"}
    with pytest.raises(StatementRejected, match="fal_model"):
        await legacy.query("CREATE video_job:three CONTENT $row", row=row)
    with pytest.raises(StatementRejected, match="fal_model"):
        await legacy.query("UPDATE video_job:one SET fal_model = NONE")


async def test_a_new_row_without_a_model_is_refused_before_the_backfill(
    legacy: Database,
) -> None:
    await migrate(legacy)
    row = {key: value for key, value in legacy_row("three").items() if key != "id"}
    with pytest.raises(StatementRejected, match="fal_model_missing"):
        await legacy.query("CREATE video_job:three CONTENT $row", row=row)
    await legacy.query("UPDATE video_job:two SET error = 'an old row may still be written'")


async def test_a_row_that_passes_the_guard_is_reported_and_can_be_filled(
    legacy: Database, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    guard = folder / GUARDED
    blind = guard.read_text().replace("LIMIT 1) != []", "LIMIT 1) != [] AND false")
    guard.write_text(blind)
    assert await migrate(legacy, folder) == 0
    assert "run `make backfill` once more" in capsys.readouterr().out
    assert await check(legacy, folder) == 1
    await run_backfill(legacy)
    assert await check(legacy, folder) == 0


async def test_a_legacy_table_without_rows_is_migrated_completely(tmp_path: Path) -> None:
    async with connected(embedded(f"surrealkv://{tmp_path}/bare")) as database:
        await make_legacy(database)
        assert await migrate(database) == 0
        assert await check(database) == 0
