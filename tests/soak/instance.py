"""Service processes that are killed and started again, and the way to whichever is up."""

import asyncio
import random
import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack, suppress
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import httpx

from tests.support.process import PATIENCE, Process, started

PAUSE = 0.05
"""Seconds until somebody who found nobody there tries again."""

EXCUSES = "does not answer", "address already in use"
"""Why a start may fail: the database is away, or somebody else was given the port."""
UNHEARD = "Future exception was never retrieved"
"""What asyncio says of a call that the SDK had pending for nobody when its line was cut."""


class Instance:
    """One of the places where the service runs; each of its lives has a port of its own."""

    def __init__(self, folder: Path, settings: Mapping[str, str]) -> None:
        self.url: str | None = None
        """Where it is to be found; None while it is not."""
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
            process = self._life.enter_context(
                started(self._folder, "tests.soak.serve", **self._settings)
            )
            self._process = process
            if await self._gets_ready(process):
                self.url = process.url
                self.seconds_to_ready.append(time.monotonic() - began)
                return
            assert any(excuse in process.stderr for excuse in EXCUSES), process.stderr
            self.failed_starts += 1
            self._bury()

    def kill(self) -> None:
        """End it without a warning."""
        if self._process is not None:
            if (status := self._process.popen.poll()) is not None:
                self.troubles.append(f"ended by itself with {status}: {self._process.stderr}")
            self._process.popen.kill()
            self._bury()

    def _bury(self) -> None:
        if self._process is not None and any(map(is_fault, self._process.stderr.splitlines())):
            self.troubles.append(self._process.stderr)
        self.url = self._process = None
        self._life.close()

    async def _gets_ready(self, process: Process) -> bool:
        while process.popen.poll() is None:
            with suppress(httpx.TransportError):
                if (await self._client.get(f"{process.url}/readyz")).is_success:
                    return True
            await asyncio.sleep(0.01)
        return False


def is_fault(line: str) -> bool:
    """Tell a line of the log that somebody should have to look into."""
    return " ERROR " in line and UNHEARD not in line


class Entrance:
    """Sends each request to any one instance that is up, as a load balancer does."""

    def __init__(
        self, instances: Sequence[Instance], client: httpx.AsyncClient, chance: random.Random
    ) -> None:
        self.lost = 0
        """Requests of which nobody knows what became of them."""
        self.troubles: list[str] = []
        self._instances = instances
        self._client = client
        self._chance = chance

    async def send(self, method: str, path: str, **content: Any) -> httpx.Response | None:
        """Return the answer, or None where nobody gave one."""
        up = [instance.url for instance in self._instances if instance.url]
        if up:
            url = f"{self._chance.choice(up)}{path}"
            try:
                return await self._client.request(method, url, **content)
            except httpx.TimeoutException:
                self.troubles.append(f"no answer in {PATIENCE} s: {method} {path}")
            except httpx.TransportError:
                self.lost += 1
        await asyncio.sleep(PAUSE)
        return None
