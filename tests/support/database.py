"""Real databases for tests: the embedded engine on disk, and a server that a test may kill."""

import atexit
import os
import shutil
import subprocess
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from unittest import mock
from uuid import uuid4

import pytest

from app import times
from app.database import migrations
from app.database.address import Address
from app.database.client import Database
from app.database.schema_status import read_status
from tests.support.sockets import free_port, wait_for_port
from tests.support.tokens import ROOT_PASSWORD

# The engine needs a pause between its end and that of the process: once, not for every test.
atexit.register(time.sleep, times.ENGINE_EXIT)


def embedded(url: str) -> Address:
    """Return the address of the service's database in an embedded store."""
    return Address(url=url, namespace="video", database="video")


def settings_of(address: Address) -> dict[str, str]:
    """Return the settings of a service that uses this database."""
    return {
        "surreal_url": address.url,
        "surreal_namespace": address.namespace,
        "surreal_database": address.database,
        "surreal_user": address.user,
        "surreal_password": address.password,
        "surreal_user_level": address.level,
    }


def environment_of(address: Address) -> dict[str, str]:
    """Return the environment of a program that uses this database."""
    return {name.upper(): value for name, value in settings_of(address).items()}


@asynccontextmanager
async def connected(address: Address) -> AsyncIterator[Database]:
    """Connect with a deadline that suits a busy machine."""
    with mock.patch.object(times, "ENGINE_EXIT", 0.0):
        async with Database(address, deadline=30) as database:
            yield database


@asynccontextmanager
async def migrated(address: Address) -> AsyncIterator[Database]:
    """Apply the pending migrations that the rows allow, and connect."""
    async with connected(address) as database:
        for file in (await read_status(database)).pending:
            await migrations.apply(database, file)
        yield database


@dataclass
class SurrealServer:
    """A SurrealDB server over a folder. It keeps its port and data when it is started again."""

    program: str
    folder: Path
    engine: str
    """``surrealkv`` or ``rocksdb``."""
    port: int = field(default_factory=free_port)
    process: subprocess.Popen[bytes] | None = None

    def address(self, database: str | None = None) -> Address:
        """Return the address of a database, by default of a new one."""
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
                *("--user=root", f"--pass={ROOT_PASSWORD}", f"{self.engine}:{self.folder}"),
            ],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        wait_for_port(self.port)

    def restart(self) -> None:
        """Stop it and start it again."""
        self.stop()
        self.start()

    def stop(self) -> None:
        """Stop it with SIGTERM, as systemd does."""
        if self.process is not None:
            self.process.terminate()
            self.process.wait()
            self.process = None

    def kill(self) -> None:
        """Kill it with SIGKILL."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process = None


@contextmanager
def surreal_server(folder: Path) -> Iterator[SurrealServer]:
    """Run a server, or skip the test if none is installed.

    ``SURREAL_BIN`` and ``SURREAL_ENGINE`` choose the program and its storage engine.
    """
    program = os.environ.get("SURREAL_BIN") or shutil.which("surreal")
    if program is None:
        pytest.skip("no SurrealDB server: put surreal on PATH, or set SURREAL_BIN")
    server = SurrealServer(program, folder, os.environ.get("SURREAL_ENGINE", "surrealkv"))
    try:
        server.start()
        yield server
    finally:
        server.kill()
