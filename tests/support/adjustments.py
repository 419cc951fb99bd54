"""Changes of the back office to a user's credits, and what is booked of them."""

from typing import Any

import httpx

from tests.support.service import Running
from tests.support.stand_ins.fal import FalStandIn
from tests.support.stand_ins.videos import small_video


async def adjust(
    run: Running, credits_: int, reference: str = "payment-1", *, user: str = "ada", **given: Any
) -> httpx.Response:
    body = {"user": user, "credits": credits_, "reference": reference} | given
    return await run.administer("POST", "credits", body)


async def book(run: Running) -> list[dict[str, Any]]:
    """Return the rows of ``admin_action`` without ids and times, oldest first."""
    rows = await run.rows("SELECT * OMIT id, at FROM admin_action ORDER BY id")
    return [dict(row) for row in rows]


async def charged(run: Running, fal: FalStandIn, **given: Any) -> str:
    """Complete a job, which costs 10 credits."""
    job_id = await run.submitted(**given)
    fal.complete(fal.newest, small_video())
    await run.finished(job_id, user=given.get("user", "ada"))
    return job_id


def account(balance: int, held: int = 0) -> dict[str, int]:
    return {"balance": balance, "held": held, "available": balance - held}
