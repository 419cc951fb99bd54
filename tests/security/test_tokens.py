"""A token cannot name the key that verifies it."""

import time
from typing import Any

import httpx
import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from app.api.identity import KeySetTokens, SharedSecret
from app.caching.key_set import KeySet
from app.errors import ConfigurationError
from app.problems import Unauthenticated
from tests.support.tokens import public_jwk

OURS = generate_private_key(public_exponent=65537, key_size=2048)
THEIRS = generate_private_key(public_exponent=65537, key_size=2048)
JWKS_URL = "https://keys.example/jwks"


@pytest.mark.parametrize("key_id", ["ours", "theirs", None])
async def test_jku_x5u_and_keys_in_a_token_are_ignored(key_id: str | None) -> None:
    asked = set()

    def answer(request: httpx.Request) -> httpx.Response:
        asked.add(str(request.url))
        key = OURS if str(request.url) == JWKS_URL else THEIRS
        return httpx.Response(200, json={"keys": [public_jwk("ours", key, "RS256")]})

    headers: dict[str, Any] = {
        "jku": "https://evil.example/jwks",
        "x5u": "https://evil.example/certificate",
        "x5c": ["MII="],
        "jwk": public_jwk("ours", THEIRS, "RS256"),
    }
    if key_id is not None:
        headers["kid"] = key_id
    claims = {"sub": "ada", "exp": int(time.time()) + 60}
    async with httpx.AsyncClient(transport=httpx.MockTransport(answer)) as client:
        identity = KeySetTokens(KeySet(JWKS_URL, client, lifetime=60), audience=None, issuer=None)
        forged = jwt.encode(claims, THEIRS, algorithm="RS256", headers=headers)
        with pytest.raises(Unauthenticated):
            await identity.caller(f"Bearer {forged}")
        good = jwt.encode(claims, OURS, algorithm="RS256", headers=headers | {"kid": "ours"})
        assert (await identity.caller(f"Bearer {good}")).user == "ada"
    assert asked == {JWKS_URL}


def test_a_public_key_is_refused_as_a_shared_secret() -> None:
    pem = OURS.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    with pytest.raises(ConfigurationError, match="AUTH_JWT_SECRET is a public key") as refused:
        SharedSecret(pem.decode(), audience=None, issuer=None)
    assert "BEGIN" not in str(refused.value)
