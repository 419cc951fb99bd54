"""Who is calling: a bearer token's word, or in development ``dev@localhost``."""

import logging
import time
from dataclasses import dataclass
from typing import Any, Protocol

import httpx
import jwt

from app.errors import Unauthenticated
from app.settings import Settings

log = logging.getLogger(__name__)

MAX_SUBJECT = 128
"""Characters of ``sub``."""
KEY_SET_LIFETIME = 3600.0
"""Seconds for which a key set is taken as it is."""
KEY_SET_INTERVAL = 10.0
"""Seconds between two fetches at least, however many unknown key ids callers send."""
KEY_SET_ALGORITHMS = ["RS256", "ES256", "EdDSA"]


@dataclass(frozen=True)
class Caller:
    """The user of a request."""

    user: str
    email: str


class Identity(Protocol):
    """Tells who sent an ``Authorization`` header."""

    async def caller(self, authorization: str | None) -> Caller:
        """Raise :class:`Unauthenticated` unless the header proves who is calling."""
        ...


class Development:
    """Everyone is the same developer; the settings allow it on loopback only."""

    async def caller(self, authorization: str | None) -> Caller:  # noqa: ARG002 the protocol's
        return Caller("dev@localhost", "dev@localhost")


class SharedSecret:
    """HS256 tokens, signed with ``AUTH_JWT_SECRET``."""

    def __init__(self, secret: str, *, audience: str | None, issuer: str | None) -> None:
        self._secret = secret
        self._audience = audience
        self._issuer = issuer

    async def caller(self, authorization: str | None) -> Caller:
        token = _bearer(authorization)
        return _caller(token, self._secret, ["HS256"], self._audience, self._issuer)


class KeySet:
    """RS256, ES256 and EdDSA tokens, signed with a key of ``AUTH_JWKS_URL``."""

    def __init__(
        self, url: str, client: httpx.AsyncClient, *, audience: str | None, issuer: str | None
    ) -> None:
        self._url = url
        self._client = client
        self._audience = audience
        self._issuer = issuer
        self._keys: dict[str | None, jwt.PyJWK] = {}
        self._fetched = -KEY_SET_LIFETIME
        self._tried = -KEY_SET_INTERVAL

    async def caller(self, authorization: str | None) -> Caller:
        token = _bearer(authorization)
        try:
            key_id = jwt.get_unverified_header(token).get("kid")
        except jwt.InvalidTokenError as error:
            raise _refusal("The token cannot be read.") from error
        key = await self._key(key_id)
        return _caller(token, key, KEY_SET_ALGORITHMS, self._audience, self._issuer)

    async def _key(self, key_id: str | None) -> jwt.PyJWK:
        now = time.monotonic()
        stale = now - self._fetched >= KEY_SET_LIFETIME or self._find(key_id) is None
        if stale and now - self._tried >= KEY_SET_INTERVAL:
            self._tried = now
            await self._fetch()
        key = self._find(key_id)
        if key is None:
            raise _refusal("The token is signed with an unknown key.")
        return key

    def _find(self, key_id: str | None) -> jwt.PyJWK | None:
        if key_id is None and len(self._keys) == 1:
            return next(iter(self._keys.values()))
        return self._keys.get(key_id)

    async def _fetch(self) -> None:
        try:
            answer = await self._client.get(self._url)
            answer.raise_for_status()
            keys = jwt.PyJWKSet.from_dict(answer.json()).keys
        except (httpx.HTTPError, ValueError, TypeError, jwt.PyJWTError) as error:
            log.warning("The key set of AUTH_JWKS_URL cannot be had: %s", type(error).__name__)
            return
        self._keys = {key.key_id: key for key in keys}
        self._fetched = time.monotonic()


def identity_from(settings: Settings, client: httpx.AsyncClient) -> Identity:
    """Choose by the ``AUTH_…`` settings; ``client`` fetches the key set."""
    audience, issuer = settings.auth_audience, settings.auth_issuer
    if settings.auth_jwks_url is not None:
        return KeySet(settings.auth_jwks_url, client, audience=audience, issuer=issuer)
    if settings.auth_jwt_secret is not None:
        secret = settings.auth_jwt_secret.get_secret_value()
        return SharedSecret(secret, audience=audience, issuer=issuer)
    return Development()


def _bearer(authorization: str | None) -> str:
    scheme, _, token = (authorization or "").partition(" ")
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
    if not 1 <= len(subject) <= MAX_SUBJECT or not _is_text(subject):
        raise _refusal(f"The token's sub must have 1 to {MAX_SUBJECT} characters.")
    return Caller(subject, email if isinstance(email, str) and _is_text(email) else subject)


def _is_text(claim: str) -> bool:
    """Tell a text from nothing at all and from half a surrogate pair, which JSON can carry."""
    return bool(claim) and not any("\ud800" <= character <= "\udfff" for character in claim)


def _refusal(detail: str) -> Unauthenticated:
    return Unauthenticated(detail, headers={"WWW-Authenticate": "Bearer"})
