import gzip
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import pytest

from app.errors import FalRefused
from app.fal.queue import Fal
from app.telemetry.seam import direct
from tests.support.stand_ins.fal import FalStandIn
from tests.support.stand_ins.fal_faults import Answer

MODEL = "fal-ai/kling-video/v2.5-turbo/pro/image-to-video"
POLICY = {"loc": ["body", "prompt"], "msg": "Flagged.", "type": "content_policy_violation"}


@pytest.fixture
async def stand_in() -> AsyncIterator[FalStandIn]:
    async with FalStandIn() as fal:
        yield fal


@pytest.fixture
async def fal(stand_in: FalStandIn) -> AsyncIterator[Fal]:
    fal = Fal(key=stand_in.key, transport=stand_in.transport, seam=direct)
    yield fal
    await fal.aclose()


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
    stand_in: FalStandIn, fal: Fal, value: str, seconds: int | None
) -> None:
    stand_in.faults.add("submit", Answer(429, {}, {"Retry-After": value}))
    with pytest.raises(FalRefused) as refused:
        await fal.submit(MODEL, {}, webhook_url=None)
    assert refused.value.retry_after == seconds


async def test_retry_after_may_be_a_date(stand_in: FalStandIn, fal: Fal) -> None:
    in_an_hour = format_datetime(datetime.now(UTC) + timedelta(hours=1), usegmt=True)
    stand_in.faults.add("submit", Answer(429, {}, {"Retry-After": in_an_hour}))
    with pytest.raises(FalRefused) as refused:
        await fal.submit(MODEL, {}, webhook_url=None)
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
        ({"detail": []}, "fal answered 422 Unprocessable Entity"),
        ({"detail": {"odd": 1}}, "fal answered 422 Unprocessable Entity"),
        ([1], "fal answered 422 Unprocessable Entity"),
    ],
)
async def test_fals_reason_becomes_one_readable_line(
    stand_in: FalStandIn, fal: Fal, body: dict[str, Any] | list[Any], message: str
) -> None:
    stand_in.faults.add("submit", Answer(422, body))
    with pytest.raises(FalRefused) as refused:
        await fal.submit(MODEL, {}, webhook_url=None)
    assert str(refused.value) == message


async def test_the_error_type_of_the_header_is_kept_when_nothing_says_more(
    stand_in: FalStandIn, fal: Fal
) -> None:
    stand_in.faults.add("submit", Answer(503, "", {"X-Fal-Error-Type": "runner_disconnected"}))
    with pytest.raises(FalRefused, match=r"^runner_disconnected$"):
        await fal.submit(MODEL, {}, webhook_url=None)


async def test_a_compressed_answer_is_read(stand_in: FalStandIn, fal: Fal) -> None:
    body = gzip.compress(b'{"request_id": "request-1"}')
    stand_in.faults.add("submit", Answer(200, body, {"Content-Encoding": "gzip"}))
    assert (await fal.submit(MODEL, {}, webhook_url=None)).request_id == "request-1"
