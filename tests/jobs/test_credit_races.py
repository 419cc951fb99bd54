"""The back office of two processes with one database: nothing is booked twice or below zero."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from itertools import cycle
from typing import Any

import httpx
import pytest
import pytest_asyncio

from app.database.audit import audit
from tests.soak.backends import Backends
from tests.soak.browsers import is_unavailable
from tests.soak.instance import Instance
from tests.support.database import connected, migrated, surreal_server
from tests.support.process import PATIENCE, UNSHARED
from tests.support.s3 import s3_server
from tests.support.service import SUBMIT, UNLIMITED_ENVIRONMENT, png, submission
from tests.support.stand_ins.fal import FalStandIn
from tests.support.tokens import admin_bearer, bearer

AT_ONCE = 50
GRANT = 100
CHEAP = {"templateSlug": "gentle-zoom"}
"""Costs 4."""

pytestmark = pytest.mark.asyncio(loop_scope="module")


@dataclass(frozen=True)
class Offices:
    """Two processes, and a client of both."""

    backends: Backends
    instances: Sequence[Instance]
    client: httpx.AsyncClient

    async def send(self, one: Instance, path: str, **content: Any) -> httpx.Response:
        """Post, and repeat while the database is too busy."""
        while True:
            answer = await self.client.post(f"{one.url}{path}", **content)
            if not is_unavailable(answer):
                return answer

    async def adjust(self, one: Instance, credits_: int, reference: str, user: str) -> Any:
        body = {"user": user, "credits": credits_, "reference": reference}
        return await self.send(one, "/api/admin/credits", json=body, headers=admin_bearer())

    async def submit(self, one: Instance, key: str, user: str) -> httpx.Response:
        headers = bearer(user) | {"Idempotency-Key": key}
        return await self.send(one, SUBMIT, **submission(png(), CHEAP), headers=headers)

    async def credits(self, user: str) -> dict[str, Any]:
        url = f"{self.instances[0].url}/api/credits"
        return dict((await self.client.get(url, headers=bearer(user))).json())

    async def audited(self) -> list[str]:
        async with connected(self.backends.address) as database, self.backends.storage() as storage:
            return [str(each) for each in await audit(database, storage, read=True)]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def offices(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Offices]:
    folder = tmp_path_factory.mktemp("offices")
    with s3_server(folder) as bucket, surreal_server(folder / "server") as server:
        async with migrated(server.address("video")):
            pass
        async with (
            FalStandIn() as fal,
            httpx.AsyncClient(timeout=PATIENCE, limits=UNSHARED) as client,
        ):
            backends = Backends(folder, server.address("video"), bucket, fal)
            limits = UNLIMITED_ENVIRONMENT | {"CREDITS_SIGNUP_GRANT": str(GRANT)}
            settings = backends.settings(**limits)
            async with Instance(folder, settings) as one, Instance(folder, settings) as other:
                await asyncio.gather(one.start(), other.start())
                yield Offices(backends, (one, other), client)


async def test_one_grant_sent_50_times_to_both_processes_is_booked_once(offices: Offices) -> None:
    turns = zip(cycle(offices.instances), range(AT_ONCE), strict=False)
    answers = await asyncio.gather(
        *(offices.adjust(one, 50, "payment-1", "ada") for one, _ in turns)
    )
    expected = {"balance": GRANT + 50, "held": 0, "available": GRANT + 50}
    assert [answer.json() for answer in answers] == [expected] * AT_ONCE
    entries = (await offices.credits("ada"))["entries"]
    assert [entry.get("reference") for entry in entries] == ["payment-1", None]
    async with connected(offices.backends.address) as database:
        booked = "SELECT VALUE reference FROM admin_action WHERE user = 'ada'"
        assert await database.query(booked) == ["payment-1"]
    assert await offices.audited() == []


async def test_withdrawals_that_race_50_submits_never_take_what_is_held(offices: Offices) -> None:
    one, other = offices.instances
    submits = (
        offices.submit(each, f"click-{number}", "bob")
        for each, number in zip(cycle(offices.instances), range(AT_ONCE), strict=False)
    )
    withdrawals = (
        offices.adjust(each, -15, f"dispute-{number}", "bob")
        for each, number in zip(cycle((other, one)), range(10), strict=False)
    )
    answers = await asyncio.gather(*submits, *withdrawals)
    codes = Counter(answer.json().get("code") for answer in answers[:AT_ONCE])
    taken = Counter(answer.json().get("code") for answer in answers[AT_ONCE:])
    assert set(codes) == {None, "insufficient_credits"}
    assert set(taken) == {None, "insufficient_balance"}
    account = await offices.credits("bob")
    assert account["balance"] == GRANT - 15 * taken[None]
    # A submit whose answer was lost holds credits until it is abandoned. The audit compares what is
    # held with the unfinished jobs.
    assert account["held"] >= 4 * codes[None]
    assert account["available"] >= 0
    for answer in answers[AT_ONCE:]:
        if answer.is_success:
            assert answer.json()["available"] >= 0
    assert await offices.audited() == []


async def test_a_reference_that_two_users_claim_at_once_goes_to_one(offices: Offices) -> None:
    users = [f"rival-{number}" for number in range(10)]
    answers = await asyncio.gather(
        *(
            offices.adjust(one, 5, "contested", user)
            for one, user in zip(cycle(offices.instances), users, strict=False)
        )
    )
    codes = Counter(answer.json().get("code") for answer in answers)
    assert codes == {None: 1, "reference_mismatch": 9}
    async with connected(offices.backends.address) as database:
        accounts = await database.query("SELECT VALUE record::id(id) FROM credit_account")
    assert len(set(accounts) & set(users)) == 1
    assert await offices.audited() == []
