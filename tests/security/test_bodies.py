"""A body of 200 MB is refused at the limit, even if its Content-Length is false."""

from collections.abc import AsyncIterator

import pytest

from app.api.form import MAX_OVERHEAD_BYTES
from app.settings import Settings
from tests.support.refusals import assert_no_effect, assert_problem
from tests.support.service import SUBMIT, running
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
        headers = {"Content-Length": length}
        answer = await run.client.post("/api/webhooks/fal?jobId=x", content=body(), headers=headers)
        assert_problem(answer, 400, "invalid_json")
    assert taken <= 10 * MEGABYTE
