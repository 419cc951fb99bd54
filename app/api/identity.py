"""Identifies the caller: the user of a bearer token, or in development ``dev@localhost``."""

import logging
import math
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

import httpx
import jwt
from cachetools import TLRUCache

from app.caching.key_set import KeySet
from app.errors import ConfigurationError
from app.problems import Unauthenticated
from app.server.certificates import reading_certificates
from app.settings import Settings

log = logging.getLogger(__name__)

MAX_SUBJECT = 128
"""Characters of ``sub``."""
KEY_SET_LIFETIME = 3600.0
"""Seconds until a key set is fetched again."""
CACHED_TOKENS = 4096
"""Verified tokens that are kept."""
MAX_CACHED_TOKEN = 4096
"""Characters of a header that is kept, so that long tokens cannot fill the memory."""
KEY_SET_ALGORITHMS = ["RS256", "ES256", "EdDSA"]


@dataclass(frozen=True)
class Caller:
    """The user of a request."""

    user: str
    email: str
    until: float = field(default=math.inf, compare=False)
    """Unix time when the token expires, or when its key set is fetched again if that is sooner."""


class Identity(Protocol):
    """Verifies ``Authorization`` headers."""

    async def caller(self, authorization: str) -> Caller:
        """Return who sent the header.

        Raises:
            Unauthenticated: the header does not prove who sent it.

        """
        ...


class Development:
    """Every request comes from the same developer; the settings allow this on loopback only."""

    async def caller(self, authorization: str) -> Caller:  # noqa: ARG002 required by the protocol
        return Caller("dev@localhost", "dev@localhost")


class SharedSecret:
    """HS256 tokens, signed with ``AUTH_JWT_SECRET``."""

    def __init__(self, secret: str, *, audience: str | None, issuer: str | None) -> None:
        """Keep the secret.

        Raises:
            ConfigurationError: the secret is a public key or a certificate.

        """
        try:
            jwt.get_algorithm_by_name("HS256").prepare_key(secret)
        except jwt.InvalidKeyError as error:
            raise ConfigurationError(
                "AUTH_JWT_SECRET is a public key or a certificate, not a secret: "
                "set AUTH_JWKS_URL to where its key set is published"
            ) from error
        self._secret = secret
        self._audience = audience
        self._issuer = issuer

    async def caller(self, authorization: str) -> Caller:
        token = _bearer(authorization)
        return _caller(token, self._secret, ["HS256"], self._audience, self._issuer)


class KeySetTokens:
    """RS256, ES256 and EdDSA tokens, signed with a key of ``AUTH_JWKS_URL``."""

    def __init__(self, keys: KeySet, *, audience: str | None, issuer: str | None) -> None:
        self._keys = keys
        self._audience = audience
        self._issuer = issuer

    async def caller(self, authorization: str) -> Caller:
        token = _bearer(authorization)
        try:
            key_id = jwt.get_unverified_header(token).get("kid")
        except jwt.InvalidTokenError as error:
            raise _refusal("The token cannot be read.") from error
        key = await self._key(key_id)
        caller = _caller(token, key, KEY_SET_ALGORITHMS, self._audience, self._issuer)
        return replace(caller, until=min(caller.until, time.time() + self._keys.seconds_left))

    async def _key(self, key_id: str | None) -> jwt.PyJWK:
        found = _find(await self._keys.keys(), key_id)
        if found is None:
            found = _find(await self._keys.keys(newest=True), key_id)
        if found is None:
            raise _refusal("The token is signed with an unknown key.")
        try:
            return jwt.PyJWK(found)
        except jwt.PyJWTError as error:
            raise _refusal("The token is signed with a key that cannot be used.") from error


class CachingIdentity:
    """Verifies a header once and keeps the caller until ``Caller.until``."""

    def __init__(self, identity: Identity, *, clock: Callable[[], float] = time.time) -> None:
        self._identity = identity
        self._callers: TLRUCache[str, Caller] = TLRUCache(
            CACHED_TOKENS, ttu=lambda _header, caller, _now: caller.until, timer=clock
        )

    async def caller(self, authorization: str) -> Caller:
        caller = self._callers.get(authorization)
        if caller is None:
            caller = await self._identity.caller(authorization)
            if len(authorization) <= MAX_CACHED_TOKEN:
                self._callers[authorization] = caller
        return caller


@asynccontextmanager
async def open_identity(settings: Settings) -> AsyncIterator[Identity]:
    """Open the identity that the ``AUTH_…`` settings name.

    Raises:
        ConfigurationError: the secret is a public key, or the certificates of the environment
            cannot be read.

    """
    audience, issuer = settings.auth_audience, settings.auth_issuer
    if settings.auth_jwks_url is not None:
        with reading_certificates():
            client = httpx.AsyncClient(timeout=5)
        async with client:
            keys = KeySet(settings.auth_jwks_url, client, lifetime=KEY_SET_LIFETIME)
            yield CachingIdentity(KeySetTokens(keys, audience=audience, issuer=issuer))
    elif settings.auth_jwt_secret is not None:
        if settings.has_short_secret:
            log.warning("AUTH_JWT_SECRET has fewer than 32 bytes: it can be guessed")
        secret = settings.auth_jwt_secret.get_secret_value()
        yield CachingIdentity(SharedSecret(secret, audience=audience, issuer=issuer))
    else:
        log.warning("No AUTH_JWT_SECRET or AUTH_JWKS_URL: everyone is dev@localhost")
        yield Development()


def is_subject(text: str) -> bool:
    """Return whether a token may have ``text`` as its ``sub``."""
    return len(text) <= MAX_SUBJECT and _is_text(text)


def _find(keys: list[dict[str, Any]], key_id: str | None) -> dict[str, Any] | None:
    if key_id is None and len(keys) == 1:
        return keys[0]
    return next((key for key in keys if key_id is not None and key.get("kid") == key_id), None)


def _bearer(authorization: str) -> str:
    scheme, _, token = authorization.partition(" ")
    if scheme.lower() != "bearer" or not token.strip():
        raise _refusal("Send Authorization: Bearer with a token.")
    return token.strip()


def _caller(
    token: str,
    key: Any,
    algorithms: list[str],
    audience: str | None,
    issuer: str | None,
) -> Caller:
    required = ["exp", "sub"] + ["aud"] * bool(audience) + ["iss"] * bool(issuer)
    try:
        claims = jwt.decode(
            token,
            key,
            algorithms=algorithms,
            audience=audience,
            issuer=issuer,
            options={"require": required, "verify_aud": audience is not None},
        )
    except jwt.ExpiredSignatureError as error:
        raise _refusal("The token has expired.") from error
    except jwt.InvalidTokenError as error:
        raise _refusal("The token is not valid here.") from error
    subject, email = claims["sub"], claims.get("email")
    if not is_subject(subject):
        raise _refusal(f"The token's sub must have 1 to {MAX_SUBJECT} characters.")
    known_as = email if isinstance(email, str) and _is_text(email) else subject
    return Caller(subject, known_as, until=int(claims["exp"]))


def _is_text(claim: str) -> bool:
    """Return whether a claim is not empty and UTF-8 can encode it, unlike half a surrogate pair."""
    return bool(claim) and not any("\ud800" <= character <= "\udfff" for character in claim)


def _refusal(detail: str) -> Unauthenticated:
    return Unauthenticated(detail, headers={"WWW-Authenticate": "Bearer"})
