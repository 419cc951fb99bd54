"""Hostile tokens: a key set accepts a token with a valid user, or refuses it."""

import re
from functools import partial
from typing import Any

import httpx
import jwt
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key

from app.api.identity import KeySetTokens
from app.caching.key_set import KeySet
from app.problems import Unauthenticated
from tests.fuzz.requests import Attempts
from tests.fuzz.signer import OURS, Signer
from tests.support.tokens import public_jwk

TOKENS = 500
"""The number for each signer."""
AUTHORIZATION = re.compile(rb"Authorization: ([^\r\n]*)")
RSA_KEY = generate_private_key(public_exponent=65537, key_size=2048)
ED_KEY = Ed25519PrivateKey.generate()
KEYS = [
    public_jwk("null", RSA_KEY, "RS256"),
    public_jwk("-1", ED_KEY, "EdDSA"),
    public_jwk("", ED_KEY, "EdDSA"),
]
"""Two keys with ids that a hostile token may name, and one without an id."""


def signer(key_id: str, key: Any, algorithm: str) -> Signer:
    seal = partial(jwt.get_algorithm_by_name(algorithm).sign, key=key)
    return Signer({"alg": algorithm, "kid": key_id}, seal)


async def outcomes(identity: KeySetTokens, signed_by: Signer) -> tuple[int, int]:
    """Return how many tokens are accepted, and how many are refused."""
    attempts = Attempts(1, sign=lambda *_: {}, jobs=[], signer=signed_by)
    accepted = refused = 0
    for _ in range(TOKENS):
        sent = AUTHORIZATION.search(attempts.bearer_token().sent)
        assert sent is not None
        try:
            caller = await identity.caller(sent[1].decode("latin-1"))
        except Unauthenticated:
            refused += 1
        else:
            accepted += 1
            assert 1 <= len(caller.user) <= 128
    return accepted, refused


async def test_hostile_tokens_are_refused_and_the_keys_are_fetched_once() -> None:
    asked: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        return httpx.Response(200, json={"keys": KEYS})

    async with httpx.AsyncClient(transport=httpx.MockTransport(answer)) as client:
        keys = KeySet("https://keys.example/jwks", client, lifetime=3600)
        identity = KeySetTokens(keys, audience=None, issuer=None)
        assert await outcomes(identity, OURS) == (0, TOKENS)
        for theirs in (signer("null", RSA_KEY, "RS256"), signer("-1", ED_KEY, "EdDSA")):
            accepted, refused = await outcomes(identity, theirs)
            assert 0 < accepted < refused
    assert [str(request.url) for request in asked] == ["https://keys.example/jwks"]
