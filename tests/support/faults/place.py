"""Where the rows of ``docs/errors.md`` are brought about."""

import asyncio
import shutil
import socket
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from app.telemetry.seam import Seam, direct
from tests.support.database import SurrealServer
from tests.support.faults.forked import Forkery
from tests.support.s3 import S3Server
from tests.support.service import Running, running, settings_for
from tests.support.sockets import free_port
from tests.support.stand_ins.fal import FalStandIn

NOTICES = (" WARNING ", " INFO ", "At surrealkv://", "At ws://")


@dataclass
class Place:
    """Where something goes wrong."""

    folder: Path
    forkery: Forkery
    request: pytest.FixtureRequest
    caplog: pytest.LogCaptureFixture

    @property
    def store(self) -> str:
        """A store of its own, without a schema unless :meth:`migrated` was called."""
        return f"surrealkv://{self.folder / 'surreal'}"

    def migrated(self) -> str:
        """Return a store that has the whole schema."""
        folder: Path = self.request.getfixturevalue("migrated_folder")
        shutil.copytree(folder, self.folder / "surreal")
        return self.store

    def server(self) -> SurrealServer:
        server: SurrealServer = self.request.getfixturevalue("server")
        return server

    def s3(self) -> S3Server:
        s3: S3Server = self.request.getfixturevalue("s3")
        return s3

    async def run(self, module: str, *arguments: str, **changes: str) -> tuple[int, list[str]]:
        """Run a program to its end; return its status and its lines."""
        environment = {
            "SURREAL_URL": self.store,
            "STORAGE_DIR": str(self.folder / "storage"),
            "TMPDIR": str(self.folder),
            "PORT": str(free_port()),
        }
        status, said = await asyncio.to_thread(
            self.forkery.run, self.folder, module, *arguments, **environment | changes
        )
        assert "Traceback" not in said, said
        return status, said.splitlines()

    async def refused(self, *programs: str, **changes: str) -> str:
        """Run programs that all must refuse, in the same line and with status 1."""
        told = set()
        for program in programs or ("app",):
            status, lines = await self.run(*program.split(), **changes)
            assert status == 1, lines
            (line,) = [line for line in lines if not any(notice in line for notice in NOTICES)]
            told.add(line.partition("Cannot start: ")[2] or line)
        return "\n".join(sorted(told))

    async def warned(self, **changes: str) -> str:
        """Start a service as far as its port, which is taken, and return what it says."""
        with taken_port() as port:
            status, lines = await self.run("app", SURREAL_URL=self.migrated(), PORT=port, **changes)
        assert status == 1
        return "\n".join(lines)

    async def logged(
        self,
        do: Callable[[Running, FalStandIn], Awaitable[None]],
        *,
        seam: Seam = direct,
        fal_port: int | None = None,
        **changes: Any,
    ) -> str:
        """Let a service run while something happens, and return what it logs."""
        settings = settings_for(
            self.migrated(), self.folder / "storage", fal_key=FalStandIn.key, **changes
        )
        async with FalStandIn() as fal:
            fal.port = fal_port or fal.port
            async with running(settings, fal, seam=seam) as run:
                await do(run, fal)
                await run.wait_for_background()
        return self.caplog.text


Trouble = Callable[[Place], Awaitable[str]]


class Troubles(dict[str, Trouble]):
    """Functions that bring rows about, and return what is said then."""

    def row(self, *names: str) -> Callable[[Trouble], Trouble]:
        """Take a function for the rows that have these names."""

        def taken(trouble: Trouble) -> Trouble:
            self.update(dict.fromkeys(names, trouble))
            return trouble

        return taken


@contextmanager
def taken_port() -> Iterator[str]:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        yield str(taken.getsockname()[1])
