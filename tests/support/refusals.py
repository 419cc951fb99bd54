"""The shape of every refusal, and proof that it had no effect."""

from typing import Any

import httpx

from tests.support.service import Running
from tests.support.stand_ins.fal import FalStandIn


def assert_problem(answer: httpx.Response, status: int, code: str) -> dict[str, Any]:
    """Assert that the answer is this problem, and return its body."""
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    body: dict[str, Any] = answer.json()
    assert {"type", "title", "status", "detail", "code"} <= body.keys()
    assert (body["status"], body["code"]) == (status, code)
    assert body["detail"]
    return body


async def assert_no_effect(run: Running, fal: FalStandIn) -> None:
    """Assert that no credits were held, no job was written and fal was not called."""
    assert fal.calls == []
    assert await run.rows("SELECT * FROM video_job") == []
    assert await run.rows("SELECT * FROM credit_entry WHERE kind = 'hold'") == []
