"""Real databases for tests: the embedded engine on disk, and a server that may be killed."""

import asyncio
import atexit
import os
import shutil
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from unittest import mock
from uuid import uuid4

import pytest

from app import times
from app.database import migrations, schema
from app.database.client import Address, Database
from scripts.backfill import Backfill, carry_out
from tests.support.leaks import heard
from tests.support.sockets import free_port, wait_for_port
from tests.support.tokens import ROOT_PASSWORD

LEGACY_TABLE = Path(__file__).with_name("legacy_video_job.surql")
LEGACY_TEMPLATE = "night-life-roller"
LEGACY_MODEL = "fal-ai/kling-video/v2.5-turbo/pro/image-to-video"
LEGACY_TIME = datetime(2025, 3, 1, tzinfo=UTC)

# Connections of tests close at once: the pause that the engine needs comes once, at the end.
atexit.register(time.sleep, times.ENGINE_EXIT)


def embedded(url: str) -> Address:
    """Name the database that the service uses in an embedded store."""
    return Address(url=url, namespace="video", database="video")


def settings_of(address: Address) -> dict[str, str]:
    """Return the settings that lead a service to this database."""
    return {
        "surreal_url": address.url,
        "surreal_namespace": address.namespace,
        "surreal_database": address.database,
        "surreal_user": address.user,
        "surreal_password": address.password,
        "surreal_user_level": address.level,
    }


def environment_of(address: Address) -> dict[str, str]:
    """Return the environment that leads a program to this database."""
    return {name.upper(): value for name, value in settings_of(address).items()}


@asynccontextmanager
async def connected(address: Address) -> AsyncIterator[Database]:
    """Connect, with time for slow calls."""
    with mock.patch.object(times, "ENGINE_EXIT", 0.0):
        async with Database(address, deadline=30) as database:
            yield database


@asynccontextmanager
async def migrated(address: Address) -> AsyncIterator[Database]:
    """Connect to a database that has the whole schema, as far as its rows allow."""
    async with connected(address) as database:
        for file in (await schema.state(database)).pending:
            await migrations.apply(database, file)
        yield database


@dataclass
class SurrealServer:
    """A SurrealDB server over a folder. Killed and started again, it keeps port and data."""

    program: str
    folder: Path
    port: int = field(default_factory=free_port)
    process: subprocess.Popen[bytes] | None = None

    def address(self, database: str | None = None) -> Address:
        """Name a database there, by default one that nobody else uses."""
        return Address(
            url=f"ws://127.0.0.1:{self.port}",
            namespace="video",
            database=database or f"test_{uuid4().hex}",
            user="root",
            password=ROOT_PASSWORD,
            level="root",
        )

    def start(self) -> None:
        """Start it and wait until it answers."""
        self.process = subprocess.Popen(
            [
                *(self.program, "start", f"--bind=127.0.0.1:{self.port}", "--log=none"),
                *("--user=root", f"--pass={ROOT_PASSWORD}", f"surrealkv://{self.folder}"),
            ],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        wait_for_port(self.port)

    def kill(self) -> None:
        """End it without a warning."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process = None


@contextmanager
def surreal_server(folder: Path) -> Iterator[SurrealServer]:
    """Run a server, or skip the test where none is installed."""
    program = os.environ.get("SURREAL_BIN") or shutil.which("surreal")
    if program is None:
        pytest.skip("no SurrealDB server: put surreal on PATH, or set SURREAL_BIN")
    server = SurrealServer(program, folder)
    try:
        server.start()
        yield server
    finally:
        server.kill()


async def make_legacy(database: Database, *rows: dict[str, Any]) -> None:
    """Make the database one of the replaced stack, with these rows."""
    await database.run_script(LEGACY_TABLE.read_text())
    await database.query("INSERT INTO video_job $rows RETURN NONE", rows=list(rows))


async def backfilled(database: Database, *, default: str | None = None, chunk: int = 1000) -> int:
    """Run the backfill to its exit status."""
    models = {LEGACY_TEMPLATE: LEGACY_MODEL}
    return await carry_out(
        Backfill(database, models=models, default=default, deadline=86400), chunk
    )


def legacy_row(request_id: str, status: str = "completed", **changes: Any) -> dict[str, Any]:
    """Return a row as the replaced stack wrote it; its key is fal's request id."""
    row = {
        "id": request_id,
        "user": "ada",
        "user_email": "ada@example.com",
        "template_slug": LEGACY_TEMPLATE,
        "variables": {"headline": "Friday"},
        "start_key": f"users/ada/start/{request_id}.png",
        "status": status,
        "created_at": LEGACY_TIME,
        "updated_at": LEGACY_TIME + timedelta(minutes=3),
    }
    return row | changes


@dataclass(frozen=True)
class Ended:
    """How a script ended, and what it said."""

    status: int
    out: str
    err: str


async def run_script(name: str, *arguments: str, address: Address) -> Ended:
    """Run ``scripts/name.py`` as its user does, in a process of its own."""
    process = await start_script(name, *arguments, address=address)
    out, err = await process.communicate()
    assert process.returncode is not None
    heard((out + err).decode())
    return Ended(process.returncode, out.decode(), err.decode())


async def start_script(name: str, *arguments: str, address: Address) -> asyncio.subprocess.Process:
    """Start ``scripts/name.py``; nothing but the address differs from the default settings."""
    return await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", f"scripts.{name}", *arguments),
        cwd=schema.FOLDER.parent,
        env=os.environ | environment_of(address),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
