"""A file that is applied again builds the indexes that are missing, and no other."""

import re
from pathlib import Path

import pytest
import surrealdb.connections.async_ws

from app.database import migrations
from app.database.client import Database
from scripts.migrate import check, migrate
from tests.support.database import SurrealServer, migrated

INDEX = re.compile(r"DEFINE INDEX (?:IF NOT EXISTS|OVERWRITE) ((\w+) ON (\w+) [^;]+);")
ADDED = "functions/added_fields.surql"


def edit(folder: Path, name: str) -> None:
    with (folder / name).open("a") as file:
        file.write("-- edited\n")


async def fields_of(database: Database, table: str, index: str) -> object:
    indexes = (await database.query(f"INFO FOR TABLE {table} STRUCTURE"))["indexes"]
    return next((each["cols"] for each in indexes if each["name"] == index), None)


async def test_an_index_that_is_there_is_not_built_again(current: Database, folder: Path) -> None:
    indexes = []
    for path in (folder / "functions").iterdir():
        indexes += INDEX.findall(path.read_text())
        edit(folder, f"functions/{path.name}")
    assert len(indexes) > 5
    for definition, _name, _table in indexes:
        await current.query(f"DEFINE INDEX OVERWRITE {definition} COMMENT 'built before'")
    assert await migrate(current, folder) == 0
    for _definition, name, table in indexes:
        kept = (await current.query(f"INFO FOR TABLE {table}"))["indexes"][name]
        assert "COMMENT 'built before'" in kept, name


async def test_an_index_that_is_missing_is_built(current: Database, folder: Path) -> None:
    await current.query("REMOVE INDEX video_job_user_status ON video_job")
    edit(folder, ADDED)
    assert await migrate(current, folder) == 0
    fields = await fields_of(current, "video_job", "video_job_user_status")
    assert fields == ["user", "status", "created_at"]
    assert await check(current, folder) == 0


async def test_an_index_over_other_fields_is_drift_until_it_is_removed(
    current: Database, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    await current.query("DEFINE INDEX OVERWRITE video_job_created ON video_job FIELDS status")
    edit(folder, ADDED)
    assert await migrate(current, folder) == 0
    assert await check(current, folder) == 1
    drift = "drift: index video_job.video_job_created differs from the schema\n"
    assert drift in capsys.readouterr().out
    await current.query("REMOVE INDEX video_job_created ON video_job")
    edit(folder, ADDED)
    assert await migrate(current, folder) == 0
    assert await fields_of(current, "video_job", "video_job_created") == ["created_at"]
    assert await check(current, folder) == 0


async def test_functions_that_take_longer_than_the_sdk_waits_are_applied(
    server: SurrealServer, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    slow = folder / ADDED
    slow.write_text(slow.read_text() + "sleep(2s); CREATE probe:slow SET nonce = 'done'")
    async with migrated(server.address()) as database:
        with monkeypatch.context() as patch:
            patch.setattr(surrealdb.connections.async_ws, "_RPC_RECV_TIMEOUT", 0.5)
            patch.setattr(migrations, "POLL_INTERVAL", 0.05)
            assert await migrate(database, folder) == 0
        assert await database.query("SELECT VALUE nonce FROM ONLY probe:slow") == "done"
        assert await check(database, folder) == 0
