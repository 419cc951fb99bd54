"""Work that outlives the request which started it."""

import asyncio
import logging
from collections.abc import Coroutine
from typing import Any

from app.errors import DatabaseUnavailable

log = logging.getLogger(__name__)


class BackgroundTasks:
    """Holds on to tasks, each known by a name that is at work at most once."""

    def __init__(self) -> None:
        self._tasks: dict[str, asyncio.Task[Any]] = {}

    def start(self, name: str, work: Coroutine[Any, Any, Any]) -> asyncio.Task[Any]:
        """Begin ``work`` unless something of that name is still under way; return what is."""
        if name in self._tasks and not self._tasks[name].done():
            work.close()
            return self._tasks[name]
        task = asyncio.create_task(work, name=name)
        self._tasks[name] = task
        task.add_done_callback(self._settle)
        return task

    def is_under_way(self, name: str) -> bool:
        """Tell whether something of that name has begun and not ended."""
        return name in self._tasks

    @property
    def tasks(self) -> list[asyncio.Task[Any]]:
        """What is under way."""
        return list(self._tasks.values())

    def _settle(self, task: asyncio.Task[Any]) -> None:
        if self._tasks.get(task.get_name()) is task:
            del self._tasks[task.get_name()]
        if task.cancelled() or (error := task.exception()) is None:
            return
        if isinstance(error, DatabaseUnavailable):
            log.warning("%s: %s The sweep goes on with it.", task.get_name(), error)
        else:
            log.error("%s ended with an error", task.get_name(), exc_info=error)

    async def drain(self, patience: float) -> None:
        """Let everything finish for ``patience`` seconds, then cancel what is left.

        What finishes may have begun something else, which is waited for as well.
        """
        end = asyncio.get_running_loop().time() + patience
        while self._tasks and (left := end - asyncio.get_running_loop().time()) > 0:
            await asyncio.wait(self.tasks, timeout=left)
        while cancelled := self.tasks:
            for task in cancelled:
                task.cancel()
            await asyncio.gather(*cancelled, return_exceptions=True)
