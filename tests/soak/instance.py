"""Service processes that are killed and restarted, and a load balancer in front of them."""

import asyncio
import random
import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack, suppress
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import httpx

from tests.support.process import PATIENCE, UNSHARED, Process, forked

PAUSE = 0.05
"""Seconds before a client retries when no instance answered."""

EXCUSES = "does not answer", "Address already in use", "MiB free", "No space left on device"
"""Accepted reasons of a failed start: no database, another process took the port, a full disk."""
LOST_CALL = "Future exception was never retrieved"
"""asyncio logs this for a call of the SDK that was pending when its connection was cut."""


class Instance:
    """One instance of the service. Each start is a new process with a new port."""

    def __init__(self, folder: Path, settings: Mapping[str, str]) -> None:
        self.url: str | None = None
        """Its address; None while it is not ready."""
        self.seconds_to_ready: list[float] = []
        self.failed_starts = 0
        self.failures: list[str] = []
        """The logs of processes that ended by themselves or logged an error."""
        self._folder = folder
        self._settings = settings
        self._resources = ExitStack()
        self._process: Process | None = None

    async def __aenter__(self) -> Self:
        self._client = httpx.AsyncClient(timeout=PATIENCE, limits=UNSHARED)
        return self

    async def __aexit__(
        self, error: type[BaseException] | None, _: BaseException | None, __: TracebackType | None
    ) -> None:
        self.kill()
        await self._client.aclose()

    async def start(self) -> None:
        """Start it, repeatedly if needed, and wait until it is ready."""
        while True:
            began = time.monotonic()
            process = self._resources.enter_context(
                forked(self._folder, "tests.support.serve", **self._settings)
            )
            self._process = process
            if await self._gets_ready(process):
                self.url = process.url
                self.seconds_to_ready.append(time.monotonic() - began)
                return
            assert any(excuse in process.stderr for excuse in EXCUSES), process.stderr
            self.failed_starts += 1
            self._discard()

    def kill(self) -> None:
        """Kill the process with SIGKILL."""
        if self._process is not None:
            if self._process.popen.poll() is not None:
                self.failures.append(f"ended by itself: {self._process.stderr}")
            self._process.kill()
            self._discard()

    def _discard(self) -> None:
        if self._process is not None and any(map(is_fault, self._process.stderr.splitlines())):
            self.failures.append(self._process.stderr)
        self.url = self._process = None
        self._resources.close()

    async def _gets_ready(self, process: Process) -> bool:
        while process.popen.poll() is None:
            with suppress(httpx.TransportError):
                if (await self._client.get(f"{process.url}/readyz")).is_success:
                    return True
            await asyncio.sleep(0.01)
        return False


def is_fault(line: str) -> bool:
    """Return whether a line of the log is an error that is not expected."""
    return " ERROR " in line and LOST_CALL not in line


class LoadBalancer:
    """Sends each request to a random instance that is up."""

    def __init__(
        self, instances: Sequence[Instance], client: httpx.AsyncClient, chance: random.Random
    ) -> None:
        self.lost = 0
        """Requests whose connection broke: they may or may not have been carried out."""
        self.failures: list[str] = []
        self._instances = instances
        self._client = client
        self._chance = chance

    async def send(self, method: str, path: str, **content: Any) -> httpx.Response | None:
        """Return the answer, or None if there was none."""
        up = [instance.url for instance in self._instances if instance.url]
        if up:
            url = f"{self._chance.choice(up)}{path}"
            try:
                return await self._client.request(method, url, **content)
            except httpx.TimeoutException:
                self.failures.append(f"no answer in {PATIENCE} s: {method} {path}")
            except httpx.TransportError:
                self.lost += 1
        await asyncio.sleep(PAUSE)
        return None
