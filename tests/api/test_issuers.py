"""Key sets and tokens in the shapes that well-known identity providers give them.

Sources: clerk.com/docs/backend-requests/resources/session-tokens,
auth0.com/docs/secure/tokens/access-tokens, supabase.com/docs/guides/auth/jwts.
"""

import base64
import time
from dataclasses import dataclass
from typing import Any

import httpx
import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

from app.api.identity import KeySetTokens, SharedSecret
from app.api.tokens import Caller
from app.caching.key_set import KeySet
from app.problems import Unauthenticated
from tests.support.tokens import SECRET, public_jwk

CHECKS = {"iss": "issuer", "exp": "expired", "aud": "audience"}
UUID = "3f0d8f2c-8a57-4f1e-9c62-9b1f0a6f2d11"


@dataclass(frozen=True)
class Issuer:
    """An identity provider, and what an operator sets for it."""

    key: Any
    algorithm: str
    jwk: dict[str, Any]
    header: dict[str, Any]
    claims: dict[str, Any]
    issuer: str
    audience: str | None = None

    def token(self, **changes: Any) -> str:
        now = int(time.time())
        claims = {"iat": now, "exp": now + 60} | self.claims | changes
        return jwt.encode(claims, self.key, self.algorithm, self.header | {"kid": "ins_1"})

    @property
    def key_set(self) -> dict[str, Any]:
        """The provider's set: the key before, this one, and one for encryption."""
        before = public_jwk("ins_0", rsa.generate_private_key(65537, 2048), "RS256")
        other = before | {"kid": "enc_1", "use": "enc", "alg": "RSA-OAEP"}
        return {"keys": [before, public_jwk("ins_1", self.key, self.algorithm) | self.jwk, other]}


ISSUERS = {
    "Clerk": Issuer(
        key=rsa.generate_private_key(65537, 2048),
        algorithm="RS256",
        jwk={"use": "sig", "alg": "RS256"},
        header={"cat": "cl_B7d4PD111AAA"},
        claims={
            "azp": "https://app.example",
            "fva": [0, -1],
            "iss": "https://clerk.app.example",
            "nbf": int(time.time()) - 10,
            "sid": "sess_1",
            "sub": "user_2NNEqL2nrIRdJ194ndJqAHwEfxC",
        },
        issuer="https://clerk.app.example/",
    ),
    "Auth0": Issuer(
        key=rsa.generate_private_key(65537, 2048),
        algorithm="RS256",
        jwk={"use": "sig", "alg": "RS256", "x5t": "NmHmZ0mQ", "x5c": ["MIIDBTCCAe2gAwIBAgIJ"]},
        header={"typ": "at+jwt"},
        claims={
            "azp": "my-client",
            "aud": ["https://videos.example/api", "https://tenant.eu.auth0.example/userinfo"],
            "iss": "https://tenant.eu.auth0.example/",
            "scope": "openid profile email",
            "sub": "google-oauth2|103547991597142817347",
        },
        issuer="https://tenant.eu.auth0.example",
        audience="https://videos.example/api",
    ),
    "Supabase": Issuer(
        key=ec.generate_private_key(ec.SECP256R1()),
        algorithm="ES256",
        jwk={"alg": "ES256", "ext": True, "key_ops": ["verify"], "use": "sig"},
        header={},
        claims={
            "aal": "aal1",
            "aud": "authenticated",
            "app_metadata": {"provider": "email", "providers": ["email"]},
            "is_anonymous": False,
            "iss": "https://project.supabase.example/auth/v1",
            "role": "authenticated",
            "session_id": UUID,
            "sub": UUID,
            "email": "ada@example.com",
        },
        issuer="https://project.supabase.example/auth/v1",
        audience="authenticated",
    ),
    "an EdDSA issuer": Issuer(
        key=ed25519.Ed25519PrivateKey.generate(),
        algorithm="EdDSA",
        jwk={},
        header={},
        claims={"iss": "accounts", "sub": "ada"},
        issuer="accounts",
    ),
}


@pytest.mark.parametrize("name", ISSUERS)
async def test_tokens_of_well_known_issuers_are_accepted(name: str) -> None:
    issuer = ISSUERS[name]
    transport = httpx.MockTransport(lambda _: httpx.Response(200, json=issuer.key_set))
    async with httpx.AsyncClient(transport=transport) as client:
        keys = KeySet("https://keys.example", client, lifetime=3600)
        identity = KeySetTokens(keys, audience=issuer.audience, issuer=issuer.issuer)
        subject = issuer.claims["sub"]
        ahead = dict.fromkeys(("iat", "nbf"), int(time.time()) + 5)
        for each in (None, ahead):
            caller = await identity.caller(f"Bearer {issuer.token(**(each or {}))}")
            assert caller == Caller(subject, issuer.claims.get("email"))
        wrong: dict[str, Any] = {"iss": "https://others.example", "exp": int(time.time()) - 11}
        if issuer.audience:
            wrong["aud"] = ["mail"]
        for claim, value in wrong.items():
            with pytest.raises(Unauthenticated, match=CHECKS[claim]):
                await identity.caller(f"Bearer {issuer.token(**{claim: value})}")


async def test_supabases_shared_secret_accepts_its_users_but_not_its_public_key() -> None:
    secret = base64.b64encode(SECRET.encode() * 2).decode()
    supabase = ISSUERS["Supabase"]
    identity = SharedSecret(secret, audience=supabase.audience, issuer=supabase.issuer)
    user = supabase.claims | {"exp": int(time.time()) + 3600}
    given = jwt.encode(user, secret, algorithm="HS256")
    assert await identity.caller(f"Bearer {given}") == Caller(UUID, "ada@example.com")
    anonymous = {"iss": "supabase", "ref": "project", "role": "anon", "exp": 2**33}
    given = jwt.encode(anonymous, secret, algorithm="HS256")
    with pytest.raises(Unauthenticated, match="no sub"):
        await identity.caller(f"Bearer {given}")
