"""Submits that are held while fal does not answer."""

import asyncio
from dataclasses import dataclass
from typing import Any

import httpx

from tests.support.service import Running
from tests.support.stand_ins.fal import FalStandIn
from tests.support.stand_ins.fal_faults import Hang


@dataclass(frozen=True)
class HeldSubmit:
    """The only submit so far, while one of its calls to fal hangs."""

    job_id: str
    answer: asyncio.Task[httpx.Response]
    hang: Hang

    async def released(self) -> httpx.Response:
        """Let fal answer, and return the answer to the submit."""
        self.hang.released.set()
        return await self.answer


async def held_submit(
    run: Running, fal: FalStandIn, call: str, *, after_effect: bool = False, **given: Any
) -> HeldSubmit:
    """Submit, and return when ``call`` hangs, before its effect at fal or after it."""
    hang = Hang(after_effect=after_effect)
    fal.faults.add(call, hang)
    answer = asyncio.create_task(run.submit(**given))
    await hang.reached.wait()
    (job_id,) = await run.rows("SELECT VALUE record::id(id) FROM video_job")
    return HeldSubmit(str(job_id), answer, hang)
