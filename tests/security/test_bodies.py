"""A body of 200 MB is refused at the limit, even if its Content-Length is false."""

import asyncio
import re
from collections.abc import AsyncIterator

import httpx
import pytest

from app.api import body, form
from app.api.form import MAX_OVERHEAD_BYTES
from app.settings import Settings
from tests.support.process import PATIENCE
from tests.support.refusals import assert_no_effect, assert_problem
from tests.support.service import SUBMIT, over_a_socket, running
from tests.support.stand_ins.fal import FalStandIn
from tests.support.tokens import bearer

MEGABYTE = 1024 * 1024
HEAD = b'--b\r\nContent-Disposition: form-data; name="startImage"; filename="x"\r\n\r\n'


@pytest.mark.parametrize("length", ["100", "1048576", "999999999999", "-1", "no number", None])
async def test_multipart_of_200_mb_with_a_false_content_length(
    settings: Settings, fal: FalStandIn, length: str | None
) -> None:
    taken = 0

    async def body() -> AsyncIterator[bytes]:
        nonlocal taken
        for chunk in [HEAD] + [bytes(65536)] * (200 * MEGABYTE // 65536):
            yield chunk
            taken += len(chunk)

    headers = {"Content-Type": "multipart/form-data; boundary=b"}
    if length is not None:
        headers["Content-Length"] = length
    bounded = settings.model_copy(update={"max_image_bytes": MEGABYTE})
    async with running(bounded, fal) as run:
        answer = await run.client.post(SUBMIT, content=body(), headers=bearer() | headers)
        assert_problem(answer, 413, "image_too_large")
        await assert_no_effect(run, fal)
    assert taken <= MEGABYTE + MAX_OVERHEAD_BYTES


@pytest.mark.parametrize("length", ["10", "999999999999"])
async def test_callback_of_200_mb_with_a_false_content_length(
    settings: Settings, fal: FalStandIn, length: str
) -> None:
    taken = 0

    async def body() -> AsyncIterator[bytes]:
        nonlocal taken
        for _ in range(200 * MEGABYTE // 65536):
            yield bytes(65536)
            taken += 65536

    async with running(settings, fal) as run:
        headers = fal.webhooks.sign("request", b"another body") | {"Content-Length": length}
        answer = await run.client.post("/api/webhooks/fal?jobId=x", content=body(), headers=headers)
        assert_problem(answer, 400, "invalid_json")
    assert taken <= 10 * MEGABYTE


async def test_body_of_a_callback_without_a_possible_signature_is_not_read(
    settings: Settings, fal: FalStandIn
) -> None:
    async def body() -> AsyncIterator[bytes]:
        pytest.fail("the body is read")
        yield b""

    signed = fal.webhooks.sign("request", b"{}")
    old = fal.webhooks.sign("request", b"{}", timestamp="1000000")
    wrong = [
        *({name: value for name, value in signed.items() if name != left} for left in signed),
        old,
        signed | {"X-Fal-Webhook-Signature": "0" * 126},
        signed | {"X-Fal-Webhook-Signature": "x" * 128},
    ]
    async with running(settings, fal) as run:
        for headers in wrong:
            answer = await run.client.post(
                "/api/webhooks/fal?jobId=x", content=body(), headers=headers
            )
            assert_problem(answer, 401, "unauthenticated")


async def test_small_callback_is_served_while_large_bodies_fill_the_memory(
    settings: Settings, fal: FalStandIn
) -> None:
    async with running(settings, fal) as run:
        job_id = await run.submitted()
        assert run.service.memory.callbacks.take(12 * MEGABYTE)
        headers, body = fal.callback(fal.newest)
        path = f"/api/webhooks/fal?jobId={job_id}"
        async with (
            over_a_socket(run) as url,
            httpx.AsyncClient(base_url=url, timeout=PATIENCE) as client,
        ):
            answer = await client.post(path, content=body, headers=headers)
        assert answer.status_code == 200

        async def in_pieces() -> AsyncIterator[bytes]:
            yield body[:5]
            yield body[5:]

        answer = await run.client.post(path, content=in_pieces(), headers=headers)
        assert_problem(answer, 503, "too_busy")


async def test_one_users_images_leave_room_for_another_users(
    settings: Settings, fal: FalStandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(form, "IMAGE_PATIENCE", 0.01)
    async with running(settings, fal) as run:
        assert run.service.memory.images.take(settings.max_image_bytes, "ada")
        refused = await run.submit(user="ada")
        assert_problem(refused, 503, "too_busy")
        assert int(refused.headers["Retry-After"]) > 0
        await assert_no_effect(run, fal)
        await run.submitted(user="bob")
        run.service.memory.images.give_back(settings.max_image_bytes, "ada")
        await run.submitted(user="ada")


async def test_forms_on_their_way_are_bounded_by_user(
    settings: Settings, fal: FalStandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(form, "FORM_WAIT", 0.01)
    async with running(settings, fal) as run:
        assert run.service.memory.receiving.take(8 * body.RECEIVING_BYTES, "ada")
        assert_problem(await run.submit(user="ada"), 503, "too_busy")
        await run.submitted(user="bob")


@pytest.mark.parametrize("size", [2 * MEGABYTE, 30 * MEGABYTE])
async def test_proxy_that_reads_no_answer_before_all_is_sent_gets_the_refusal(
    settings: Settings, fal: FalStandIn, size: int
) -> None:
    form = HEAD + bytes(size) + b"\r\n--b--\r\n"
    names = bearer() | {
        "Host": "service",
        "Content-Type": "multipart/form-data; boundary=b",
        "Content-Length": str(len(form)),
    }
    head = "".join(f"{name}: {value}\r\n" for name, value in names.items())
    bounded = settings.model_copy(update={"max_image_bytes": size - 1000})
    async with running(bounded, fal) as run, over_a_socket(run) as url:
        reader, writer = await asyncio.open_connection("127.0.0.1", httpx.URL(url).port)
        for _ in range(2):  # the connection serves on
            writer.write(f"POST {SUBMIT} HTTP/1.1\r\n{head}\r\n".encode())
            for start in range(0, len(form), MEGABYTE):
                writer.write(form[start : start + MEGABYTE])
                await writer.drain()
            answer = await reader.readuntil(b"\r\n\r\n")
            assert answer.startswith(b"HTTP/1.1 413 ")
            length = re.search(rb"content-length: (\d+)", answer)
            assert length is not None
            assert b"image_too_large" in await reader.readexactly(int(length[1]))
        writer.close()
        await writer.wait_closed()
        await assert_no_effect(run, fal)
