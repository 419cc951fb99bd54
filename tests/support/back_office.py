"""Answers of the back office, one for each example in the OpenAPI document."""

from collections.abc import AsyncIterator

import httpx

from tests.support.service import TEMPLATE, Running


async def support_answers(
    run: Running, delivered: str
) -> AsyncIterator[tuple[str, str, httpx.Response]]:
    """Yield operation, name of the example, and answer; ``delivered`` is a completed job of ada,
    and an erasure of bob was asked for.
    """
    waiting = await run.submitted(user="grace")
    await run.wait_for_background()
    yield "supportJobs", "supportJobs", await run.administer("GET", "jobs?user=grace")
    yield "story", "story", await run.administer("GET", f"jobs/{delivered}")
    reason = {"reason": "fal has no such request; ticket 4711."}
    yield "fail", "ended", await run.administer("POST", f"jobs/{waiting}/fail", reason)
    yield "supportUser", "supportUser", await run.administer("GET", "users/grace")
    yield "supportUser", "userBeingErased", await run.administer("GET", "users/bob")
    suspended = await run.administer("PATCH", "users/grace", {"suspended": True})
    yield "suspend", "suspendedUser", suspended
    off = await run.administer("PATCH", f"templates/{TEMPLATE}", {"enabled": False})
    yield "offer", "offer", off
