"""How to provoke the problems of changing credits in the back office."""

from collections.abc import Awaitable, Callable

import httpx

from tests.support.problems.scene import Scene

CHANGE = {"user": "ada", "credits": 50, "reference": "payment-1"}


async def insufficient_balance(scene: Scene) -> httpx.Response:
    await scene.ask(json={**CHANGE, "credits": -960})
    return await scene.ask(json={**CHANGE, "credits": -50, "reference": "payment-2"})


async def reference_mismatch(scene: Scene) -> httpx.Response:
    await scene.ask(json=CHANGE)
    return await scene.ask(json={**CHANGE, "user": "grace"})


async def not_charged(scene: Scene) -> httpx.Response:
    scene.job = await scene.run.submitted()
    return await scene.ask()


OWN: dict[tuple[str, str], Callable[[Scene], Awaitable[httpx.Response]]] = {
    ("adjustCredits", "insufficient_balance"): insufficient_balance,
    ("adjustCredits", "reference_mismatch"): reference_mismatch,
    ("adjustCredits", "invalid_request"): lambda scene: scene.ask(json={**CHANGE, "credits": 0}),
    ("refund", "not_charged"): not_charged,
}
"""By operation and problem code."""
