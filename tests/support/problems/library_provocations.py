"""How to provoke the problems of the user's library and jobs."""

from collections.abc import Awaitable, Callable

import httpx

from tests.support.problems.scene import Scene


async def too_busy_to_change(scene: Scene) -> httpx.Response:
    scene.monkeypatch.setattr(scene.run.service.memory.callbacks, "take", lambda _: False)
    return await scene.ask()


async def too_busy_to_list(scene: Scene) -> httpx.Response:
    scene.monkeypatch.setattr(scene.run.service.memory.pages, "take", lambda *_: False)
    return await scene.ask()


async def too_busy_to_ask(scene: Scene) -> httpx.Response:
    scene.monkeypatch.setattr(scene.run.service.memory.requests, "take", lambda *_: False)
    return await scene.ask()


LIBRARY: dict[tuple[str, str], Callable[[Scene], Awaitable[httpx.Response]]] = {
    ("changeVideo", "invalid_json"): lambda scene: scene.ask(json=None, content=b"{"),
    ("changeVideo", "invalid_request"): lambda scene: scene.ask(json={"title": " "}),
    ("changeVideo", "video_not_found"): lambda scene: scene.ask(),
    ("changeVideo", "too_busy"): too_busy_to_change,
    ("video", "video_not_found"): lambda scene: scene.ask(),
    **{(each, "too_busy"): too_busy_to_list for each in ("library", "video", "jobs", "credits")},
    **{
        (each, "too_busy"): too_busy_to_ask
        for each in ("status", "events", "cancel", "download", "share", "revoke", "deleteVideo")
    },
    ("jobs", "invalid_query"): lambda scene: scene.ask(params={"status": "done"}),
}
