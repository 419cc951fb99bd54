"""A folder with its own store and programs, in which one row of ``docs/errors.md`` is provoked."""

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
from tests.support.process import forked
from tests.support.s3 import S3Server
from tests.support.service import Running, running, settings_for
from tests.support.stand_ins.fal import FalStandIn
from tests.support.stand_ins.fal_faults import Answer

NOTICES = (" WARNING ", " INFO ", "At surrealkv://", "At ws://")


@dataclass
class Sandbox:
    """Runs programs and services that fail on purpose, each on a store of this test."""

    folder: Path
    request: pytest.FixtureRequest
    caplog: pytest.LogCaptureFixture

    @property
    def store(self) -> str:
        """The URL of the test's store; it has no schema unless :meth:`migrated` was called."""
        return f"surrealkv://{self.folder / 'surreal'}"

    def migrated(self) -> str:
        """Give the store the whole schema; return its URL."""
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
        """Run a program to its end; return its exit status and the lines of its output."""

        def end() -> tuple[int, str]:
            with forked(self.folder, module, *arguments, **changes) as process:
                return process.exit_status(), process.stdout + process.stderr

        status, output = await asyncio.to_thread(end)
        assert "Traceback" not in output, output
        return status, output.splitlines()

    async def refused(self, *programs: str, **changes: str) -> str:
        """Run programs that must all refuse to start with the same line; return that line."""
        messages = set()
        for program in programs or ("app",):
            status, lines = await self.run(*program.split(), **changes)
            assert status == 1, lines
            (line,) = [line for line in lines if not any(notice in line for notice in NOTICES)]
            messages.add(line.partition("Cannot start: ")[2] or line)
        return "\n".join(sorted(messages))

    async def warned(self, **changes: str) -> str:
        """Start the service up to its port, which is occupied; return its output."""
        with occupied_port() as port:
            status, lines = await self.run("app", SURREAL_URL=self.migrated(), PORT=port, **changes)
        assert status == 1
        return "\n".join(lines)

    async def logged(
        self,
        do: Callable[[Running, FalStandIn], Awaitable[None]],
        *,
        seam: Seam = direct,
        fal_port: int | None = None,
        failing: str | None = None,
        **changes: Any,
    ) -> str:
        """Run the service while ``do`` runs; return the log.

        ``failing`` is a kind of request that fal answers with 500, also while the service starts.
        """
        settings = settings_for(
            self.migrated(), self.folder / "storage", fal_key=FalStandIn.key, **changes
        )
        async with FalStandIn() as fal:
            fal.port = fal_port or fal.port
            if failing is not None:
                fal.faults.add(failing, Answer(500), times=None)
            async with running(settings, fal, seam=seam) as run:
                await do(run, fal)
                await run.wait_for_background()
        return self.caplog.text


Fault = Callable[[Sandbox], Awaitable[str]]


class Faults(dict[str, Fault]):
    """The function that provokes each row, by the row's name."""

    def row(self, *names: str) -> Callable[[Fault], Fault]:
        """Register a function for the rows with these names."""

        def register(trouble: Fault) -> Fault:
            self.update(dict.fromkeys(names, trouble))
            return trouble

        return register


@contextmanager
def occupied_port() -> Iterator[str]:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield str(listener.getsockname()[1])
