"""A key set is fetched in the background: who waits for it, and for how long."""

import asyncio
import gzip
import time
from collections.abc import AsyncIterator
from contextlib import nullcontext
from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest

from app import times
from app.caching.key_set import MAX_BYTES, MIN_INTERVAL, Keys, KeySet
from app.errors import KeySetUnavailable
from app.telemetry.dependencies import states
from tests.support.memory import Tracing

LIFETIME = 3600.0


@dataclass
class Provider:
    """Publishes a key set, and answers while ``answering`` is set."""

    keys: list[dict[str, Any]] = field(default_factory=lambda: [{"kid": "first"}])
    now: float = 1000.0
    asked: int = 0
    failure: Exception | None = None
    reached: asyncio.Event = field(default_factory=asyncio.Event)
    answering: asyncio.Event = field(default_factory=asyncio.Event)

    async def answer(self, _request: httpx.Request) -> httpx.Response:
        self.asked += 1
        self.reached.set()
        await self.answering.wait()
        if self.failure is not None:
            raise self.failure
        return httpx.Response(200, json={"keys": self.keys})


@pytest.fixture
def provider() -> Provider:
    made = Provider()
    made.answering.set()
    return made


@pytest.fixture
async def keys(provider: Provider, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[KeySet]:
    monkeypatch.setattr(times, "KEY_SET_WAIT", 0.02)
    async with httpx.AsyncClient(transport=httpx.MockTransport(provider.answer)) as client:
        key_set = KeySet(
            "https://keys.example", client, lifetime=LIFETIME, clock=lambda: provider.now
        )
        yield key_set
        await key_set.aclose()


async def test_callers_do_not_wait_for_a_slow_set_and_use_it_when_it_comes(
    keys: KeySet, provider: Provider
) -> None:
    provider.answering.clear()
    for _ in range(3):
        with pytest.raises(KeySetUnavailable):
            await keys.keys()
    provider.answering.set()
    assert await keys.keys() == provider.keys
    assert provider.asked == 1


async def test_known_keys_are_used_at_once_while_a_newer_set_hangs(
    keys: KeySet, provider: Provider, monkeypatch: pytest.MonkeyPatch
) -> None:
    known = await keys.keys()
    provider.now += LIFETIME
    provider.answering.clear()
    await keys.keys()
    monkeypatch.setattr(times, "KEY_SET_WAIT", 60.0)
    began = time.monotonic()
    assert [await keys.keys() for _ in range(50)] == [known] * 50
    assert time.monotonic() - began < 1
    assert provider.asked == 2


async def test_newest_keys_are_not_guessed_while_they_are_fetched_or_cannot_be(
    keys: KeySet, provider: Provider
) -> None:
    await keys.keys()
    provider.now += MIN_INTERVAL
    provider.answering.clear()
    with pytest.raises(KeySetUnavailable):
        await keys.newest_keys()
    provider.failure = httpx.ConnectError("away")
    provider.answering.set()
    for _ in range(3):
        with pytest.raises(KeySetUnavailable):
            await keys.newest_keys()
    assert provider.asked == 2
    assert states()["key_set"] == "down"
    assert await keys.keys() == provider.keys
    provider.failure = None
    provider.keys = [{"kid": "second"}]
    provider.now += MIN_INTERVAL
    assert await keys.newest_keys() == provider.keys
    assert states()["key_set"] == "up"


async def test_keys_are_fetched_before_they_are_too_old(
    keys: KeySet, provider: Provider, monkeypatch: pytest.MonkeyPatch
) -> None:
    slept: list[float] = []

    async def sleep(seconds: float) -> None:
        slept.append(seconds)
        provider.now += seconds

    monkeypatch.setattr(asyncio, "sleep", sleep)
    for failure in (None, httpx.ConnectError("away"), None):
        provider.failure = failure
        await keys.refresh()
    assert slept == [LIFETIME - times.KEY_SET_FETCH, MIN_INTERVAL, LIFETIME - times.KEY_SET_FETCH]
    assert provider.asked == 3


async def test_a_fetch_that_is_under_way_is_stopped_at_the_end(
    keys: KeySet, provider: Provider
) -> None:
    provider.answering.clear()
    waiting = asyncio.create_task(keys.refresh())
    await provider.reached.wait()
    await keys.aclose()
    await asyncio.wait({waiting})
    assert waiting.cancelled()


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (httpx.Response(404), "it answered 404"),
        (httpx.Response(200, text="<html>"), 'its answer is no key set: {"keys": […]}'),
        (httpx.Response(200, json={"jwks_uri": "…"}), 'its answer is no key set: {"keys": […]}'),
        (httpx.Response(200, json={"keys": None}), 'its answer is no key set: {"keys": […]}'),
    ],
)
async def test_an_answer_that_is_no_key_set_is_explained(
    caplog: pytest.LogCaptureFixture, answer: httpx.Response, reason: str
) -> None:
    async with httpx.AsyncClient(transport=httpx.MockTransport(lambda _: answer)) as client:
        with pytest.raises(KeySetUnavailable):
            await KeySet("https://keys.example/a?b=c", client, lifetime=LIFETIME).keys()
    name = "the keys of https://keys.example/a"
    assert caplog.messages == [f"Cannot load {name}: {reason}. None is known yet."]


async def test_an_unforeseen_error_reaches_the_caller(keys: KeySet, provider: Provider) -> None:
    provider.failure = ZeroDivisionError()
    with pytest.raises(ZeroDivisionError):
        await keys.keys()
    provider.failure = None
    assert await keys.keys() == provider.keys


@pytest.mark.parametrize(
    ("sent", "encoding", "keys"),
    [
        (gzip.compress(b'{"keys": [{"kid": "first"}]}'), "gzip", [{"kid": "first"}]),
        (gzip.compress(bytes(32 * MAX_BYTES)), "gzip", None),
        (gzip.compress(gzip.compress(bytes(32 * MAX_BYTES))), "gzip, gzip", None),
        (b"{}", "gzip", None),
    ],
    ids=["a set", "a bomb", "a bomb twice", "no gzip"],
)
def test_a_compressed_set_is_never_inflated_beyond_its_bound(
    tracing: Tracing, sent: bytes, encoding: str, keys: Keys | None
) -> None:
    assert tracing.of(take_compressed, sent, encoding, keys).peak < 4 * MAX_BYTES


def take_compressed(sent: bytes, encoding: str, keys: Keys | None) -> None:
    async def pieces() -> AsyncIterator[bytes]:
        yield sent

    def answer(request: httpx.Request) -> httpx.Response:
        assert request.headers["accept-encoding"] == "identity"
        return httpx.Response(200, content=pieces(), headers={"Content-Encoding": encoding})

    async def take() -> None:
        async with httpx.AsyncClient(transport=httpx.MockTransport(answer)) as client:
            key_set = KeySet("https://keys.example", client, lifetime=LIFETIME)
            with nullcontext() if keys else pytest.raises(KeySetUnavailable):
                assert await key_set.keys() == keys

    asyncio.run(take())
