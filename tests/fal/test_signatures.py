"""Callbacks that fal did not sign, or that name no request, are refused and change nothing."""

import asyncio
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from app.fal.signatures import MAX_BODY_BYTES
from app.settings import Settings
from tests.support.ledger import HELD
from tests.support.service import Running, running
from tests.support.stand_ins.fal import FalStandIn
from tests.support.stand_ins.fal_faults import Drop, Hang
from tests.support.stand_ins.fal_webhooks import Webhooks

PUBLIC_URL = "https://videos.example.com"

Callback = tuple[dict[str, str], bytes]
Forge = Callable[[Webhooks, Callback], Callback]


@pytest.fixture
def settings(settings: Settings) -> Settings:
    """Settings of a service that fal can call back."""
    return settings.model_copy(update={"public_url": PUBLIC_URL})


async def row(run: Running) -> Any:
    """Return the row of the only job, without a call to fal."""
    (found,) = await run.rows("SELECT * FROM video_job")
    return found


def without(name: str) -> Forge:
    def forge(_: Webhooks, callback: Callback) -> Callback:
        headers, body = callback
        return {header: value for header, value in headers.items() if header != name}, body

    return forge


def with_signature(signature: str) -> Forge:
    return lambda _, callback: (callback[0] | {"X-Fal-Webhook-Signature": signature}, callback[1])


def with_timestamp(timestamp: str) -> Forge:
    def forge(webhooks: Webhooks, callback: Callback) -> Callback:
        request_id = callback[0]["X-Fal-Webhook-Request-Id"]
        return webhooks.sign(request_id, callback[1], timestamp=timestamp), callback[1]

    return forge


def by_another_key(_: Webhooks, callback: Callback) -> Callback:
    request_id = callback[0]["X-Fal-Webhook-Request-Id"]
    return Webhooks().sign(request_id, callback[1]), callback[1]


def for_another_request(_: Webhooks, callback: Callback) -> Callback:
    return callback[0] | {"X-Fal-Webhook-Request-Id": "another"}, callback[1]


FORGERIES: dict[str, Forge] = {
    "unsigned": lambda _, callback: ({}, callback[1]),
    "no request id": without("X-Fal-Webhook-Request-Id"),
    "no user id": without("X-Fal-Webhook-User-Id"),
    "no timestamp": without("X-Fal-Webhook-Timestamp"),
    "no signature": without("X-Fal-Webhook-Signature"),
    "empty signature": with_signature(""),
    "signature that is not hex": with_signature("not hex"),
    "short signature": with_signature("ab" * 63),
    "long signature": with_signature("ab" * 65),
    "signature of nothing": with_signature("00" * 64),
    "by another key": by_another_key,
    "for another request": for_another_request,
    "tampered body": lambda _, callback: (callback[0], callback[1] + b" "),
    "of the year 1970": with_timestamp("0"),
    "of the year 2100": with_timestamp("4102444800"),
    "huge timestamp": with_timestamp("9" * 5000),
    "negative timestamp": with_timestamp("-1"),
    "timestamp in words": with_timestamp("now"),
    "timestamp in superscript": with_timestamp("\xb2"),
}


async def test_forged_callbacks_are_refused_and_change_nothing(
    run: Running, fal: FalStandIn
) -> None:
    await run.submitted()
    ((request_id, request),) = fal.requests.items()
    await run.wait_for_background()  # the start image is stored
    before = await row(run)
    fal.calls.clear()
    for name, forge in FORGERIES.items():
        headers, body = forge(fal.webhooks, fal.callback(request_id))
        raw = httpx.Headers(headers, encoding="latin-1")
        answer = await run.client.post(str(request.webhook_url), content=body, headers=raw)
        assert (answer.status_code, answer.json().get("code")) == (401, "unauthenticated"), name
        assert answer.headers["content-type"] == "application/problem+json"
    await run.wait_for_background()
    assert await row(run) == before
    assert {call.name for call in fal.calls} <= {"jwks"}
    assert await run.money() == HELD
    assert (await fal.call_back(run.client, request_id)).status_code == 200


NO_CALLBACKS: dict[str, bytes] = {
    "nothing": b"",
    "half an object": b"{",
    "no object": b"[]",
    "a number": b"5",
    "a text": b'"request_id"',
    "no text": b"\xff\xfe",
    "without request_id": b'{"status": "OK"}',
    "null": b'{"request_id": null}',
    "a number as request_id": b'{"request_id": 5}',
    "a list as request_id": b'{"request_id": ["request-1"]}',
    "empty request_id": b'{"request_id": ""}',
    "half a surrogate pair": b'{"request_id": "\\ud83d"}',
    "endless request_id": b'{"request_id": "%s"}' % (b"x" * 201),
    "nested without end": b"[" * 100_000,
    "too large": b" " * MAX_BODY_BYTES + b"{}",
}


async def test_signed_bodies_that_name_no_request_are_refused(
    run: Running, fal: FalStandIn
) -> None:
    fal.faults.add("submit", Drop(after_effect=True))  # such a job would accept any request_id
    await run.submitted()
    ((request_id, request),) = fal.requests.items()
    await run.wait_for_background()  # the start image is stored
    before = await row(run)
    fal.calls.clear()
    for name, body in NO_CALLBACKS.items():
        headers = fal.webhooks.sign(request_id, body)
        answer = await run.client.post(str(request.webhook_url), content=body, headers=headers)
        assert (answer.status_code, answer.json().get("code")) == (400, "invalid_json"), name
        assert answer.headers["content-type"] == "application/problem+json"
    await run.wait_for_background()
    assert await row(run) == before
    assert {call.name for call in fal.calls} <= {"jwks"}
    assert await run.money() == HELD


async def test_a_slow_key_set_does_not_delay_the_answer_and_is_used_when_it_comes(
    settings: Settings, fal: FalStandIn
) -> None:
    hang = Hang()
    fal.faults.add("jwks", hang)
    async with running(settings, fal) as run:
        await hang.reached.wait()  # the keys are fetched ahead
        await run.submitted()
        (request_id,) = fal.requests
        began = asyncio.get_running_loop().time()
        answers = await asyncio.gather(*(fal.call_back(run.client, request_id) for _ in range(5)))
        assert {answer.status_code for answer in answers} == {502}
        # Five waits in sequence would take longer.
        assert asyncio.get_running_loop().time() - began < 5
        assert await run.money() == HELD
        hang.released.set()
        assert (await fal.call_back(run.client, request_id)).status_code == 200
        assert fal.count("jwks") == 1


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "OPTIONS"])
async def test_only_post_is_accepted(run: Running, method: str) -> None:
    answer = await run.client.request(method, f"{PUBLIC_URL}/api/webhooks/fal?jobId=job")
    assert answer.status_code == 405
    assert answer.headers["content-type"] == "application/problem+json"
