"""Tokens that are signed with a key of a key set are accepted, and no others."""

import base64
import hmac
import json
import time
from typing import Any

import httpx
import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from app.api.identity import KEY_SET_LIFETIME, KeySetTokens
from app.caching.key_set import KeySet
from app.problems import IdentityUnavailable
from tests.support.identities import claims, refused
from tests.support.tokens import public_jwk, token

RSA_KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)
EC_KEY = ec.generate_private_key(ec.SECP256R1())
ED_KEY = ed25519.Ed25519PrivateKey.generate()


class KeyServer:
    """Serves a key set and counts how often it is asked."""

    def __init__(self) -> None:
        self.keys: list[Any] = [
            jwk("rsa", RSA_KEY, "RS256"),
            jwk("ec", EC_KEY, "ES256"),
            jwk("ed", ED_KEY, "EdDSA"),
        ]
        self.asked = 0
        self.status = 200
        self.client = httpx.AsyncClient(transport=httpx.MockTransport(self.answer))

    def answer(self, _request: httpx.Request) -> httpx.Response:
        self.asked += 1
        return httpx.Response(self.status, json={"keys": self.keys})

    @property
    def identity(self) -> KeySetTokens:
        keys = KeySet("https://keys.example", self.client, lifetime=3600)
        return KeySetTokens(keys, audience=None, issuer=None)


def jwk(key_id: str, key: Any, algorithm: str) -> dict[str, Any]:
    return public_jwk(key_id, key, algorithm) | {"alg": algorithm, "use": "sig"}


@pytest.mark.parametrize(
    ("key_id", "key", "algorithm"),
    [("rsa", RSA_KEY, "RS256"), ("ec", EC_KEY, "ES256"), ("ed", ED_KEY, "EdDSA")],
)
async def test_tokens_signed_with_a_key_of_the_set_are_accepted(
    key_id: str, key: Any, algorithm: str
) -> None:
    server = KeyServer()
    identity = server.identity
    for _ in range(3):
        given = jwt.encode(claims(), key, algorithm=algorithm, headers={"kid": key_id})
        assert (await identity.caller(f"Bearer {given}")).user == "ada"
    assert server.asked == 1


async def test_unknown_key_ids_fetch_the_key_set_once_in_an_interval() -> None:
    server = KeyServer()
    identity = server.identity
    for number in range(20):
        given = jwt.encode(claims(), RSA_KEY, algorithm="RS256", headers={"kid": f"new{number}"})
        assert "unknown key" in await refused(identity, f"Bearer {given}")
    assert server.asked == 1


@pytest.mark.parametrize(
    "keys",
    [
        [],
        [5],
        [{"kid": "rsa"}],
        [{"kid": "rsa", "kty": "RSA", "n": "!"}],
        [{"kid": "rsa", "kty": "oct"}],
        [jwk("rsa", RSA_KEY, "RS256") | {"alg": "none"}],
        [jwk("rsa", RSA_KEY, "RS256") | {"use": "enc"}],
    ],
)
async def test_token_is_refused_if_its_key_cannot_be_used(keys: list[Any]) -> None:
    server = KeyServer()
    server.keys = keys
    given = jwt.encode(claims(), RSA_KEY, algorithm="RS256", headers={"kid": "rsa"})
    await refused(server.identity, f"Bearer {given}")


async def test_token_without_a_key_id_is_verified_with_the_only_key_for_signatures() -> None:
    server = KeyServer()
    server.keys = [jwk("enc", RSA_KEY, "RS256") | {"use": "enc"}, jwk("ed", ED_KEY, "EdDSA")]
    given = jwt.encode(claims(), ED_KEY, algorithm="EdDSA")
    assert (await server.identity.caller(f"Bearer {given}")).user == "ada"


@pytest.mark.parametrize("answer", ["keys", {"keys": 5}, {"keys": "keys"}, {"keys": {}}, {}])
async def test_nobody_is_refused_while_no_key_set_can_be_read(answer: Any) -> None:
    client = httpx.AsyncClient(
        transport=httpx.MockTransport(lambda _: httpx.Response(200, json=answer))
    )
    keys = KeySet("https://keys.example", client, lifetime=3600)
    given = jwt.encode(claims(), RSA_KEY, algorithm="RS256", headers={"kid": "rsa"})
    identity = KeySetTokens(keys, audience=None, issuer=None)
    with pytest.raises(IdentityUnavailable):
        await identity.caller(f"Bearer {given}")
    with pytest.raises(IdentityUnavailable):
        await identity.check()


async def test_public_key_is_not_accepted_as_a_shared_secret() -> None:
    server = KeyServer()
    # PyJWT refuses to sign like this, an attacker does not.
    unsigned = ".".join(
        base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=")
        for part in ({"alg": "HS256", "kid": "rsa"}, claims())
    )
    public = RSA_KEY.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    digest = hmac.new(public, unsigned.encode(), "sha256").digest()
    forged = f"{unsigned}.{base64.urlsafe_b64encode(digest).decode().rstrip('=')}"
    await refused(server.identity, f"Bearer {forged}")


async def test_urls_in_a_token_are_not_fetched() -> None:
    server = KeyServer()
    own = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    headers = {"kid": "mine", "jku": "https://evil.example", "jwk": jwk("mine", own, "RS256")}
    given = jwt.encode(claims(), own, algorithm="RS256", headers=headers)
    await refused(server.identity, f"Bearer {given}")


async def test_requests_that_no_key_could_verify_are_refused_while_the_key_server_fails() -> None:
    server = KeyServer()
    server.status = 500
    await refused(server.identity, "")
    await refused(server.identity, "Bearer nonsense")
    assert "algorithm" in await refused(server.identity, f"Bearer {token()}")
    assert server.asked == 0


async def test_token_is_kept_no_longer_than_its_key_set() -> None:
    server = KeyServer()
    given = jwt.encode(claims(exp=2**40), RSA_KEY, algorithm="RS256", headers={"kid": "rsa"})
    caller = await server.identity.caller(f"Bearer {given}")
    assert time.time() < caller.until <= time.time() + KEY_SET_LIFETIME
