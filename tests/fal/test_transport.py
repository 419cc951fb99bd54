import asyncio
import gzip
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import httpx
import pytest

from app.errors import FalAnswerLost, FalRefused
from app.fal.queue import Fal
from app.fal.transport import LARGEST_ANSWER, SingleAttempt
from tests.fal.conftest import MODEL
from tests.support.memory import Tracing
from tests.support.stand_ins.fal import FalStandIn
from tests.support.stand_ins.fal_faults import Answer

POLICY = {"loc": ["body", "prompt"], "msg": "Flagged.", "type": "content_policy_violation"}


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("7", 7),
        ("0", 0),
        ("99999999999", 86400),
        ("soon", None),
        ("Wed, 21 Oct 2015 07:28:00 -0000", 0),
        ("Wed, 21 Oct 9999 07:28:00 GMT", 86400),
        ("Thu, 01 Jan 2026 00:00:00 +99999999999999999", None),
    ],
)
async def test_retry_after_is_passed_on_in_seconds(
    fal: FalStandIn, client: Fal, value: str, seconds: int | None
) -> None:
    fal.faults.add("submit", Answer(429, {}, {"Retry-After": value}))
    with pytest.raises(FalRefused) as refused:
        await client.submit(MODEL, b"{}", webhook_url=None)
    assert refused.value.retry_after == seconds


async def test_retry_after_may_be_an_http_date(fal: FalStandIn, client: Fal) -> None:
    in_an_hour = format_datetime(datetime.now(UTC) + timedelta(hours=1), usegmt=True)
    fal.faults.add("submit", Answer(429, {}, {"Retry-After": in_an_hour}))
    with pytest.raises(FalRefused) as refused:
        await client.submit(MODEL, b"{}", webhook_url=None)
    assert refused.value.retry_after == pytest.approx(3600, abs=60)


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({"detail": [POLICY]}, "Flagged. (content_policy_violation)"),
        (
            {"detail": [POLICY, {"msg": "Too small"}, {"type": "odd"}, "plain", 7]},
            "Flagged. (content_policy_violation); Too small; odd; plain",
        ),
        ({"detail": "Runner died", "error_type": "runner_server_error"}, "Runner died"),
        ({"error_type": "startup_timeout"}, "startup_timeout"),
        ({"error": "Exhausted balance"}, "Exhausted balance"),
        ({"detail": "two\r\nlines,\ta \x1b[31mcolour\x00\u202e"}, "two lines, a [31mcolour"),
        ({"detail": "lone \ud800 surrogate"}, "lone surrogate"),
        ({"detail": "x" * 900}, "x" * 499 + "…"),
        (
            {"detail": "no https://v3.fal.media/a.png?sig=secret&x=1 there"},
            "no https://v3.fal.media/a.png there",
        ),
        ({"detail": "Invalid key key-id:key-secret"}, "Invalid key …"),
        ({"detail": {"msg": "Flagged.", "type": "policy"}}, "Flagged. (policy)"),
        ({"detail": {"message": "Flagged."}}, "Flagged."),
        ({"message": "Exhausted balance"}, "Exhausted balance"),
        ({"error": {"message": "Exhausted balance"}}, "Exhausted balance"),
        ({"detail": [], "message": "Exhausted balance"}, "Exhausted balance"),
        ({"detail": []}, "fal answered 422 Unprocessable Entity"),
        ({"detail": {"odd": 1}}, "fal answered 422 Unprocessable Entity"),
        ([1], "fal answered 422 Unprocessable Entity"),
    ],
)
async def test_fals_reason_becomes_one_readable_line_without_secrets(
    fal: FalStandIn, client: Fal, body: dict[str, Any] | list[Any], message: str
) -> None:
    fal.faults.add("submit", Answer(422, body))
    with pytest.raises(FalRefused) as refused:
        await client.submit(MODEL, b"{}", webhook_url=None)
    assert str(refused.value) == message


async def test_the_error_type_header_is_the_reason_if_the_body_has_none(
    fal: FalStandIn, client: Fal
) -> None:
    fal.faults.add("submit", Answer(503, "", {"X-Fal-Error-Type": "runner_disconnected"}))
    with pytest.raises(FalRefused, match=r"^runner_disconnected$"):
        await client.submit(MODEL, b"{}", webhook_url=None)


async def test_a_compressed_answer_is_read(fal: FalStandIn, client: Fal) -> None:
    body = gzip.compress(b'{"request_id": "request-1"}')
    fal.faults.add("submit", Answer(200, body, {"Content-Encoding": "gzip"}))
    assert (await client.submit(MODEL, b"{}", webhook_url=None)).request_id == "request-1"


@pytest.mark.parametrize("times", [1, 2])
def test_an_answer_is_never_inflated_beyond_its_bound(tracing: Tracing, times: int) -> None:
    bomb = bytes(32 * LARGEST_ANSWER)
    for _ in range(times):
        bomb = gzip.compress(bomb)
    assert tracing.of(take_answer, bomb, ", ".join(["gzip"] * times)).peak < 4 * LARGEST_ANSWER


def take_answer(bomb: bytes, encoding: str) -> None:
    async def pieces() -> AsyncIterator[bytes]:
        yield bomb

    async def take() -> None:
        headers = {"Content-Encoding": encoding}
        host = httpx.MockTransport(lambda _: httpx.Response(200, content=pieces(), headers=headers))
        async with httpx.AsyncClient(transport=host) as pool:
            transport = SingleAttempt(pool, secret="key")
            with pytest.raises(FalAnswerLost):
                await transport.handle_async_request(
                    httpx.Request("GET", "https://queue.fal.run/x")
                )

    asyncio.run(take())
