"""The queue: requests on disk, rendered one at a time in their order."""

import asyncio
import logging
import threading
import time
from pathlib import Path
from typing import Any

from app.local_fal import disk
from app.local_fal.generation import Generation
from app.local_fal.model import Model
from app.local_fal.outcome import Outcome
from app.local_fal.renderer import RenderStopped

logger = logging.getLogger(__name__)

CANCELLED = Outcome.request_error(
    499, "client_cancelled", "The request was cancelled before it was completed."
)


class Queue:
    """The requests of the last days, queued, running or finished.

    Everything but the render runs on the event loop without an await in between, so no call sees
    a half-made change.
    """

    def __init__(self, folder: Path, model: Model) -> None:
        self._folder = folder
        self._model = model
        self._generations: dict[str, Generation] = {}
        self._waiting: list[Generation] = []
        self._arrived = asyncio.Event()
        self._stop = threading.Event()
        self._closed = False

    def open(self) -> None:
        """Read the folder: queue unfinished requests in their order, remove expired results."""
        disk.open_folder(self._folder)
        for path in self._folder.glob("*.json"):
            generation = Generation.from_json(path.read_text())
            if generation.outcome and disk.expired(path):
                path.unlink()
            else:
                self._generations[generation.id] = generation
        unfinished = (one for one in self._generations.values() if one.outcome is None)
        self._waiting = sorted(unfinished, key=lambda one: one.submitted_at)

    def close(self) -> None:
        """End :meth:`work`; a running render stops and starts again with the next process."""
        self._closed = True
        self._stop.set()
        self._arrived.set()

    def submit(self, model: str, arguments: dict[str, Any]) -> Generation:
        """Queue a request; it is on disk when this returns."""
        generation = Generation(model=model, arguments=arguments)
        self._save(generation)
        self._generations[generation.id] = generation
        self._waiting.append(generation)
        self._arrived.set()
        return generation

    def find(self, app: str, request_id: str) -> Generation | None:
        """Return the request, or None if ``app`` has none with this id."""
        generation = self._generations.get(request_id)
        return generation if generation and generation.app == app else None

    def position(self, generation: Generation) -> int | None:
        """Return how many requests are before this one, or None if it is not waiting."""
        return self._waiting.index(generation) if generation in self._waiting else None

    def cancel(self, generation: Generation) -> None:
        """End an unfinished request: a queued one at once, a running one at its next frame."""
        if generation in self._waiting:
            self._waiting.remove(generation)
        else:
            self._stop.set()
        self._finish(generation, CANCELLED)

    async def work(self) -> None:
        """Render the waiting requests one after the other, until :meth:`close`."""
        while not self._closed:
            if self._waiting:
                await self._run(self._waiting.pop(0))
            else:
                self._arrived.clear()
                await self._arrived.wait()

    async def _run(self, generation: Generation) -> None:
        self._stop.clear()
        started = time.monotonic()
        try:
            outcome = await asyncio.to_thread(self._model.run, generation, self._stop)
        except RenderStopped:
            return
        if generation.outcome is None:  # otherwise it was cancelled during its last frame
            generation.inference_time = time.monotonic() - started
            self._finish(generation, outcome)

    def _finish(self, generation: Generation, outcome: Outcome) -> None:
        generation.outcome = outcome
        try:
            self._save(generation)
        except OSError:
            logger.exception(
                "Local fal cannot save the outcome of %s. It is rendered again after a restart.",
                generation.id,
            )

    def _save(self, generation: Generation) -> None:
        with disk.replacing(self._folder / f"{generation.id}.json") as part:
            part.write_text(generation.to_json())
