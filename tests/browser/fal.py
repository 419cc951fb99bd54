"""The stand-in for fal, in a thread, for tests that have no event loop."""

import asyncio
import threading
from typing import Any, Self

from tests.support.stand_ins.fal import FalStandIn
from tests.support.stand_ins.fal_faults import Hang
from tests.support.stand_ins.videos import small_video


class DrivenFal:
    """A fal whose jobs change only when the test says so."""

    def __init__(self) -> None:
        self._thread = threading.Thread(target=lambda: asyncio.run(self._live()))
        self._ready = threading.Event()
        self._video = small_video(height=36)

    def __enter__(self) -> Self:
        self._thread.start()
        self._ready.wait()
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._over.set)
        self._thread.join()

    @property
    def settings(self) -> dict[str, str]:
        """Environment variables of a service that uses it."""
        return {"FAL_KEY": FalStandIn.key, "FAL_PORT": str(self._stand_in.port)}

    @property
    def newest(self) -> str:
        """The id of the latest request."""
        return self._stand_in.newest

    @property
    def received(self) -> tuple[dict[str, Any], bytes]:
        """The arguments and the image of the latest request."""
        arguments = self._stand_in.requests[self.newest].arguments
        return arguments, self._stand_in.uploads[arguments["image_url"]]

    def submits(self) -> int:
        return self._stand_in.count("submit")

    def queue(self, position: int) -> None:
        self._stand_in.advance(self.newest, "IN_QUEUE", queue_position=position)

    def begin(self) -> None:
        self._stand_in.advance(self.newest, "IN_PROGRESS")

    def complete(self, request_id: str | None = None) -> None:
        self._stand_in.complete(request_id or self.newest, self._video)

    def fail(self, reason: str, request_id: str | None = None) -> None:
        self._stand_in.fail(request_id or self.newest, detail=reason)

    def hold(self, call: str) -> Hang:
        """Let the next such call hang until it is released."""
        hang = Hang()
        self._stand_in.faults.add(call, hang)
        return hang

    def release(self, hang: Hang) -> None:
        self._loop.call_soon_threadsafe(hang.released.set)

    async def _live(self) -> None:
        self._loop, self._over = asyncio.get_running_loop(), asyncio.Event()
        async with FalStandIn() as self._stand_in:
            self._ready.set()
            await self._over.wait()
