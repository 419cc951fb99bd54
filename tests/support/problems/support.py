"""How to provoke the problems of suspending users and of taking templates off offer."""

from collections.abc import Awaitable, Callable

import httpx

from tests.support.problems.scene import Scene
from tests.support.service import TEMPLATE


async def forbidden_to_submit(scene: Scene) -> httpx.Response:
    await scene.run.administer("PATCH", "users/ada", {"suspended": True})
    return await scene.submit()


async def template_not_found(scene: Scene) -> httpx.Response:
    await scene.run.rows("DELETE type::record('template', $slug)", slug=TEMPLATE)
    return await scene.ask()


OWN: dict[tuple[str, str], Callable[[Scene], Awaitable[httpx.Response]]] = {
    ("submit", "forbidden"): forbidden_to_submit,
    ("offer", "template_not_found"): template_not_found,
}
"""By operation and problem code."""
