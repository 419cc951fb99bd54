"""Claims of tokens, and verifiers that accept or refuse them."""

import time
from typing import Any

import pytest

from app.api.identity import SharedSecret, Verifier
from app.problems import Unauthenticated
from tests.support.tokens import SECRET


def shared(audience: str | None = None, issuer: str | None = None) -> SharedSecret:
    return SharedSecret(SECRET, audience=audience, issuer=issuer)


def claims(**changes: Any) -> dict[str, Any]:
    return {"sub": "ada", "exp": int(time.time()) + 60} | changes


async def refused(identity: Verifier, authorization: str) -> str:
    with pytest.raises(Unauthenticated) as refusal:
        await identity.caller(authorization)
    assert refusal.value.headers["WWW-Authenticate"] == "Bearer"
    return refusal.value.detail
