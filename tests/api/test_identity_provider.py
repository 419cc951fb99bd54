"""Tokens of an identity provider, through the whole service."""

import json
import time

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from app.settings import Settings
from tests.support.service import running
from tests.support.sockets import raw_server
from tests.support.stand_ins.fal import FalStandIn
from tests.support.tokens import bearer, public_jwk

KEY = Ed25519PrivateKey.generate()


def signed(key: Ed25519PrivateKey) -> dict[str, str]:
    claims = {"sub": "ada", "exp": int(time.time()) + 3600}
    token = jwt.encode(claims, key, algorithm="EdDSA", headers={"kid": "ours"})
    return {"Authorization": f"Bearer {token}"}


@pytest.fixture
def key_set() -> bytes:
    """The provider's HTTP response."""
    body = json.dumps({"keys": [public_jwk("ours", KEY, "EdDSA")]}).encode()
    return b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\nConnection: close\r\n\r\n%b" % (
        len(body),
        body,
    )


async def test_service_accepts_the_tokens_of_its_identity_provider_and_no_others(
    settings: Settings, fal: FalStandIn, key_set: bytes
) -> None:
    async with raw_server(key_set) as provider:
        url = f"http://127.0.0.1:{provider.port}/keys"
        with_provider = settings.model_copy(update={"auth_jwt_secret": None, "auth_jwks_url": url})
        async with running(with_provider, fal) as run:
            for headers, status in (
                (signed(KEY), 200),
                (signed(KEY), 200),
                (signed(Ed25519PrivateKey.generate()), 401),
                (bearer(), 401),
            ):
                answer = await run.client.get("/api/credits", headers=headers)
                assert answer.status_code == status, answer.text
        assert [head.split()[:2] for head in provider.heads] == [["GET", "/keys"]]
