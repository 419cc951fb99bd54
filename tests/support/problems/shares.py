"""How to provoke the problems of downloads and shares."""

from collections.abc import Awaitable, Callable

import httpx

from tests.support.problems.scene import Scene

SIGNED_IN = ("download", "share", "revoke")
OPEN = ("shared", "sharedVideo", "sharedPoster")


async def missing(scene: Scene) -> httpx.Response:
    return await scene.ask()


async def storage_unavailable(scene: Scene) -> httpx.Response:
    await scene.completed()
    scene.token = await scene.run.service.shares.share(scene.job, "ada")
    scene.run.lose_storage()
    return await scene.ask()


async def too_busy(scene: Scene) -> httpx.Response:
    scene.monkeypatch.setattr(scene.run.service.memory.pages, "take", lambda *_: False)
    return await scene.ask()


OWN: dict[tuple[str, str], Callable[[Scene], Awaitable[httpx.Response]]] = {
    **{(operation, "video_not_found"): missing for operation in (*SIGNED_IN, *OPEN)},
    **{(operation, "storage_unavailable"): storage_unavailable for operation in OPEN},
    **{(operation, "too_busy"): too_busy for operation in OPEN},
}
