"""Tokens of an identity provider, through the whole service."""

import asyncio
import json
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from app import times
from app.caching import key_set
from app.settings import Settings
from tests.support.problems.scene import FaultySeam
from tests.support.refusals import assert_problem
from tests.support.service import SUBMIT, running
from tests.support.sockets import serve_on_port
from tests.support.stand_ins.fal import FalStandIn
from tests.support.tokens import bearer, public_jwk


@dataclass
class Provider:
    """Publishes ``keys`` by their ids, and answers while ``answering`` is set."""

    keys: dict[str, Ed25519PrivateKey] = field(default_factory=dict)
    url: str = ""
    asked: int = 0
    answering: asyncio.Event = field(default_factory=asyncio.Event)

    def __post_init__(self) -> None:
        self.rotate("first")

    def rotate(self, key_id: str) -> None:
        self.keys = {key_id: Ed25519PrivateKey.generate()}

    def signed(self, key: Ed25519PrivateKey | None = None) -> dict[str, str]:
        """Return the header of a request by ada."""
        ((key_id, current),) = self.keys.items()
        claims = {"sub": "ada", "exp": int(time.time()) + 3600}
        token = jwt.encode(claims, key or current, algorithm="EdDSA", headers={"kid": key_id})
        return {"Authorization": f"Bearer {token}"}

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        assert head.startswith(b"GET /keys ")
        self.asked += 1
        await self.answering.wait()
        keys = [public_jwk(key_id, key, "EdDSA") for key_id, key in self.keys.items()]
        body = json.dumps({"keys": keys}).encode()
        answer = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\nConnection: close\r\n\r\n%b"
        writer.write(answer % (len(body), body))
        await writer.drain()


@pytest.fixture
async def provider() -> AsyncIterator[Provider]:
    made = Provider()
    async with serve_on_port(made.serve) as port:
        made.url = f"http://127.0.0.1:{port}/keys"
        yield made
        made.answering.set()


@pytest.fixture
def with_provider(settings: Settings, provider: Provider) -> Settings:
    return settings.model_copy(update={"auth_jwt_secret": None, "auth_jwks_url": provider.url})


async def test_service_accepts_the_tokens_of_its_identity_provider_and_no_others(
    with_provider: Settings, provider: Provider, fal: FalStandIn
) -> None:
    provider.answering.set()
    async with running(with_provider, fal) as run:
        for headers, status in (
            (provider.signed(), 200),
            (provider.signed(), 200),
            (provider.signed(Ed25519PrivateKey.generate()), 401),
            (bearer(), 401),
        ):
            answer = await run.client.get("/api/credits", headers=headers)
            assert answer.status_code == status, answer.text
    assert provider.asked == 1


async def test_slow_key_set_refuses_nobody_and_is_used_when_it_comes(
    with_provider: Settings,
    provider: Provider,
    fal: FalStandIn,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(times, "KEY_SET_WAIT", 0.05)
    async with running(with_provider, fal) as run:
        given = provider.signed()
        for path in ("/api/credits", "/readyz"):
            unknown = await run.client.get(path, headers=given)
            assert_problem(unknown, 503, "identity_unavailable")
            assert unknown.headers["retry-after"]
        assert_problem(await run.client.get("/api/credits"), 401, "unauthenticated")
        provider.answering.set()
        monkeypatch.setattr(times, "KEY_SET_WAIT", 60.0)
        assert (await run.client.get("/readyz")).status_code == 200
        assert (await run.client.get("/api/credits", headers=given)).status_code == 200
        assert provider.asked == 1


async def test_answers_come_in_time_while_key_set_and_database_hang_together(
    with_provider: Settings,
    provider: Provider,
    fal: FalStandIn,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(key_set, "MIN_INTERVAL", 0.0)
    provider.answering.set()
    seam = FaultySeam()
    async with running(with_provider, fal, seam=seam) as run:
        known = provider.signed()
        job_id = await run.submitted(headers=known)
        provider.answering.clear()
        provider.rotate("second")
        seam.hangs = True

        async def poll(headers: dict[str, str]) -> tuple[int, bool]:
            began = time.monotonic()
            query = {"jobId": job_id}
            answer = await run.client.get(f"{SUBMIT}/status", params=query, headers=headers)
            return answer.status_code, time.monotonic() - began < times.ANSWER

        polls = await asyncio.gather(poll(provider.signed()), poll(known))
        assert list(polls) == [(503, True), (200, True)]
        seam.hangs = False
        seam.released.set()
        provider.answering.set()
        assert (await run.client.get("/api/credits", headers=provider.signed())).status_code == 200
