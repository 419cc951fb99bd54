"""Identifies the caller: the user of a bearer token, or in development ``dev@localhost``."""

import logging
import time
from collections.abc import AsyncIterator, Callable
from contextlib import aclosing, asynccontextmanager, suppress
from dataclasses import replace
from typing import Any, Protocol

import httpx
import jwt

from app.api.tokens import Caller, TokenCheck, bearer, refusal
from app.caching.key_set import Keys, KeySet
from app.errors import ConfigurationError, KeySetUnavailable
from app.problems import IdentityUnavailable
from app.server.certificates import reading_certificates
from app.server.tasks import supervised
from app.settings import Settings

log = logging.getLogger(__name__)

KEY_SET_LIFETIME = 3600.0
"""Seconds until a key set is fetched again."""
CACHED_TOKENS = 4096
"""Verified tokens that are kept."""
MAX_CACHED_TOKEN = 2048
"""Characters of a header that is kept: with their callers, all of them take 18 MiB at most."""
KEY_SET_ALGORITHMS = ["RS256", "ES256", "EdDSA"]


class Verifier(Protocol):
    """Verifies ``Authorization`` headers."""

    async def caller(self, authorization: str) -> Caller:
        """Return who sent the header.

        Raises:
            Unauthenticated: the header does not prove who sent it.
            IdentityUnavailable: the keys that would tell cannot be fetched.

        """
        ...

    async def check(self) -> None:
        """Return if tokens can be verified; raises IdentityUnavailable if not."""
        ...


class Identity(Verifier, Protocol):
    """A verifier that remembers whom it has verified."""

    def known(self, authorization: str) -> Caller | None:
        """Return the caller without verifying the header; None if that has to be done."""
        ...


class Development:
    """Every request comes from the same developer; the settings allow this on loopback only."""

    def known(self, authorization: str) -> Caller:  # noqa: ARG002 required by the protocol
        return Caller("dev@localhost", "dev@localhost")

    async def caller(self, authorization: str) -> Caller:
        return self.known(authorization)

    async def check(self) -> None:
        """There is nothing to check."""


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
        self._check = TokenCheck(["HS256"], audience=audience, issuer=issuer)

    async def caller(self, authorization: str) -> Caller:
        return self._check.caller(bearer(authorization), self._secret)

    async def check(self) -> None:
        """There is nothing to check."""


class KeySetTokens:
    """RS256, ES256 and EdDSA tokens, signed with a key of ``AUTH_JWKS_URL``."""

    def __init__(self, keys: KeySet, *, audience: str | None, issuer: str | None) -> None:
        self._keys = keys
        self._check = TokenCheck(KEY_SET_ALGORITHMS, audience=audience, issuer=issuer)

    async def caller(self, authorization: str) -> Caller:
        token = bearer(authorization)
        key = await self._key(self._check.key_id(token))
        caller = self._check.caller(token, key)
        return replace(caller, until=min(caller.until, time.time() + self._keys.seconds_left))

    async def check(self) -> None:
        try:
            await self._keys.keys()
        except KeySetUnavailable as error:
            raise IdentityUnavailable from error

    async def _key(self, key_id: str | None) -> jwt.PyJWK:
        try:
            found = _find(await self._keys.keys(), key_id)
            if found is None:  # the provider may have added it
                found = _find(await self._keys.newest_keys(), key_id)
        except KeySetUnavailable as error:
            raise IdentityUnavailable from error
        if found is None:
            raise refusal("The token is signed with an unknown key.")
        try:
            return jwt.PyJWK(found)
        except Exception as error:  # PyJWT raises others too, and the provider shapes its keys
            raise refusal("The token is signed with a key that cannot be used.") from error


class CachingIdentity:
    """Verifies a header once and keeps the caller until ``Caller.until``."""

    def __init__(self, verifier: Verifier, *, clock: Callable[[], float] = time.time) -> None:
        self._verifier = verifier
        self._clock = clock
        self._callers: dict[str, Caller] = {}  # every poll looks here: cachetools is slower

    def known(self, authorization: str) -> Caller | None:
        caller = self._callers.get(authorization)
        return caller if caller is not None and self._clock() < caller.until else None

    async def caller(self, authorization: str) -> Caller:
        caller = self.known(authorization)
        if caller is None:
            self._callers.pop(authorization, None)
            caller = await self._verifier.caller(authorization)
            if len(authorization) <= MAX_CACHED_TOKEN:
                self._keep(authorization, caller)
        return caller

    async def check(self) -> None:
        await self._verifier.check()

    def _keep(self, authorization: str, caller: Caller) -> None:
        """Keep the caller; of too many, the one that was verified first is forgotten."""
        if len(self._callers) >= CACHED_TOKENS:
            del self._callers[next(iter(self._callers))]
        self._callers[authorization] = caller


@asynccontextmanager
async def open_identity(settings: Settings) -> AsyncIterator[Identity]:
    """Open the identity that the ``AUTH_…`` settings name.

    Raises:
        ConfigurationError: the secret is a public key, or the certificates of the environment
            cannot be read.

    """
    audience, issuer = settings.auth_audience, settings.auth_issuer
    if settings.auth_jwks_url is not None:
        async with _fetched_keys(settings.auth_jwks_url) as keys:
            yield CachingIdentity(KeySetTokens(keys, audience=audience, issuer=issuer))
    elif settings.auth_jwt_secret is not None:
        if settings.has_short_secret:
            log.warning("AUTH_JWT_SECRET has fewer than 32 bytes: it can be guessed")
        secret = settings.auth_jwt_secret.get_secret_value()
        yield CachingIdentity(SharedSecret(secret, audience=audience, issuer=issuer))
    else:
        log.warning("No AUTH_JWT_SECRET or AUTH_JWKS_URL: everyone is dev@localhost")
        yield Development()


@asynccontextmanager
async def _fetched_keys(url: str) -> AsyncIterator[KeySet]:
    with reading_certificates():
        client = httpx.AsyncClient()
    async with (
        client,
        aclosing(KeySet(url, client, lifetime=KEY_SET_LIFETIME)) as keys,
        supervised("refresh the identity provider's keys", keys.refresh),
    ):
        with suppress(KeySetUnavailable):  # the first requests find the keys of a quick provider
            await keys.keys()
        yield keys


def _find(keys: Keys, key_id: str | None) -> dict[str, Any] | None:
    """Return the key that has this id, or the only key, of those for signatures."""
    keys = [key for key in keys if key.get("use", "sig") == "sig"]
    if key_id is None and len(keys) == 1:
        return keys[0]
    return next((key for key in keys if key_id is not None and key.get("kid") == key_id), None)
