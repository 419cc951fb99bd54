"""Databases in the states that the tests of this room start from."""

import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from app.database import schema
from app.database.address import Address
from app.database.client import Database
from tests.support.database import SurrealServer, connected, embedded
from tests.support.deployment import create_database, migrate_and_create_service_user
from tests.support.job_functions import Jobs
from tests.support.service import Running
from tests.support.stand_ins.fal import FalStandIn
from tests.support.stand_ins.videos import small_video


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of the schema's folder."""
    return shutil.copytree(schema.FOLDER, tmp_path / "schema")


@pytest.fixture
async def empty(tmp_path: Path) -> AsyncIterator[Database]:
    """A database without a schema."""
    async with connected(embedded(f"surrealkv://{tmp_path}/empty")) as database:
        yield database


@pytest.fixture
async def current(store_url: str) -> AsyncIterator[Database]:
    """A database with the whole schema."""
    async with connected(embedded(store_url)) as database:
        yield database


@pytest.fixture
def jobs(current: Database) -> Jobs:
    """The functions of jobs in a database with the whole schema."""
    return Jobs(current)


@pytest.fixture
async def delivered(run: Running, fal: FalStandIn) -> str:
    """A completed job, beside one that is queued and one that has failed."""
    job_id = await run.submitted()
    fal.complete(list(fal.requests)[-1], small_video())
    await run.finished(job_id)
    failed = await run.submitted()
    fal.fail(list(fal.requests)[-1])
    await run.finished(failed)
    await run.submitted()
    return job_id


@pytest.fixture
async def root(server: SurrealServer) -> AsyncIterator[Database]:
    """A database that has only a migrator and the record access."""
    async with connected(await create_database(server)) as database:
        yield database


@pytest.fixture
async def service(root: Database) -> Address:
    """The service's sign-in to a migrated database."""
    return await migrate_and_create_service_user(root)
