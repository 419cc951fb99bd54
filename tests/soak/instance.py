"""A service process that is killed and started again."""

import asyncio
import time
from collections.abc import Mapping
from contextlib import ExitStack, suppress
from pathlib import Path
from types import TracebackType
from typing import Self

import httpx

from tests.process import PATIENCE, Process, started


class Instance:
    """One of the places where the service runs; each of its lives has a port of its own."""

    def __init__(self, folder: Path, settings: Mapping[str, str]) -> None:
        self.url = "http://127.0.0.1:9"  # nobody's, until it has been started
        self.seconds_to_ready: list[float] = []
        self.failed_starts = 0
        self.troubles: list[str] = []
        """What a life has said that it should not have had reason to."""
        self._folder = folder
        self._settings = settings
        self._life = ExitStack()
        self._process: Process | None = None

    async def __aenter__(self) -> Self:
        self._client = httpx.AsyncClient(timeout=PATIENCE)
        return self

    async def __aexit__(
        self, error: type[BaseException] | None, _: BaseException | None, __: TracebackType | None
    ) -> None:
        self.kill()
        await self._client.aclose()

    async def start(self) -> None:
        """Start it, as often as it takes, and wait until it is ready."""
        while True:
            began = time.monotonic()
            self._process = self._life.enter_context(
                started(self._folder, "tests.soak.serve", **self._settings)
            )
            self.url = self._process.url
            if await self._gets_ready(self._process):
                self.seconds_to_ready.append(time.monotonic() - began)
                return
            self.failed_starts += 1
            self._bury()

    def kill(self) -> None:
        """End it without a warning."""
        if self._process is not None:
            if (status := self._process.popen.poll()) is not None:
                self.troubles.append(f"ended by itself with {status}: {self._process.stderr}")
            self._bury()

    def _bury(self) -> None:
        if self._process is not None and "Traceback" in self._process.stderr:
            self.troubles.append(self._process.stderr)
        self._process = None
        self._life.close()

    async def _gets_ready(self, process: Process) -> bool:
        while process.popen.poll() is None:
            with suppress(httpx.TransportError):
                if (await self._client.get(f"{self.url}/readyz")).is_success:
                    return True
            await asyncio.sleep(0.01)
        return False
