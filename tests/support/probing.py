"""A pytest plugin: the services in a worker's process share one process that probes videos.

A service's own ends with its event loop, and each test has a loop of its own.
"""

import asyncio
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import get_context
from typing import TypeVar

import anyio.to_process
import pytest
from anyio import BrokenWorkerProcess

Result = TypeVar("Result")


class SharedProcess:
    """Stands in for ``anyio.to_process``."""

    def __init__(self) -> None:
        self._pool = self._opened()

    async def run_sync(
        self, function: Callable[..., Result], *arguments: object, **_limits: object
    ) -> Result:
        """Run the function there, as ``anyio.to_process.run_sync`` does."""
        loop = asyncio.get_running_loop()
        try:
            return await loop.run_in_executor(self._pool, function, *arguments)
        except BrokenProcessPool as error:
            self.close()
            self._pool = self._opened()
            raise BrokenWorkerProcess from error

    def close(self) -> None:
        self._pool.shutdown()

    def _opened(self) -> ProcessPoolExecutor:
        return ProcessPoolExecutor(1, mp_context=get_context("spawn"))


@pytest.fixture(scope="session")
def shared_process() -> Iterator[SharedProcess]:
    process = SharedProcess()
    yield process
    process.close()


@pytest.fixture(autouse=True)
def _shared_probing(
    shared_process: SharedProcess, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    if "own_probing" not in request.keywords:
        monkeypatch.setattr(anyio.to_process, "run_sync", shared_process.run_sync)
