"""Which of fal's keys callbacks are verified with, and how often they are fetched."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import httpx
import pytest

from app.caching.key_set import MIN_INTERVAL, KeySet
from app.errors import KeySetUnavailable
from app.fal.signatures import KEYS_URL, Signatures
from app.problems import SubmitUnavailable, Unauthenticated
from tests.support.stand_ins.fal import FalStandIn
from tests.support.stand_ins.fal_faults import Answer, Drop, Endless, Fault
from tests.support.stand_ins.fal_webhooks import Webhooks

DAY = 24 * 3600
MALFORMED_KEYS: list[Any] = [
    "no key",
    None,
    5,
    {},
    {"kty": "OKP", "x": 5},
    {"kty": "OKP", "x": "!!"},
    {"kty": "OKP", "x": "\u00fc"},
    {"kty": "OKP", "x": "c2hvcnQ"},
    {"kty": "RSA", "n": "AQAB", "e": "AQAB"},
]


@dataclass
class Checks:
    """Verifies signatures against the keys of ``fal``, by a clock that the test sets."""

    fal: FalStandIn
    signer: Webhooks
    now: float = 1_000_000.0

    def __post_init__(self) -> None:
        self.client = httpx.AsyncClient(transport=self.fal.transport)
        keys = KeySet(KEYS_URL, self.client, lifetime=DAY, clock=lambda: self.now)
        self._signatures = Signatures(keys, now=lambda: self.now)

    @property
    def asked(self) -> int:
        """How often the keys were fetched."""
        return self.fal.count("jwks")

    async def accepts(self, *, seconds_ago: int = 0) -> bool:
        """Return whether a callback that was signed ``seconds_ago`` is accepted."""
        timestamp = str(int(self.now) - seconds_ago)
        headers = self.signer.sign("request-1", b"{}", timestamp=timestamp)
        try:
            signed = self._signatures.read_headers(httpx.Headers(headers))
            await self._signatures.verify(signed, b"{}")
        except Unauthenticated:
            return False
        return True

    async def accepts_all_at_once(self, number: int = 20) -> list[bool]:
        return await asyncio.gather(*(self.accepts() for _ in range(number)))


@pytest.fixture
async def checks(fal: FalStandIn) -> AsyncIterator[Checks]:
    made = Checks(fal, fal.webhooks)
    async with made.client:
        yield made


async def test_clocks_may_differ_by_five_minutes(checks: Checks) -> None:
    expected = {-301: False, -300: True, -1: True, 0: True, 1: True, 300: True, 301: False}
    assert {each: await checks.accepts(seconds_ago=each) for each in expected} == expected


async def test_keys_are_fetched_once_for_many_callbacks(checks: Checks) -> None:
    assert all(await checks.accepts_all_at_once())
    assert all([await checks.accepts() for _ in range(10)])
    assert checks.asked == 1


@pytest.mark.parametrize("padded", [True, False])
async def test_keys_are_read_with_padding_and_without(checks: Checks, *, padded: bool) -> None:
    checks.fal.webhooks.padded = padded
    assert await checks.accepts()


async def test_malformed_keys_in_the_set_are_ignored(checks: Checks) -> None:
    checks.fal.webhooks.malformed_keys = MALFORMED_KEYS
    assert await checks.accepts()
    assert checks.asked == 1


async def test_a_new_key_is_fetched_once_and_the_old_one_still_accepted(checks: Checks) -> None:
    assert await checks.accepts()
    old = Webhooks()
    old.keys = list(checks.signer.keys)
    checks.signer.rotate()
    checks.now += MIN_INTERVAL
    assert all(await checks.accepts_all_at_once())
    checks.signer = old
    assert await checks.accepts()
    assert checks.asked == 2


async def test_forged_signatures_cause_one_fetch_of_the_keys_in_an_interval(checks: Checks) -> None:
    assert await checks.accepts()
    checks.signer = Webhooks()
    for _ in range(3):
        checks.now += MIN_INTERVAL
        assert not any(await checks.accepts_all_at_once())
        assert not any([await checks.accepts() for _ in range(10)])
    assert checks.asked == 1 + 3
    checks.signer = checks.fal.webhooks
    assert await checks.accepts()


async def test_a_withdrawn_key_is_accepted_for_a_day_at_most(checks: Checks) -> None:
    assert await checks.accepts()
    checks.signer = Webhooks()
    checks.signer.keys, checks.fal.webhooks.keys = checks.fal.webhooks.keys, checks.signer.keys
    checks.now += DAY - 1
    assert await checks.accepts()
    checks.now += 1
    assert not await checks.accepts()


@pytest.mark.parametrize(
    "fault",
    [
        Answer(500),
        Answer(302, "", {"Location": "https://evil.example/jwks.json"}),
        pytest.param(Answer(200, "[" * 100_000), id="deep"),
        pytest.param(Endless(), id="endless"),
        Answer(200, "not json"),
        Answer(200, []),
        Answer(200, {}),
        Answer(200, {"keys": 5}),
        Answer(200, {"keys": None}),
        Drop(),
    ],
    ids=repr,
)
async def test_until_the_keys_are_fetched_callbacks_are_answered_with_an_error_that_fal_retries(
    checks: Checks, fault: Fault
) -> None:
    checks.fal.faults.add("jwks", fault)
    tries = (checks.accepts() for _ in range(20))
    outcomes = await asyncio.gather(*tries, return_exceptions=True)
    assert {type(outcome) for outcome in outcomes} == {SubmitUnavailable}
    assert checks.asked == 1
    checks.now += MIN_INTERVAL
    assert await checks.accepts()
    assert checks.fal.contacted_hosts == []


async def test_the_last_keys_stay_valid_if_they_cannot_be_fetched_again(checks: Checks) -> None:
    assert await checks.accepts()
    checks.fal.faults.add("jwks", Answer(500), times=None)
    checks.now += DAY
    assert await checks.accepts()


async def test_the_url_of_a_key_set_is_logged_without_its_query(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async with httpx.AsyncClient() as client:
        keys = KeySet("https://127.0.0.1:1/jwks?token=of-somebody", client, lifetime=DAY)
        with pytest.raises(KeySetUnavailable):
            await keys.keys()
    assert "https://127.0.0.1:1/jwks" in caplog.text
    assert "of-somebody" not in caplog.text
