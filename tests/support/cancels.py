"""Jobs that are being generated, and the answers to their cancels."""

from typing import Any

import httpx

from tests.support.service import Running
from tests.support.stand_ins.fal import FalStandIn


async def cancelled(run: Running, job_id: str) -> dict[str, Any]:
    """Cancel, expect 202, and return the job of the answer."""
    answer = await run.cancel(job_id)
    assert answer.status_code == 202, answer.text
    return dict(answer.json())


def refusal(answer: httpx.Response) -> tuple[int, str]:
    """Return the status and the code of a problem."""
    assert answer.headers["content-type"] == "application/problem+json"
    return answer.status_code, answer.json()["code"]


async def generating(run: Running, fal: FalStandIn) -> tuple[str, str]:
    """Submit, and let fal start to generate the video."""
    job_id, request_id = await run.submitted(), fal.newest
    fal.advance(request_id, "IN_PROGRESS")
    await run.status(job_id)
    return job_id, request_id
