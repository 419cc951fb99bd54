"""Tasks that outlive the request which started them, and loops that run as long as the process."""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import asynccontextmanager
from typing import Any, NoReturn

from app.problems import DatabaseUnavailable
from app.telemetry.metrics import TASK_FAILURES

log = logging.getLogger(__name__)

LONGEST_PAUSE = 30.0
"""Seconds between two attempts of a supervised task that keeps failing."""


class BackgroundTasks:
    """Keeps references to running tasks; at most one task of each name runs at a time."""

    def __init__(self) -> None:
        self._tasks: dict[str, asyncio.Task[Any]] = {}

    def start(self, name: str, work: Coroutine[Any, Any, Any]) -> asyncio.Task[Any]:
        """Start ``work``, or return the running task of that name and drop ``work``."""
        if name in self._tasks and not self._tasks[name].done():
            work.close()
            return self._tasks[name]
        task = asyncio.create_task(work, name=name)
        self._tasks[name] = task
        task.add_done_callback(self._on_done)
        return task

    def is_under_way(self, name: str) -> bool:
        """Tell whether a task of that name is running."""
        return name in self._tasks

    @property
    def tasks(self) -> list[asyncio.Task[Any]]:
        """The running tasks."""
        return list(self._tasks.values())

    async def drain(self, patience: float) -> None:
        """Wait ``patience`` seconds for every task to finish, then cancel the rest.

        Tasks that start meanwhile are included.
        """
        end = asyncio.get_running_loop().time() + patience
        while self._tasks and (left := end - asyncio.get_running_loop().time()) > 0:
            await asyncio.wait(self.tasks, timeout=left)
        while cancelled := self.tasks:
            for task in cancelled:
                task.cancel()
            await asyncio.gather(*cancelled, return_exceptions=True)

    def _on_done(self, task: asyncio.Task[Any]) -> None:
        if self._tasks.get(task.get_name()) is task:
            del self._tasks[task.get_name()]
        if task.cancelled() or (error := task.exception()) is None:
            return
        if isinstance(error, DatabaseUnavailable):
            log.warning("%s: %s The sweep retries it.", task.get_name(), error)
        else:
            log.error("%s ended with an error", task.get_name(), exc_info=error)


async def supervise(
    name: str, work: Callable[[], Awaitable[object]], *, pause: float = 1.0
) -> NoReturn:
    """Await ``work()`` again and again until this task is cancelled.

    ``work`` is one round of a loop and does its own waiting. A round that raises is logged,
    counted and followed by a pause of ``pause`` seconds, which doubles with each further failure
    up to ``LONGEST_PAUSE``; a round that succeeds resets it.
    """
    failures = 0
    count = TASK_FAILURES.labels(name)  # now, so that an alert finds 0 before the first failure
    while True:
        try:
            await work()
            failures = 0
        except Exception:  # any: without this loop, its jobs would wait until a restart
            count.inc()
            wait = min(pause * 2**failures, LONGEST_PAUSE)
            failures += 1
            log.exception("%s failed and starts again in %.0f s", name, wait)
            await asyncio.sleep(wait)


@asynccontextmanager
async def supervised(name: str, work: Callable[[], Awaitable[object]]) -> AsyncIterator[None]:
    """Run :func:`supervise` while the body runs."""
    task = asyncio.create_task(supervise(name, work), name=name)
    try:
        yield
    finally:
        task.cancel()
        await asyncio.wait({task})
