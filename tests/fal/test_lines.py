"""A submit on a quiet service finds its lines to fal open."""

import asyncio
from collections.abc import AsyncIterator

import httpx
import pytest

from app.fal.lines import IDLE, Lines
from app.fal.queue import Fal
from app.settings import Settings
from app.telemetry.seam import direct
from tests.support.service import SUBMIT, png, running, submission
from tests.support.stand_ins.fal import FalStandIn
from tests.support.tokens import bearer


@pytest.fixture
async def client(fal: FalStandIn) -> Fal:
    return Fal(key=fal.key, transport=fal.transport, seam=direct)


async def uploads(client: Fal) -> None:
    await client.upload(b"image", content_type="image/png", file_name="j.png")


async def test_submit_after_the_lines_are_open_opens_none(fal: FalStandIn, client: Fal) -> None:
    await uploads(client)
    for line in list(fal.connections.open.values()):
        line.abort()
    opened = fal.connections.accepted
    assert client.lines.may_be_closed
    await client.lines.open()
    assert fal.connections.accepted == opened + 2, "they are opened at the same time"
    assert not client.lines.may_be_closed
    await uploads(client)
    await client.submit("fal-ai/model", b"{}", webhook_url=None)
    assert fal.connections.accepted == opened + 2
    assert [call.name for call in fal.calls] == ["token", "upload", "upload", "submit"]
    await client.aclose()


async def test_opening_carries_no_key(client: Fal) -> None:
    await uploads(client)
    sent: list[httpx.Request] = []

    async def note(request: httpx.Request) -> None:
        sent.append(request)

    client.media.event_hooks["request"] = [note]
    await client.lines.open()
    assert {(request.method, str(request.url)) for request in sent} == {
        ("OPTIONS", "https://queue.fal.run/"),
        ("OPTIONS", "https://v3.fal.media/"),
    }
    assert all("authorization" not in request.headers for request in sent)
    await client.aclose()


async def test_fal_that_cannot_be_reached_is_left_to_the_calls() -> None:
    async def away(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("away", request=request)

    client = Fal(key="key", transport=httpx.MockTransport(away), seam=direct)
    await client.lines.open()
    await client.aclose()


def test_lines_may_be_closed_once_no_submit_has_used_them_for_a_while() -> None:
    now = 100.0
    lines = Lines(httpx.AsyncClient(), lambda: None, clock=lambda: now)
    assert lines.may_be_closed
    lines.note_submit()
    assert not lines.may_be_closed
    now += IDLE + 0.1
    assert lines.may_be_closed


async def test_lines_are_open_before_the_body_of_a_submit_has_arrived(
    settings: Settings, fal: FalStandIn
) -> None:
    async def body() -> AsyncIterator[bytes]:
        async with asyncio.timeout(10):
            while not fal.connections.accepted:  # noqa: ASYNC110 they are opened elsewhere
                await asyncio.sleep(0.01)
        yield b"--x--\r\n"

    headers = bearer() | {"Content-Type": "multipart/form-data; boundary=x"}
    async with running(settings, fal) as run:
        refused = await run.client.post(SUBMIT, headers=headers, content=body())
    assert refused.status_code == 400
    assert fal.calls == []


async def test_stranger_opens_no_line(settings: Settings, fal: FalStandIn) -> None:
    async with running(settings, fal) as run:
        answer = await run.client.post(SUBMIT, **submission(png()))
        assert answer.status_code == 401
        await run.wait_for_background()
    assert fal.connections.accepted == 0
