"""How to provoke the problems that every route of the back office can have."""

from collections.abc import AsyncIterator, Awaitable, Callable
from unittest import mock

import httpx

from tests.support.problems.scene import Scene


async def closed(scene: Scene) -> httpx.Response:
    """The service has no keys."""
    settings = scene.run.service.settings.model_copy(update={"admin_api_keys": ()})
    object.__setattr__(scene.run.service, "settings", settings)
    return await scene.ask()


async def too_busy(scene: Scene) -> httpx.Response:
    async def body() -> AsyncIterator[bytes]:
        yield b"{"

    with mock.patch.object(scene.run.service.memory.callbacks, "take", return_value=False):
        return await scene.ask(json=None, content=body())


ALIKE: dict[str, Callable[[Scene], Awaitable[httpx.Response]]] = {
    "not_found": closed,
    "invalid_json": lambda scene: scene.ask(json=None, content=b"{"),
    "invalid_request": lambda scene: scene.ask(json={"unknown": 1}),
    "too_busy": too_busy,
}
"""By problem code."""
