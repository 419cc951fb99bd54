"""A refusal holds nothing of what is refused: its client may be slow to read it."""

import asyncio
import gc
from typing import Any

import httpx
import pytest
from starlette.types import ASGIApp, Message

from app.problems import SubmitRefused, TemplateNotFound, Unauthenticated
from tests.support.memory import allocated
from tests.support.process import MEBIBYTE, PATIENCE
from tests.support.raw_requests import canvas
from tests.support.service import SUBMIT, Running, submission
from tests.support.stand_ins.fal import FalStandIn
from tests.support.stand_ins.fal_faults import Answer
from tests.support.stand_ins.fal_webhooks import Webhooks
from tests.support.tokens import bearer

SUBMIT_URL = f"http://service{SUBMIT}"
IMAGE = canvas(8 * MEBIBYTE)
PIECE = 64 * 1024
MOST = MEBIBYTE
"""Bytes that a request without its body may hold."""


async def status_of(app: ASGIApp, request: httpx.Request, fal: FalStandIn) -> int:
    """Send a request, and read the answer only when little is held in memory."""
    body = request.read()
    starts = list(range(0, len(body), PIECE))
    statuses: list[int] = []

    async def receive() -> Message:
        if not starts:
            await asyncio.Event().wait()
        start = starts.pop(0)
        piece = body[start : start + PIECE]
        return {"type": "http.request", "body": piece, "more_body": bool(starts)}

    async def send(message: Message) -> None:
        if message["type"] == "http.response.start":
            statuses.append(message["status"])
            fal.calls.clear()  # fal runs in this process
            async with asyncio.timeout(PATIENCE):
                # The thread that checks images lets go of them a moment later.
                while allocated() - before > MOST:  # noqa: ASYNC110 no event for it
                    await asyncio.sleep(0.01)

    gc.collect()
    gc.disable()
    before = allocated()
    try:
        await app(scope_of(request), receive, send)
    finally:
        gc.enable()
    (status,) = statuses
    return status


def scope_of(request: httpx.Request) -> dict[str, Any]:
    return {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": request.method,
        "scheme": "http",
        "path": request.url.path,
        "raw_path": request.url.raw_path.partition(b"?")[0],
        "query_string": request.url.query,
        "root_path": "",
        "headers": [(name.lower(), value) for name, value in request.headers.raw],
        "server": ("service", 80),
        "client": ("127.0.0.1", 1),
    }


@pytest.fixture
def app(run: Running) -> ASGIApp:
    transport = run.client._transport
    assert isinstance(transport, httpx.ASGITransport)
    return transport.app


async def test_a_submit_that_is_refused_here(app: ASGIApp, fal: FalStandIn) -> None:
    order = {"templateSlug": "no-such-template"}
    request = httpx.Request("POST", SUBMIT_URL, **submission(IMAGE, order), headers=bearer())
    assert await status_of(app, request, fal) == TemplateNotFound.status


async def test_a_submit_that_fal_refuses(app: ASGIApp, fal: FalStandIn) -> None:
    fal.faults.add("upload", Answer(422))
    fal.faults.add("initiate", Answer(422))
    request = httpx.Request("POST", SUBMIT_URL, **submission(IMAGE), headers=bearer())
    assert await status_of(app, request, fal) == SubmitRefused.status


async def test_a_callback_with_a_forged_signature(app: ASGIApp, fal: FalStandIn) -> None:
    request = httpx.Request(
        "POST",
        "http://service/api/webhooks/fal?jobId=x",
        content=IMAGE,
        headers=Webhooks().sign("request", b"{}"),
    )
    assert await status_of(app, request, fal) == Unauthenticated.status
