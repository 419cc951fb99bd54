"""Whatever a token says, a key set knows its bearer or refuses it."""

import re

import httpx
import jwt
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key

from app.errors import Unauthenticated
from app.identity import KeySetTokens
from app.key_set import KeySet
from tests.fuzz.requests import Attempts

TOKENS = 500
AUTHORIZATION = re.compile(rb"Authorization: ([^\r\n]*)")


def key_set() -> dict[str, object]:
    """Return two keys that a token may name, and one that it need not."""
    rsa = generate_private_key(public_exponent=65537, key_size=2048).public_key()
    ed = Ed25519PrivateKey.generate().public_key()
    by_rsa = jwt.get_algorithm_by_name("RS256").to_jwk(rsa, as_dict=True)
    by_ed = jwt.get_algorithm_by_name("EdDSA").to_jwk(ed, as_dict=True)
    return {"keys": [by_rsa | {"kid": "null"}, by_ed | {"kid": "-1"}, by_ed | {"kid": ""}]}


async def test_no_token_does_more_than_to_be_refused_and_the_keys_are_fetched_once() -> None:
    asked: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        return httpx.Response(200, json=published)

    published = key_set()
    attempts = Attempts(1, sign=lambda *_: {}, jobs=[])
    async with httpx.AsyncClient(transport=httpx.MockTransport(answer)) as client:
        keys = KeySet("https://keys.example/jwks", client, lifetime=3600)
        identity = KeySetTokens(keys, audience=None, issuer=None)
        refused = 0
        for _ in range(TOKENS):
            sent = AUTHORIZATION.search(attempts.bearer_token().sent)
            assert sent is not None
            try:
                await identity.caller(sent[1].decode("latin-1"))
            except Unauthenticated:
                refused += 1
    assert refused == TOKENS
    assert {str(request.url) for request in asked} == {"https://keys.example/jwks"}
    assert len(asked) == 1
