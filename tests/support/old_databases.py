"""Databases of other applications and of the legacy stack, and what a migration leaves of them."""

import re
from collections.abc import AsyncIterator, Iterator, Sequence
from typing import Any
from unittest import mock
from uuid import uuid4

import pytest

from app.database import definitions
from app.database.address import Address
from app.database.client import Database
from app.database.definitions import Reference
from app.database.schema import SchemaFile
from app.errors import ServiceError
from scripts.migrate import check, dry_run, migrate
from tests.support.database import connected
from tests.support.job_functions import Jobs
from tests.support.legacy import LEGACY_TABLE, run_backfill

LEGACY = LEGACY_TABLE.read_text()
TIMES = "created_at: d'2025-03-01T00:00:00Z', updated_at: d'2025-03-01T00:03:00Z'"
WHO = "user: 'ada', user_email: 'ada@example.com', template_slug: 'night-life-roller'"
ROW = f"{{ id: 'request-1', {WHO}, start_key: 'a.png', status: 'completed', {TIMES} }}"


def old(*changes: str, row: str = "") -> str:
    """The legacy stack's table with changes, and a row with further fields."""
    fields = f"{ROW[:-2]}, {row} }}" if row else ROW
    return f"{LEGACY}\n{';'.join(changes)};\nINSERT INTO video_job {fields};"


def loose(fields: str = "", *changes: str, **other: str) -> str:
    """A table without a schema, and a row in which some fields are others."""
    row = ROW
    for name, value in other.items():
        row = re.sub(rf"\b{name}: (d?'[^']*')", f"{name}: {value}", row)
    row = f"{row[:-2]}, {fields} }}" if fields else row
    return f"DEFINE TABLE video_job SCHEMALESS;{';'.join(changes)};INSERT INTO video_job {row};"


def without(name: str) -> str:
    """A table without a schema, and a row without this field."""
    row = re.sub(rf"{name}: d?'[^']*',? ?", "", ROW)
    return f"DEFINE TABLE video_job SCHEMALESS; INSERT INTO video_job {row};"


@pytest.fixture(scope="module", autouse=True)
def one_reference() -> Iterator[None]:
    """Make the temporary store with the schema once, and not for each database."""
    known = dict[int, Reference]()
    make_reference = definitions.read_reference

    async def read_reference(files: Sequence[SchemaFile]) -> Reference:
        if (key := len(files)) not in known:
            known[key] = await make_reference(files)
        return known[key]

    with mock.patch.object(definitions, "read_reference", read_reference):
        yield


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> str:
    return f"surrealkv://{tmp_path_factory.mktemp('old')}/store"


@pytest.fixture
async def database(store: str) -> AsyncIterator[Database]:
    """A new database in the store of this module."""
    address = Address(url=store, namespace="old", database=uuid4().hex)
    async with connected(address) as database:
        yield database


async def make(database: Database, script: str) -> None:
    for result in await database.run_script(script):
        assert result["status"] == "OK", result["result"]


async def everything(database: Database) -> dict[str, Any]:
    """All definitions and all rows."""
    info = await database.query("INFO FOR DB")
    found: dict[str, Any] = {"": info}
    for table in info["tables"]:
        definitions = await database.query(f"INFO FOR TABLE {table}")
        rows = await database.query("SELECT * FROM type::table($t) ORDER BY id", t=table)
        found[table] = definitions, rows
    return found


async def require_adopted(database: Database, rows: list[dict[str, Any]]) -> None:
    """Check that all facts of the old rows are kept, and new jobs can be made."""
    after = {row["id"]: row for row in await database.query("SELECT * FROM video_job")}
    for row in rows:
        assert after[row["id"]].items() >= row.items()
    await run_backfill(database, default="fal-ai/other")
    assert await migrate(database) == 0
    assert await check(database) == 0
    jobs = Jobs(database)
    await jobs.ended("new-1", "completed")
    await jobs.ended("new-2", "failed")
    for row in rows:
        await database.query("UPDATE $id SET attempts = 1 RETURN NONE", id=row["id"])


async def refused(database: Database, capsys: pytest.CaptureFixture[str]) -> str:
    """Check that nothing changes whatever an operator tries; return what is printed."""
    before = await everything(database)
    capsys.readouterr()
    for action in (migrate, dry_run):
        with pytest.raises(ServiceError) as error:
            await action(database)
    printed = f"{capsys.readouterr().out}\n{error.value}"
    assert await check(database) == 1
    assert await everything(database) == before
    return printed
